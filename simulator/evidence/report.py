"""The report of a run: counts that add up, what was rejected and why, how diverse the population is."""

from __future__ import annotations

from collections import Counter
from typing import Any

from pydantic import Field

from simulator.embeddings.protocol import Embedder
from simulator.evidence.adherence import TalkReport, build_talk_report, talk_lines
from simulator.evidence.diversity import Diversity, diversity, grounding
from simulator.evidence.mending import MendRow, mending, mending_lines
from simulator.evidence.mentions import MentionReport, mention_lines
from simulator.evidence.npc_cast import cast_flaws
from simulator.evidence.outcomes import TestSummary, outcome_lines, summarise
from simulator.evidence.people import Descriptions, descriptions, filtered_by, told
from simulator.evidence.tool_report import ToolReport, tool_lines
from simulator.evidence.variety import Variety, instruction_variety, turn_variety, variety_told
from simulator.evidence.yields import Expansion, expansion
from simulator.models.base import Record
from simulator.models.npc import Npc
from simulator.models.persona import Persona
from simulator.models.world import World
from simulator.population.quality.presence import presence
from simulator.runs.ledger import Ledger

__all__ = ["HopRow", "Report", "StageRow", "build_report", "to_markdown"]


class StageRow(Record):
    """One stage: ``done + failed = units``; ``drawn_again`` counts replies that a check turned down on the way."""

    stage: str
    units: int
    done: int
    failed: int
    drawn_again: int


class HopRow(Record):
    """One hop of the population; ``asked`` is the units that led there, ``admitted`` what became of them."""

    hop: int
    asked: int
    admitted: int


class Report(Record):
    """What a run says of itself.

    Attributes:
        stages: In the order of running.
        hops: From 0 up.
        relations: Edges by kind.
        expansion: What the questions for relations brought, and why expansion ended early.
        presence: Personas by group of people whom texts seldom speak of.
        decisions: Admitted and rejected by subject and stage.
        failures: Failed units and bad rows by role and cause.
        flaws: Replies that the checks turned down, by role and check.
        products: How many of each kind.
        calls: Replies in the ledger.
        tokens: Prompt and completion tokens of these replies.
        usd: What they cost in US dollars, as far as prices were known.
        unpriced: Replies whose price was not known.
        cast_flaws: What does not hold in the cast of NPCs, by kind (an acquaintance whose NPC failed, a quest to it).
        mending: What the checks of NPCs and tools turned down, and how often that was mended.
        mentions: Who and what NPCs and their visitors speak of, and what of it does not exist; ``None`` without NPCs.
        diversity: Of the population.
        instruction_variety: How different the instructions are; ``None`` when there are none.
        turn_variety: The same of the users' turns in conversations.
        people: How finely they are described, and with which flaws.
        grounding: Share of T2P personas whose nearest text is their own, 0 to 1.
        tools: The set of tools; ``None`` when there is none.
        talks: The conversations, and whether the personas mattered; ``None`` when there are none.
        test: What the test of an assistant came to; ``None`` when none was tested.
    """

    stages: tuple[StageRow, ...]
    hops: tuple[HopRow, ...]
    relations: dict[str, int]
    expansion: Expansion = Expansion()
    presence: dict[str, int] = Field(default_factory=dict)
    decisions: dict[str, dict[str, int]]
    failures: dict[str, int]
    flaws: dict[str, dict[str, int]]
    products: dict[str, int]
    calls: int
    tokens: int
    usd: float = 0.0
    unpriced: int = 0
    cast_flaws: dict[str, int] = Field(default_factory=dict)
    mentions: MentionReport | None = None
    mending: tuple[MendRow, ...] = ()
    diversity: Diversity | None = None
    instruction_variety: Variety | None = None
    turn_variety: Variety | None = None
    people: Descriptions | None = None
    grounding: float | None = None
    tools: ToolReport | None = None
    talks: TalkReport | None = None
    test: TestSummary | None = None


