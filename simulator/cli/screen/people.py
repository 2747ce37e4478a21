"""Personas, relations, the cast and the decisions about them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from simulator.cli.screen.console import one_line, words
from simulator.cli.screen.layout import facts, heading, short, table
from simulator.models.decision import Decision
from simulator.models.persona import Persona
from simulator.models.relation import Relation

__all__ = ["decision_card", "decisions_table", "people_table", "persona_card", "relation_card", "relations_table"]

People = Mapping[str, str]
"""Persona texts by id."""


def people_table(personas: Iterable[Persona], people: People) -> Table:
    """Return one row per persona."""
    made = table("id", "hop>", "persona*")
    for persona in personas:
        made.add_row(words(short(persona.id), "cyan"), str(persona.hop), words(persona.text))
    return made


def persona_card(persona: Persona, people: People, relations: Sequence[Relation]) -> RenderableType:
    """Return one persona with where it comes from and its ``relations``."""
    came = {"text": f"text {persona.source}", "persona": people.get(persona.source, persona.source)}
    pairs = [
        ("id", persona.id),
        ("hop", str(persona.hop)),
        ("from", came.get(persona.origin, persona.source)),
        ("asked", f"who would {persona.question} it?" if persona.question else ""),
        ("unit", persona.unit),
        *persona.attributes.items(),
    ]
    parts: list[RenderableType] = [words(persona.text, "bold"), facts(pairs)]
    if relations:
        parts += [Text(), relations_table(relations, people)]
    return Group(*parts)


def relations_table(relations: Iterable[Relation], people: People) -> Table:
    """Return one row per relation: whose, what, who."""
    made = table("persona*", "whose", "is*", "hop>")
    made.columns[1].no_wrap, made.columns[1].max_width = False, 18
    for relation in relations:
        made.add_row(
            words(people.get(relation.source, relation.source)),
            words(relation.name, "magenta"),
            words(people.get(relation.target, relation.target)),
            str(relation.hop),
        )
    return made


def relation_card(relation: Relation, people: People) -> RenderableType:
    """Return one relation, told as a sentence."""
    said = Text.assemble(
        words(people.get(relation.source, relation.source)),
        " — whose ",
        words(relation.name, "magenta"),
        " is — ",
        words(people.get(relation.target, relation.target)),
    )
    pairs = [("from", relation.source), ("to", relation.target), ("kind", relation.kind), ("unit", relation.unit)]
    return Group(said, facts(pairs))


def decisions_table(decisions: Iterable[Decision], people: People) -> Table:
    """Return one row per decision, with the evidence of a rejection."""
    made = table("", "kind", "text*", "why*")
    for decision in decisions:
        mark = words("✓", "green") if decision.admitted else words("✗", "red")
        made.add_row(mark, decision.subject, words(decision.text), words(_why(decision, people), "dim"))
    return made


def decision_card(decision: Decision, people: People) -> RenderableType:
    """Return one decision with everything that it rests on."""
    survivor = decision.survivor or ""
    pairs = [
        ("candidate", decision.candidate),
        ("kind", decision.subject),
        ("stage", decision.stage or ""),
        ("score", "" if decision.score is None else f"{decision.score:.4f}"),
        ("survivor", f"{survivor}  {people.get(survivor, '')}".strip()),
        ("reason", decision.reason),
        ("unit", decision.unit),
    ]
    title = heading("admitted") if decision.admitted else words("rejected", "bold red")
    return Group(title, words(decision.text), facts(pairs))


def _why(decision: Decision, people: People) -> str:
    if decision.admitted:
        return ""
    score = "" if decision.score is None else f" {decision.score:.2f}"
    if decision.survivor is None:
        return f"{decision.stage or ''}{score}: {decision.reason}"
    return f"{decision.stage}{score}: {one_line(people.get(decision.survivor, decision.survivor), 90)}"
