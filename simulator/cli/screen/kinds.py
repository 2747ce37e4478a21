"""The kinds of record that ``sixhop show`` knows: how each is loaded, listed and shown by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from rich.console import RenderableType

from simulator.cli.screen import cards, outcomes, people, talk, work
from simulator.errors import InputError, UsageError
from simulator.models.conversation import Conversation
from simulator.models.outcome import Outcome
from simulator.models.persona import Persona
from simulator.models.tool import Toolset

if TYPE_CHECKING:
    from simulator.assembly import Run

__all__ = ["KINDS", "Kind", "choose", "is_place", "kind_of", "texts_by_id"]

_DIGITS = 7  # of a place in a list: a million records

People = Mapping[str, str]


@dataclass(frozen=True)
class Kind:
    """One kind of record.

    Attributes:
        name: The plural, as the user types it; the singular is understood too.
        load: Yields the run's records of this kind, in order; a table of forty reads no more than forty.
        listed: Returns a table of several.
        single: Returns one by itself.
        key: Returns a record's id.
    """

    name: str
    load: Callable[[Run], Iterable[Any]]
    listed: Callable[[Iterable[Any], People], RenderableType]
    single: Callable[[Any, People, Run], RenderableType]
    key: Callable[[Any], str] = lambda record: str(record.id)


def _plainly(view: Callable[[Any, People], RenderableType]) -> Callable[[Any, People, Run], RenderableType]:
    return lambda record, names, run: view(record, names)


def _persona(persona: Persona, names: People, run: Run) -> RenderableType:
    return people.persona_card(persona, names, list(run.ledger.relations(of=persona.id)))


def _conversation(conversation: Conversation, names: People, run: Run) -> RenderableType:
    sql = "SELECT body FROM products WHERE kind = 'outcome' AND json_extract(body, '$.conversation') = ?"
    found = next(run.ledger.rows(sql, (conversation.id,)), None)
    if conversation.npc is not None:
        npcs = (npc for npc in run.npcs if npc.id == conversation.npc)
        names = {**names, **{npc.id: f"{npc.name}, {npc.occupation}, at {npc.place}" for npc in npcs}}
    return talk.chat(conversation, names, Outcome.model_validate_json(found[0]) if found else None)


def _cast(run: Run) -> list[Persona]:
    known = {persona.id: persona for persona in run.personas}
    return [known[id_] for id_ in run.cast]


def _toolsets(run: Run) -> list[Toolset]:
    return [Toolset.model_validate(body) for body in run.ledger.meta("toolsets", [])]


def _toolset(group: Toolset, names: People, run: Run) -> RenderableType:
    ids = set(group.tools)
    return cards.tools_table((tool for tool in run.tools if tool.id in ids), names)


def _units(run: Run) -> Iterator[work.EndedUnit]:
    for (stage,) in list(run.ledger.rows("SELECT stage FROM units GROUP BY stage ORDER BY MIN(seq)")):
        for unit, result in run.ledger.results(stage):
            yield work.EndedUnit(id=unit.id, unit=unit, result=result)


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("personas", lambda run: run.ledger.personas(), people.people_table, _persona),
        Kind(
            "relations",
            lambda run: run.ledger.relations(),
            people.relations_table,
            _plainly(people.relation_card),
            key=lambda relation: f"{relation.source} {relation.target}",
        ),
        Kind(
            "decisions",
            lambda run: run.ledger.decisions(),
            people.decisions_table,
            _plainly(people.decision_card),
            key=lambda decision: str(decision.candidate),
        ),
        Kind("cast", _cast, people.people_table, _persona),
        Kind("instructions", lambda run: run.instructions, cards.instructions_table, _plainly(cards.instruction_card)),
        Kind("conversations", lambda run: run.conversations, talk.conversations_table, _conversation),
        Kind("npcs", lambda run: run.npcs, cards.npcs_table, _plainly(cards.npc_card)),
        Kind("tools", lambda run: run.tools, cards.tools_table, _plainly(cards.tool_card)),
        Kind("toolsets", _toolsets, cards.toolsets_table, _toolset, key=lambda group: str(group.name)),
        Kind("problems", lambda run: run.problems, cards.problems_table, _plainly(cards.problem_card)),
        Kind("solutions", lambda run: run.solutions, cards.solutions_table, _plainly(cards.solution_card)),
        Kind("texts", lambda run: run.texts, cards.texts_table, _plainly(cards.text_card)),
        Kind(
            "outcomes",
            lambda run: run.outcomes,
            outcomes.outcomes_table,
            _plainly(outcomes.outcome_card),
            key=lambda outcome: str(outcome.conversation),
        ),
        Kind(
            "failures",
            lambda run: run.ledger.failures(),
            work.failures_table,
            _plainly(work.failure_card),
            key=lambda failure: str(failure.unit),
        ),
        Kind("units", _units, work.units_table, _plainly(work.unit_card)),
    )
}


def kind_of(name: str) -> Kind:
    """Return the kind called ``name``, in the plural or the singular.

    Raises:
        UsageError: There is none.
    """
    wanted = name.lower()
    for kind in KINDS.values():
        if wanted in (kind.name, kind.name.removesuffix("s")):
            return kind
    raise UsageError(f"{name!r} is not a kind of record; allowed: {', '.join(KINDS)}")


def is_place(key: str) -> bool:
    """Return whether ``key`` is a place in a list, from 1: ids begin with a letter."""
    return key.isascii() and key.isdigit() and len(key) <= _DIGITS and int(key) > 0


def choose(kind: Kind, run: Run, key: str) -> Any:
    """Return the one record that ``key`` names: an id or its beginning, a name or a part of it, or a place in the list.

    Raises:
        InputError: None or several fit.
    """
    if is_place(key):
        there = next(islice(kind.load(run), int(key) - 1, None), None)
        if there is not None:
            return there
    records = list(kind.load(run))
    exact = [one for one in records if key in (kind.key(one), getattr(one, "name", None))]
    begun = [one for one in records if kind.key(one).startswith(key)]
    found = exact or begun or [one for one in records if key.casefold() in str(getattr(one, "name", "")).casefold()]
    if len(found) == 1 or (exact and found):
        return found[0]
    if not found:
        named = " a part of a name," if any(getattr(one, "name", "") for one in records) else ""
        raise InputError(
            f"none of the {len(records)} {kind.name} has an id that begins with {key!r}; "
            f"allowed is an id, its beginning,{named} or a number from 1 to {len(records)}"
        )
    has = "an id that begins with" if begun else "a name with"
    some = ", ".join(kind.key(one) if begun else f"{one.name} ({kind.key(one)})" for one in found[:3])
    raise InputError(f"{len(found)} {kind.name} have {has} {key!r}: {some}. Give more of it")


def texts_by_id(run: Run) -> dict[str, str]:
    """Return every persona's text by its id."""
    return dict(run.ledger.rows("SELECT id, text FROM personas"))