async def build_report(
    ledger: Ledger,
    embedder: Embedder,
    tools: ToolReport | None = None,
    language: str = "en",
    mentioned: MentionReport | None = None,
    seed: int = 0,
) -> Report:
    """Return the report of the run that ``ledger`` records, with what was said of its tools and of names.

    Args:
        ledger: The run.
        embedder: For diversity and grounding.
        tools: What was said of its tools.
        language: What personas should be written in.
        mentioned: What was said of the names in it.
        seed: Draws the texts that are compared where there are many.

    Raises:
        EndpointError: A remote embedder failed.
    """
    personas = list(ledger.personas())
    vectors = await embedder.embed([persona.text for persona in personas]) if personas else None
    stages, flaws = _stages(ledger)
    return Report(
        stages=stages,
        hops=_hops(ledger, personas),
        relations=dict(ledger.rows("SELECT kind, COUNT(*) FROM relations GROUP BY kind ORDER BY COUNT(*) DESC, kind")),
        expansion=expansion(ledger),
        presence=presence(persona.text for persona in personas),
        decisions=_decisions(ledger),
        failures=dict(Counter(f"{failure.role}: {failure.cause}" for failure in ledger.failures()).most_common()),
        flaws=flaws,
        products=dict(ledger.rows("SELECT kind, COUNT(*) FROM products GROUP BY kind ORDER BY kind")),
        **_paid(ledger),
        cast_flaws=_cast_flaws(ledger),
        mentions=mentioned,
        mending=mending(ledger),
        diversity=diversity(vectors) if vectors is not None else None,
        instruction_variety=await instruction_variety(ledger, embedder, seed),
        turn_variety=await turn_variety(ledger, embedder, seed),
        people=descriptions([persona.text for persona in personas], language, filtered_by(ledger)),
        grounding=await _grounding(ledger, embedder, personas),
        tools=tools,
        talks=await build_talk_report(ledger, embedder),
        test=summarise(ledger) if next(ledger.products("outcome"), None) else None,
    )


def _paid(ledger: Ledger) -> dict[str, Any]:
    sql = "SELECT COUNT(*), TOTAL(prompt_tokens + completion_tokens), TOTAL(usd), COUNT(*) - COUNT(usd) FROM replies"
    calls, tokens, usd, unpriced = next(ledger.rows(sql))
    return {"calls": calls, "tokens": int(tokens), "usd": usd, "unpriced": unpriced}


def _stages(ledger: Ledger) -> tuple[tuple[StageRow, ...], dict[str, dict[str, int]]]:
    order = [row[0] for row in ledger.rows("SELECT stage FROM units GROUP BY stage ORDER BY MIN(seq)")]
    rows, flaws = [], dict[str, Counter[str]]()
    for stage in order:
        units = failed = again = 0
        for unit, result in ledger.results(stage):
            units, again = units + 1, again + len(result.rejected)
            failed += result.failure is not None
            flaws.setdefault(unit.role, Counter()).update(attempt.flaw for attempt in result.rejected)
        rows.append(StageRow(stage=stage, units=units, done=units - failed, failed=failed, drawn_again=again))
    return tuple(rows), {role: dict(counted.most_common()) for role, counted in flaws.items() if counted}


def _hops(ledger: Ledger, personas: list[Persona]) -> tuple[HopRow, ...]:
    admitted = Counter(persona.hop for persona in personas)
    asked: Counter[int] = Counter()
    for stage, count in ledger.rows("SELECT stage, COUNT(*) FROM units GROUP BY stage"):
        if stage in ("import", "extract"):
            asked[0] += count
        elif stage.startswith("expand-"):
            asked[int(stage.removeprefix("expand-"))] = count
    return tuple(HopRow(hop=hop, asked=asked[hop], admitted=admitted[hop]) for hop in sorted({*asked, *admitted}))


def _decisions(ledger: Ledger) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    sql = "SELECT subject, COALESCE(stage, 'admitted'), COUNT(*) FROM decisions GROUP BY 1, 2 ORDER BY MIN(seq)"
    for subject, outcome, count in ledger.rows(sql):
        found.setdefault(subject, {})[outcome] = count
    return found


def _cast_flaws(ledger: Ledger) -> dict[str, int]:
    worlds = [World.model_validate(body) for _, body in ledger.inputs("world")]
    npcs = [Npc.model_validate(body) for body in ledger.products("npc")]
    flaws = cast_flaws(npcs, worlds[0]) if worlds else []
    return dict(Counter(flaw.kind for flaw in flaws).most_common())


