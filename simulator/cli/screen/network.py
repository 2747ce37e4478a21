"""The relationship graph in numbers and tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from simulator.cli.screen.chain import joint
from simulator.cli.screen.console import words
from simulator.cli.screen.layout import bar, facts, heading, short, table
from simulator.evidence.yields import Expansion
from simulator.models.persona import MAX_HOP
from simulator.population.graph.relationship_graph import Neighbour, RelationshipGraph
from simulator.population.graph.stats import GraphStats, Separation
from simulator.population.index.memory import Hit

__all__ = ["central_view", "hits_view", "neighbours_view", "stats_view", "within_view"]


def stats_view(stats: GraphStats, asked: Expansion) -> RenderableType:
    """Return the figures as a page of 80 columns, with what the questions for relations brought, if any were asked."""
    apart = stats.separation
    mean = _between(apart)
    pairs = [
        ("people", f"{stats.personas:,}" + (f", {stats.alone:,} of them without a relation" if stats.alone else "")),
        ("relations", f"{stats.relations:,} by {stats.names:,} different names"),
        ("per person", f"{stats.degree_mean:.1f} relations on average, {stats.degree_max:,} at most"),
        ("groups", f"{stats.components:,}; the largest has {stats.largest:,} people"),
        ("between two", mean),
    ]
    parts: list[RenderableType] = [facts(pairs), Text(), heading("By hop"), _by_hop(stats, told=not asked.rows)]
    if asked.rows:
        parts += [Text(), heading("Yield: new people a question"), _yields(asked)]
    if asked.ended:
        parts += [Text(), words(f"Expansion ended early: {asked.ended}.", "yellow")]
    parts += [Text(), heading("Relations of a person"), _counted("relations", "people", stats.by_degree)]
    if apart.steps:
        of = "everybody" if apart.starts == stats.personas else f"{apart.starts} people"
        parts += [Text(), heading(f"Steps between two people, from {of}"), _counted("steps", "pairs", apart.steps)]
    if stats.by_kind:
        sides = [_counted("kind", "relations", stats.by_kind, 10), _counted("called", "times", stats.by_name, 0)]
        parts += [Text(), heading("Relations"), Columns([sides[0], Padding(sides[1], (0, 0, 0, 3))])]
    return Group(*parts)


def _between(apart: Separation) -> str:
    """Return how far pairs are that relations join, and how many pairs nothing joins; empty when none is joined."""
    if apart.mean is None:
        return ""
    joined = sum(apart.steps.values())
    near = sum(count for steps, count in apart.steps.items() if steps <= MAX_HOP)
    told = f"{apart.mean:.1f} steps on average, {max(apart.steps)} at most"
    if near < joined:
        told += f"; {_share(near, joined)} of those joined within six"
    if apart.apart:
        told += f"; nothing joins {_share(apart.apart, joined + apart.apart)} of all pairs"
    return told


def _share(part: int, whole: int) -> str:
    """Return a share that is neither none nor all, so that rounding does not make it one of them."""
    share = 100 * part / whole
    return "over 99%" if share > 99 else "under 1%" if share < 1 else f"{share:.0f}%"


def neighbours_view(found: Iterable[Neighbour], network: RelationshipGraph) -> Table:
    """Return one row per neighbour, with what it is to the persona that was asked for."""
    made = table("id", "*", "hop>", "persona*")
    made.columns[1].ratio, made.columns[1].max_width = None, 26
    for one in found:
        row = (words(short(one.id), "cyan"), words(joint(one.relation, one.outward), "magenta"))
        made.add_row(*row, str(network.hop(one.id)), words(network.text(one.id)))
    return made


def within_view(found: Iterable[tuple[str, int]], network: RelationshipGraph) -> Table:
    """Return one row per persona in reach, nearest first."""
    made = table("steps>", "id", "persona*")
    for id_, distance in found:
        made.add_row(str(distance), words(short(id_), "cyan"), words(network.text(id_)))
    return made


def central_view(found: Iterable[tuple[str, int]], network: RelationshipGraph) -> Table:
    """Return one row per persona, the most connected first."""
    made = table("relations>", "id", "persona*")
    for id_, degree in found:
        made.add_row(f"{degree:,}", words(short(id_), "cyan"), words(network.text(id_)))
    return made


def hits_view(found: Iterable[Hit]) -> Table:
    """Return one row per persona, the nearest in meaning first."""
    made = table("cosine>", "id", "persona*")
    for hit in found:
        made.add_row(f"{hit.score:.2f}", words(short(hit.id), "cyan"), words(hit.text))
    return made


def _by_hop(stats: GraphStats, told: bool) -> Table:
    """Return people and relations by hop; new people a relation too, if ``told``."""
    made = table("hop>", "people>", "relations>", *(["new>"] if told else []), "")
    most = max(stats.by_hop.values(), default=0)
    for hop in sorted(stats.by_hop | stats.relations_by_hop):  # the last may have led to known people only
        people = stats.by_hop.get(hop, 0)
        relations = stats.relations_by_hop.get(hop, 0)
        gain = stats.yield_by_hop.get(hop)
        share = [] if not told else ["" if gain is None else f"{gain:.0%}"]
        counts = (f"{count:,}" if count else "" for count in (people, relations))
        made.add_row(str(hop), *counts, *share, bar(people, most))
    return made


def _yields(asked: Expansion) -> Table:
    made = table("answers", "asked>", "new>", "known>", "rejected>", "failed>", "yield>", "")
    hops = asked.by_hop
    for row in (*hops, *asked.by_kind):
        name = f"hop {row.hop}" if row.kind is None else row.kind
        cells = [f"{count:,}" if count else "" for count in (row.asked, row.new, row.known, row.other, row.failed)]
        made.add_row(words(name), *cells, f"{row.share:.0%}", bar(row.new, row.asked, 12), end_section=row is hops[-1])
    return made


def _counted(name: str, count: str, values: Mapping[str, int] | Mapping[int, int], width: int = 24) -> Table:
    made = table(f"{name}>" if count in ("pairs", "people") else name, f"{count}>", *([""] if width else []))
    most = max(values.values(), default=0)
    for key, value in values.items():
        made.add_row(words(str(key)), f"{value:,}", *([bar(value, most, width)] if width else []))
    return made
