"""The part of a graph that a picture has room for, and people by the words of their texts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.errors import InputError
from simulator.population.graph.lookup import look_up
from simulator.population.graph.neighbourhood import neighbourhood, relations_between
from simulator.population.graph.relationship_graph import RelationshipGraph

PEOPLE = 30
edges = st.lists(st.tuples(st.integers(0, PEOPLE - 1), st.integers(0, PEOPLE - 1)), max_size=90)


def graph_of(pairs: list[tuple[int, int]]) -> RelationshipGraph:
    people = ((f"p-{n}", f"person number {n}", n % 7) for n in range(PEOPLE))
    return RelationshipGraph.of_table(people, ((f"p-{a}", f"p-{b}", "friend", "friend", 1) for a, b in pairs))


@given(edges, st.integers(0, PEOPLE - 1), st.integers(1, PEOPLE + 5), st.integers(0, 6))
def test_whole_rings_then_a_sample_and_everybody_shown_is_reached_through_the_shown(
    pairs: list[tuple[int, int]], centre: int, most: int, hops: int
) -> None:
    graph = graph_of(pairs)
    part = neighbourhood(graph, f"p-{centre}", most, hops)
    within = graph.within(f"p-{centre}", hops)
    shown = {graph.arrays.ids[row]: far for row, far in zip(part.rows.tolist(), part.distances.tolist(), strict=True)}
    assert shown.items() <= within.items()
    assert len(shown) == min(most, len(within))
    assert shown[f"p-{centre}"] == 0
    assert sum(ring.personas for ring in part.rings) == len(within)
    assert sum(ring.shown for ring in part.rings) == len(shown)
    whole = [ring.shown == ring.personas for ring in part.rings]
    assert sorted(whole, reverse=True) == whole, "a ring is begun when those within are whole"
    for id, far in shown.items():
        assert far == 0 or any(shown.get(one.id) == far - 1 for one in graph.neighbours(id))
    known = {frozenset(pair) for pair in pairs}
    for edge in relations_between(graph, part.rows).tolist():
        ends = {int(graph.arrays.ids[row][2:]) for row in (graph.arrays.sources[edge], graph.arrays.targets[edge])}
        assert frozenset(ends) in known
        assert {f"p-{end}" for end in ends} <= shown.keys()


def test_a_stranger_has_no_neighbourhood() -> None:
    with pytest.raises(InputError, match="p-99"):
        neighbourhood(graph_of([]), "p-99", 5)


def test_an_id_that_only_a_relation_names_is_nobody() -> None:
    graph = RelationshipGraph.of_table([("p-1", "a cook", 0)], [("p-1", "p-2", "friend", "friend", 1)])
    assert look_up(graph).tolist() == [0]
    with pytest.raises(InputError):
        neighbourhood(graph, "p-2", 5)


@pytest.mark.parametrize(
    ("words", "hop", "found"),
    [
        ("", None, ["p-a1", "p-b2", "p-c3"]),
        ("cook", None, ["p-a1", "p-c3"]),
        ("COOK  night", None, ["p-c3"]),
        ("cook", 0, ["p-a1"]),
        ("p-b", None, ["p-b2"]),
        ("ÉCLAIR", None, ["p-a1"]),
        ("e\u0301clair", None, ["p-a1"]),
        ("%", None, []),
        ("cook nurse", None, []),
    ],
)
def test_all_words_must_be_there(words: str, hop: int | None, found: list[str]) -> None:
    people = [("p-a1", "A cook of éclairs", 0), ("p-b2", "a nurse", 1), ("p-c3", "a night cook", 2)]
    graph = RelationshipGraph.of_table(people, [])
    assert [graph.arrays.ids[row] for row in look_up(graph, words, hop).tolist()] == found
