"""A path through the relationship graph, told as a chain of people."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from simulator.cli.screen.console import words
from simulator.cli.screen.layout import Barred
from simulator.models.relation import Relation
from simulator.population.graph.relationship_graph import Step

__all__ = ["joint", "longest_chain", "sentence", "tell"]


def tell(start: str, steps: Sequence[Step], text: Callable[[str], str]) -> RenderableType:
    """Return the chain, one person below the other, joined by what they are to each other."""
    lines: list[RenderableType] = [_person(text(start))]
    for step in steps:
        lines.append(Text.assemble(("   │ ", "magenta"), words(joint(step.relation, step.outward), "magenta")))
        lines.append(_person(text(step.target)))
    return Group(*lines)


def sentence(start: str, steps: Sequence[Step], text: Callable[[str], str]) -> str:
    """Return the chain in one line: ``a nurse -> patient -> a child``; ``(of)`` marks a step against its direction."""
    said = [text(start)]
    for step in steps:
        said += [step.relation if step.outward else f"{step.relation} (of)", text(step.target)]
    return " -> ".join(said)


def longest_chain(relations: Sequence[Relation]) -> list[Step]:
    """Return the steps from a seed to one of the farthest personas, the first such one in order of admission."""
    way: dict[str, Relation] = {}
    for relation in relations:  # the first edge to reach a persona at its hop is one of a shortest path
        known = way.get(relation.target)
        if known is None or relation.hop < known.hop:
            way[relation.target] = relation
    if not way:
        return []
    at = max(way.values(), key=lambda relation: relation.hop).target
    chain: list[Step] = []
    while at in way and len(chain) <= len(way):
        relation = way[at]
        chain.insert(0, Step(relation.source, relation.target, relation.name, relation.kind, outward=True))
        at = relation.source
        if relation.hop == 1:
            break
    return chain


def joint(relation: str, outward: bool) -> str:
    """Return the words between two people: ``whose patient is``, or ``who is the patient of``."""
    return f"whose {relation} is" if outward else f"who is the {relation} of"


def _person(text: str) -> RenderableType:
    return Barred(text, "", edge="  ", body="bold")
