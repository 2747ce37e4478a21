"""The sections of ``sixhop report``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from simulator.assembly.digest import Digest
from simulator.cli.screen.console import one_line, words
from simulator.cli.screen.layout import Barred, facts, heading, table
from simulator.cli.screen.money import dollars, number_of, paid
from simulator.cli.screen.outcomes import blameless, causes, rate_text
from simulator.cli.screen.summary import counted, population_table, stage_title, stages_table
from simulator.evidence.people import told as described
from simulator.evidence.report import Report
from simulator.evidence.variety import variety_told

if TYPE_CHECKING:
    from simulator.assembly import Run

__all__ = ["sections", "varieties"]

_EDGE = "    "
_LETTERS = 200  # of an example: it has to be recognised, "show" has the rest


def sections(run: Run, numbers: Digest, examples: int) -> Iterator[tuple[Text, RenderableType]]:
    """Yield each section's title and body; sections without content are left out.

    Args:
        run: The run.
        numbers: Its digest.
        examples: Most examples for each reason of rejection.
    """
    yield heading(run.scenario.name), facts(_state(run, numbers))
    if numbers.hops:
        yield heading("People by hop"), population_table(numbers)
    likeness = _likeness(run)
    if likeness:
        yield heading("How different they are"), facts(likeness)
    if test := _test(run):
        yield heading("Test"), Group(*test)
    if talks := _talks(run):
        yield heading("Conversations"), facts(talks)
    if people := _people(run):
        yield heading("How they are described"), facts(people)
    if tools := _tools(run):
        yield heading("Tools"), facts(tools)
    if numbers.stages:
        yield heading("Stages"), stages_table(numbers)
    rejected = list(_rejections(run, examples))
    if rejected:
        yield heading("Rejected, for example"), Group(*rejected)
    if any(stage.drafts for stage in numbers.stages):
        yield heading("Replies that checks turned down"), _drafts(numbers)
    failures = list(_failures(run, examples))
    if failures:
        yield heading("Failed, for example"), Group(*failures)
    if numbers.usage:
        yield heading("Usage"), _usage(numbers)


def _state(run: Run, numbers: Digest) -> list[tuple[str, str]]:
    manifest = run.manifest
    state = str(manifest.get("state", "unfinished"))
    reason = str(manifest.get("reason", ""))
    holder = run.directory.holder()
    if holder:
        state, reason = f"running (process {holder})", ""
    return [
        ("state", f"{state}: {reason}" if reason else state),
        ("people", f"{number_of(numbers.personas, 'persona')}, {number_of(numbers.relations, 'relation')}"),
        ("products", ", ".join(counted(count, kind) for kind, count in numbers.products.items())),
        (
            "paid",
            ", ".join(
                filter(None, (f"{numbers.calls:,} calls, {numbers.tokens:,} tokens", paid(numbers, numbers.calls)))
            ),
        ),
        ("bad rows", f"{numbers.input_failures:,} of the inputs" if numbers.input_failures else ""),
        ("directory", str(run.directory.root)),
    ]


def _written(run: Run) -> Report | None:
    """Return the report that the run wrote at its end: counting it anew needs the embedder."""
    path = run.directory.report / "report.json"
    try:
        return Report.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):  # not written yet, or by another version
        return None


def varieties(run: Run) -> dict[str, Any]:
    """Return how different people, instructions and users' turns are, as the run's report has it; empty without one."""
    made = _written(run)
    wanted = {"diversity", "instruction_variety", "turn_variety"}
    return {} if made is None else made.model_dump(mode="json", include=wanted)


def _test(run: Run) -> list[RenderableType]:
    made = _written(run)
    if made is None or made.test is None:
        return []
    found = made.test
    rates = [("passed", rate_text(found.overall)), ("assistant", found.assistant)]
    rates += [(name, rate_text(rate)) for name, rate in found.situations.items() if name]
    if not found.causes:
        return [facts(rates)]
    blamed = [words(f"  {said}", "dim")] if (said := blameless(found)) else []
    return [facts(rates), Text(), words("did not pass, by cause", "dim"), *causes(found.causes), *blamed]


def _talks(run: Run) -> list[tuple[str, str]]:
    made = _written(run)
    if made is None or made.talks is None:
        return []
    found, near = made.talks, made.talks.adherence
    told = [
        ("held", f"{found.conversations:,} with {found.turns:,} turns"),
        *((name, _counted(counts)) for name, counts in (("ended", found.stops), ("goals", found.goals)) if counts),
        *((row.name, f"kept in {row.kept:,} of {row.given:,} by {row.by}") for row in found.behaviours),
    ]
    if near is not None:
        told.append(
            (
                "own persona",
                f"cosine {near.own:.2f}, to another {near.other:.2f}; {near.nearer:.0%} nearer to their own",
            )
        )
    return [*told, *([("labels", _counted(found.labels))] if found.labels else [])]


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items())


def _tools(run: Run) -> list[tuple[str, str]]:
    made = _written(run)
    if made is None or made.tools is None:
        return []
    found, cover = made.tools, made.tools.coverage
    wanted = ", ".join(f"{name} {count}" for name, count in list(found.wanted.items())[:3])
    return [
        ("set", f"{found.tools:,} tools in {found.toolsets:,} toolsets, asked for {found.asked:,} times"),
        ("most wanted", wanted),
        (
            "coverage",
            f"{cover.served:,} of {cover.instructions:,} instructions have a tool near to them" if cover else "",
        ),
        ("by rule", ", ".join(f"{name} {count:,}" for name, count in found.by_rule.items())),
    ]


def _people(run: Run) -> list[tuple[str, str]]:
    made = _written(run)
    return [] if made is None or made.people is None else described(made.people)


def _likeness(run: Run) -> list[tuple[str, str]]:
    made = _written(run)
    if made is None:
        return []
    told = (
        []
        if made.grounding is None
        else [("grounding", f"{made.grounding:.0%} of the extracted fit their own text best")]
    )
    if made.diversity is not None:
        d = made.diversity
        told.append(("likeness", f"{d.mean_pair:.2f} on average (cosine of two people), {d.max_pair:.2f} at most"))
        told.append(("nearest", f"{d.mean_nearest:.2f} on average (cosine with the most similar other one)"))
    for name, found in (("instructions", made.instruction_variety), ("users' turns", made.turn_variety)):
        if found is not None:
            told.append((name, variety_told(found)))
    return told


def _rejections(run: Run, examples: int) -> Iterator[RenderableType]:
    shown = dict[tuple[str, str], int]()
    rows = run.ledger.rows(
        "SELECT subject, COALESCE(stage, 'rejected'), score, text, reason, survivor"
        " FROM decisions WHERE NOT admitted ORDER BY seq"
    )
    for subject, stage, score, text, reason, survivor in rows:
        shown[subject, stage] = shown.get((subject, stage), 0) + 1
        if shown[subject, stage] <= examples:
            like = f"{subject}, {stage}" + ("" if score is None else f" {score:.2f}")
            near = _survivor(run, survivor)
            why = f"too near to: {one_line(near, _LETTERS)}" if near else one_line(reason, _LETTERS)
            head = words(f"  {like}", "yellow")
            yield Group(head, Barred(one_line(text, _LETTERS), "", edge=_EDGE), Barred(why, "", edge=_EDGE, body="dim"))


def _survivor(run: Run, id: str | None) -> str:
    found = run.ledger.rows("SELECT text FROM decisions WHERE candidate = ? AND admitted LIMIT 1", (id or "",))
    return next((str(text) for (text,) in found), "")


def _drafts(numbers: Digest) -> Table:
    made = table("stage", "replies>", "by check*")
    for stage in numbers.stages:
        if stage.drafts:
            told = ", ".join(f"{flaw} {count}" for flaw, count in stage.drafts.items())
            made.add_row(stage_title(stage.stage), f"{sum(stage.drafts.values()):,}", words(told))
    return made


def _failures(run: Run, examples: int) -> Iterator[RenderableType]:
    shown = dict[tuple[str, str], int]()
    for one in run.ledger.failures():
        reason = (one.stage, one.cause)
        if shown.get(reason, 0) < examples:
            shown[reason] = shown.get(reason, 0) + 1
            yield words(f"  {stage_title(one.stage)}, {one.cause}", "red")
            yield Barred(one_line(one.message, _LETTERS), "", edge=_EDGE)


def _cost(row: Mapping[str, Any]) -> str:
    if not row["unpriced"]:
        return dollars(row["known_usd"])
    return f"{dollars(row['known_usd'])} + ?" if row["known_usd"] else "?"


def _usage(numbers: Digest) -> Table:
    """Return one row for each stage, role and model; money only where some was spent, or may have been."""
    costs = bool(numbers.usd or numbers.unpriced)
    made = table("stage", "role", "calls>", "prompt>", "cached>", "answer>", *(["cost>"] if costs else []), "model*")
    for row in numbers.usage:
        made.add_row(
            stage_title(row["stage"]),
            words(row["role"]),
            *(f"{row[name]:,}" for name in ("calls", "prompt_tokens", "cached_tokens", "completion_tokens")),
            *([_cost(row)] if costs else []),
            words(row["model"], "dim"),
        )
    return made
