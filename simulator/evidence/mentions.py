"""Who and what is spoken of in a run with a world: names in NPCs' texts, quests and conversations, and if they exist.

The guard finds names that do not exist while a turn can still be drawn again (``unknown_name``); this is the record of
what stands in the products in the end, NPCs' own texts and given lines included.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from pydantic import Field

from simulator.models.base import Record
from simulator.models.conversation import Conversation
from simulator.models.npc import Npc
from simulator.models.tool import Tool
from simulator.models.world import World
from simulator.population.names.known_names import Known, known_of, npc_texts
from simulator.population.names.mentions import mentions
from simulator.runs.ledger import Ledger

__all__ = ["MentionReport", "Spoken", "build_mentions", "mention_lines", "spoken_of"]

_SHOWN = 20  # names that the report lists


class Spoken(Record):
    """One name in one place.

    Attributes:
        where: The id of the NPC, tool or conversation.
        place: The NPC's or tool's field, or the number of the turn, from 1.
        name: As it stands there.
        kind: ``name`` (of people, places, factions, things), ``tool`` as it is spelt, or ``call`` of one.
        known: Whether it exists in the world or the run.
    """

    where: str
    place: str
    name: str
    kind: str
    known: bool


class MentionReport(Record):
    """What is spoken of.

    Attributes:
        mentions: Names that stand anywhere, each place counted.
        known: How many of them exist.
        unknown: Those that do not, by name.
    """

    mentions: int = Field(ge=0)
    known: int = Field(ge=0)
    unknown: dict[str, int]


def build_mentions(ledger: Ledger) -> tuple[MentionReport | None, list[Spoken]]:
    """Return what is spoken of in a run, and every mention; ``None`` when it has no NPCs."""
    worlds = [World.model_validate(body) for _, body in ledger.inputs("world")]
    npcs = [Npc.model_validate(body) for body in ledger.products("npc")]
    if not worlds or not npcs:
        return None, []
    tools = [Tool.model_validate(body) for body in ledger.products("tool")]
    people = dict(ledger.rows("SELECT id, text FROM personas"))
    talks = [(talk, people.get(talk.persona, "")) for talk in _talks(ledger) if talk.npc is not None]
    found = list(spoken_of(worlds[0], npcs, tools, talks))
    missing = Counter(one.name for one in found if not one.known)
    known = sum(one.known for one in found)
    return MentionReport(mentions=len(found), known=known, unknown=dict(missing.most_common())), found


def _talks(ledger: Ledger) -> Iterator[Conversation]:
    yield from (Conversation.model_validate(body) for body in ledger.products("conversation"))


def spoken_of(
    world: World, npcs: Sequence[Npc], tools: Sequence[Tool], talks: Iterable[tuple[Conversation, str]]
) -> Iterator[Spoken]:
    """Yield every name that is spoken of.

    Args:
        world: What there is.
        npcs: All of the run.
        tools: All of the run; their words are looked at where an NPC is offered them.
        talks: Conversations with NPCs, each with the text of the persona, who may name what it brings along.
    """
    known = known_of(world, npcs, [tool.name for tool in tools])
    for npc in npcs:
        for field, text in npc_texts(npc):
            yield from _spoken(npc.id, field, text, known)
    offered = set[str]()
    for talk, persona in talks:
        offered.update(talk.offered)
        yield from _in_talk(talk, known.also((persona,)))
    for tool in tools:
        if tool.name in offered:
            yield from _spoken(tool.id, "description", f"{tool.description} {tool.returns}", known)


def _in_talk(talk: Conversation, known: Known) -> Iterator[Spoken]:
    for number, turn in enumerate(talk.turns, 1):
        known = known.also(step.content for step in turn.steps if step.role == "tool")  # what a tool answered is there
        yield from _spoken(talk.id, str(number), turn.content, known)
        if turn.role == "user":
            known = known.also((turn.content,))  # what the visitor named may be answered
        for call in (call for step in turn.steps for call in step.calls):
            yield Spoken(where=talk.id, place=str(number), name=call.name, kind="call", known=known.has_tool(call.name))


def _spoken(where: str, place: str, text: str, known: Known) -> Iterator[Spoken]:
    for one in mentions(text, known):
        yield Spoken(where=where, place=place, name=one.name, kind=one.kind, known=one.known)


def mention_lines(report: MentionReport) -> Iterator[str]:
    """Yield the report as lines of Markdown."""
    missing = report.mentions - report.known
    yield (
        f"People, places, factions, things and tools are named {report.mentions:,} times in NPCs' texts and in "
        f"conversations with them; {report.known:,} of these names exist in the world or the run, {missing:,} do not."
    )
    if report.unknown:
        yield ""
        named = list(report.unknown.items())
        yield "What does not exist: " + ", ".join(f"{name} {count:,}" for name, count in named[:_SHOWN]) + "."