async def _grounding(ledger: Ledger, embedder: Embedder, personas: list[Persona]) -> float | None:
    texts: dict[str, Any] = dict(ledger.inputs("text"))
    places = {id_: place for place, id_ in enumerate(texts)}
    extracted = [persona for persona in personas if persona.source in places]
    if not extracted or len(texts) < 2:
        return None
    text_vectors = await embedder.embed([body["text"] for body in texts.values()])
    vectors = await embedder.embed([persona.text for persona in extracted])
    return grounding(vectors, text_vectors, [places[persona.source] for persona in extracted])


def to_markdown(report: Report, name: str) -> str:
    """Return the report as a Markdown page."""
    lines = [f"# {name}", "", "| stage | units | done | failed | drawn again |", "|---|---:|---:|---:|---:|"]
    lines += [f"| {row.stage} | {row.units} | {row.done} | {row.failed} | {row.drawn_again} |" for row in report.stages]
    lines += ["", "## Population", "", "| hop | asked | admitted |", "|---:|---:|---:|"]
    lines += [f"| {row.hop} | {row.asked} | {row.admitted} |" for row in report.hops]
    lines += ["", *_sentences(report), *_expansion(report.expansion)]
    for title, counted in (
        ("Relations by kind", report.relations),
        ("People whom texts seldom speak of", report.presence),
        ("Products", report.products),
        ("Failures", report.failures),
        ("What does not hold in the cast of NPCs", report.cast_flaws),
    ):
        lines += ["", f"## {title}", "", *([f"- {key}: {count}" for key, count in counted.items()] or ["none"])]
    if report.test is not None:
        lines += ["", "## Test", "", *outcome_lines(report.test)]
    if report.talks is not None:
        lines += ["", "## Conversations", "", *talk_lines(report.talks)]
    if report.mending:
        lines += ["", "## Checks of NPCs and tools", "", *mending_lines(report.mending)]
    if report.mentions is not None:
        lines += ["", "## Names", "", *mention_lines(report.mentions)]
    if report.tools is not None:
        lines += ["", "## Tools", "", *tool_lines(report.tools)]
    for title, groups in (("Admission", report.decisions), ("Drawn again, by check", report.flaws)):
        lines += ["", f"## {title}", ""]
        for group, counted in groups.items():
            # A talk is a unit of the user's, and both sides' turns are in it.
            name = "both sides of conversations" if title == "Drawn again, by check" and group == "user" else group
            lines.append(f"- {name}: " + ", ".join(f"{key} {count}" for key, count in counted.items()))
    return "\n".join(lines) + "\n"


def _expansion(found: Expansion) -> list[str]:
    if not found.rows:
        return []
    lines = ["", "## Expansion", "", "| questions of | asked | new | known | rejected | failed | new per question |"]
    lines += ["|---|---:|---:|---:|---:|---:|---:|"]
    for row in (*found.by_hop, *found.by_kind):
        name = f"hop {row.hop}" if row.kind is None else row.kind
        lines.append(
            f"| {name} | {row.asked} | {row.new} | {row.known} | {row.other} | {row.failed} | {row.share:.0%} |"
        )
    lines += ["", f"The questions took {found.calls:,} replies."]
    return [*lines, f"It ended early: {found.ended}."] if found.ended else lines


def _sentences(report: Report) -> list[str]:
    cost = f" They cost ${report.usd:,.4f}." if report.usd else ""
    unknown = f" The price of {report.unpriced:,} replies is not known." if report.unpriced else ""
    lines = [f"{report.calls:,} replies and {report.tokens:,} tokens were paid for.{cost}{unknown}"]
    if report.diversity is not None:
        d = report.diversity
        lines.append(
            f"Similarity within the population (cosine): mean of all pairs {d.mean_pair:.2f}, mean of nearest "
            f"neighbours {d.mean_nearest:.2f}, most similar pair {d.max_pair:.2f}."
        )
    for name, found in (("instructions", report.instruction_variety), ("users' turns", report.turn_variety)):
        if found is not None:
            lines.append(f"Variety of the {name}: {variety_told(found)}.")
    if report.people is not None:
        lines += [f"{name.capitalize()}: {text}." for name, text in told(report.people)]
    if report.grounding is not None:
        lines.append(f"Grounding@1: the nearest text is a persona's own for {report.grounding:.0%} of T2P personas.")
    return lines
