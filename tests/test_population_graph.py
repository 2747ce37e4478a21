"""The relationship graph answers questions, tells directions apart and finds its own contradictions."""

from __future__ import annotations

import io
import itertools

import networkx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from simulator.cli.screen.network import stats_view
from simulator.errors import InputError
from simulator.evidence.yields import Expansion
from simulator.models.persona import Persona
from simulator.models.relation import Relation
from simulator.population.graph.arrays import UNKNOWN, Edge
from simulator.population.graph.consistency import inconsistencies
from simulator.population.graph.relationship_graph import Neighbour, RelationshipGraph
from simulator.population.graph.stats import central, graph_stats, separation


def persona(id: str, hop: int) -> Persona:
    return Persona(id=id, text=f"the person {id}", hop=hop, origin="persona" if hop else "text", source="s")


def relation(source: str, target: str, name: str, hop: int) -> Relation:
    return Relation(source=source, target=target, name=name, kind="service", hop=hop)


@pytest.fixture
def ward() -> RelationshipGraph:
    """nurse -> child -> uncle, nurse -> doctor (two relations), and a hermit."""
    people = [persona("nurse", 0), persona("child", 1), persona("doctor", 1), persona("uncle", 2), persona("hermit", 0)]
    relations = [
        relation("nurse", "child", "patient", 1),
        relation("nurse", "doctor", "superior", 1),
        relation("nurse", "doctor", "neighbour", 1),
        relation("child", "uncle", "uncle", 2),
    ]
    return RelationshipGraph(people, relations)


def test_neighbours_in_both_directions(ward: RelationshipGraph) -> None:
    assert ward.neighbours("child") == [
        Neighbour("uncle", "uncle", "service", outward=True),
        Neighbour("nurse", "patient", "service", outward=False),
    ]
    assert [near.relation for near in ward.neighbours("nurse")] == ["patient", "superior", "neighbour"]
    assert ward.neighbours("hermit") == []


def test_within_counts_steps_in_either_direction(ward: RelationshipGraph) -> None:
    assert ward.within("uncle", 0) == {"uncle": 0}
    assert ward.within("uncle", 2) == {"uncle": 0, "child": 1, "nurse": 2}
    assert ward.within("uncle", 6) == {"uncle": 0, "child": 1, "nurse": 2, "doctor": 3}


@pytest.mark.parametrize("hops", [7, -1])
def test_seven_hops_is_an_error_that_says_why(ward: RelationshipGraph, hops: int) -> None:
    with pytest.raises(InputError, match="six degrees"):
        ward.within("nurse", hops)


def test_a_path_is_told_with_its_directions(ward: RelationshipGraph) -> None:
    down = ward.path("doctor", "uncle")
    assert down is not None
    assert [step.sentence() for step in down] == [
        "doctor is the superior of nurse",
        "nurse's patient is child",
        "child's uncle is uncle",
    ]
    assert ward.path("nurse", "nurse") == []
    assert ward.path("nurse", "hermit") is None


def test_an_unknown_persona_is_an_error(ward: RelationshipGraph) -> None:
    for ask in (ward.neighbours, ward.text, ward.hop, lambda id: ward.within(id, 1), lambda id: ward.path("nurse", id)):
        with pytest.raises(InputError, match="'ghost'"):
            ask("ghost")


def test_components_come_largest_first(ward: RelationshipGraph) -> None:
    assert ward.components() == [["nurse", "child", "doctor", "uncle"], ["hermit"]]


def test_a_consistent_graph_has_nothing_to_report(ward: RelationshipGraph) -> None:
    assert inconsistencies(ward) == []


def test_each_contradiction_is_reported() -> None:
    people = [persona("a", 0), persona("b", 2), persona("c", 1)]
    relations = [relation("a", "b", "aunt", 1), relation("b", "ghost", "twin", 3), relation("a", "a", "self", 1)]
    relations.append(relation("b", "a", "niece", 1))
    told = "\n".join(inconsistencies(RelationshipGraph(people, relations)))
    assert "b has hop 2, but is 1 steps" in told
    assert "c has hop 1, but no relations lead to it" in told
    assert "'twin' from b to ghost names ghost" in told
    assert "'self' from a to a joins a persona with itself" in told
    assert "'niece' from b to a has hop 1, but its source has hop 2" in told
    assert len(told.splitlines()) == 5


@settings(max_examples=80)
@given(
    edges=st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)).filter(lambda e: e[0] != e[1]), max_size=30),
    hops=st.integers(0, 6),
)
def test_walks_agree_with_networkx(edges: list[tuple[int, int]], hops: int) -> None:
    ids = [f"p{number:02}" for number in range(12)]
    graph = RelationshipGraph(
        [persona(id, 0) for id in ids], [relation(ids[left], ids[right], "friend", 1) for left, right in edges]
    )
    plain = networkx.Graph()
    plain.add_nodes_from(ids)
    plain.add_edges_from((ids[left], ids[right]) for left, right in edges)
    for id in ids:
        assert graph.within(id, hops) == dict(networkx.single_source_shortest_path_length(plain, id, cutoff=hops))
    for left, right in itertools.combinations(ids, 2):
        path = graph.path(left, right)
        if not networkx.has_path(plain, left, right):
            assert path is None
            continue
        assert path is not None
        assert len(path) == networkx.shortest_path_length(plain, left, right)
        chain = [left, *(step.target for step in path)]
        assert [(step.source, step.target) for step in path] == list(itertools.pairwise(chain))
        assert chain[-1] == right
        assert all(step.outward == ((ids.index(step.source), ids.index(step.target)) in edges) for step in path)
    assert {frozenset(part) for part in graph.components()} == set(map(frozenset, networkx.connected_components(plain)))
    assert graph.hops_from_seeds() == dict.fromkeys(ids, 0)


@settings(max_examples=60)
@given(edges=st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=24))
def test_hops_from_seeds_follow_the_direction_of_relations(edges: list[tuple[int, int]]) -> None:
    ids = [f"p{number:02}" for number in range(12)]
    graph = RelationshipGraph(
        [persona(id, 0 if number < 2 else 1) for number, id in enumerate(ids)],
        [relation(ids[left], ids[right], "friend", 1) for left, right in edges],
    )
    assert graph.hops_from_seeds() == networkx.multi_source_dijkstra_path_length(graph.to_networkx(), ids[:2])


def test_as_networkx_it_has_every_persona_and_relation(ward: RelationshipGraph) -> None:
    network = ward.to_networkx()
    assert dict(network.nodes(data=True))["uncle"] == {"text": "the person uncle", "hop": 2}
    assert list(network.edges(keys=True, data=True)) == [
        ("nurse", "child", "patient", {"kind": "service", "hop": 1}),
        ("nurse", "doctor", "superior", {"kind": "service", "hop": 1}),
        ("nurse", "doctor", "neighbour", {"kind": "service", "hop": 1}),
        ("child", "uncle", "uncle", {"kind": "service", "hop": 2}),
    ]


def test_a_persona_is_found_by_the_beginning_of_its_id_or_by_its_text(ward: RelationshipGraph) -> None:
    assert ward.resolve("nu") == "nurse"
    assert ward.resolve("nurse") == "nurse"
    assert ward.resolve(" The person  UNCLE") == "uncle"
    for reference in ("ghost", ""):
        with pytest.raises(InputError, match="No persona"):
            ward.resolve(reference)
    twins = RelationshipGraph([persona("p-1a", 0), persona("p-1b", 0)], [])
    with pytest.raises(InputError, match="2 personas fit"):
        twins.resolve("p-1")


def test_figures(ward: RelationshipGraph) -> None:
    stats = graph_stats(ward, starts=100)
    assert (stats.personas, stats.relations, stats.by_hop) == (5, 4, {0: 2, 1: 2, 2: 1})
    assert stats.relations_by_hop == {1: 3, 2: 1}
    assert stats.yield_by_hop == {1: 2 / 3, 2: 1.0}
    assert stats.by_kind == {"service": 4}
    assert stats.by_name == {"patient": 1, "superior": 1, "neighbour": 1, "uncle": 1}
    assert (stats.degree_mean, stats.degree_max, stats.alone) == (8 / 5, 3, 1)
    assert (stats.components, stats.largest) == (2, 4)
    assert stats.separation.starts == 5
    # nurse-child, nurse-doctor, child-uncle; nurse-uncle, child-doctor; uncle-doctor: each from both ends.
    assert stats.separation.steps == {1: 6, 2: 4, 3: 2}
    assert stats.separation.apart == 8
    assert stats.separation.mean == pytest.approx((6 + 8 + 6) / 12)
    assert central(ward, 2) == [("nurse", 3), ("child", 2)]


@pytest.mark.parametrize(("alone", "share"), [(1, "joins 67% of"), (10, "joins 98% of"), (300, "joins over 99% of")])
def test_a_share_of_pairs_is_not_rounded_to_all(alone: int, share: str) -> None:
    people = [persona(f"p-{number}", 0) for number in range(alone + 2)]
    pair = Relation(source="p-0", target="p-1", name="sister", kind="family", hop=1)
    file = io.StringIO()
    console = Console(file=file, width=80)
    console.print(stats_view(graph_stats(RelationshipGraph(people, [pair]), starts=1000), Expansion()))
    said = " ".join(file.getvalue().split())
    assert share in said
    assert "100%" not in said


def test_an_empty_graph_has_figures_too() -> None:
    stats = graph_stats(RelationshipGraph([], []))
    assert (stats.personas, stats.relations, stats.components, stats.largest) == (0, 0, 0, 0)
    assert stats.separation.mean is None
    assert RelationshipGraph([], []).components() == []


def test_sampled_distances_depend_on_the_seed_alone() -> None:
    people = [persona(f"p{number}", 0) for number in range(60)]
    relations = [relation(f"p{number}", f"p{number * number % 60}", "friend", 1) for number in range(2, 60)]
    graph = RelationshipGraph(people, relations)
    assert separation(graph, 5, seed=1) == separation(graph, 5, seed=1)
    assert separation(graph, 5, seed=1) != separation(graph, 5, seed=2)


@given(
    st.lists(
        st.tuples(st.sampled_from("abcdef"), st.sampled_from("abcdefxy"), st.sampled_from(["u", "v"])), max_size=12
    )
)
def test_rows_of_a_table_make_the_graph_that_records_make(edges: list[tuple[str, str, str]]) -> None:
    people = [persona(id, 0) for id in "abcdef"]
    records = [relation(source, target, name, 1) for source, target, name in edges]
    made = RelationshipGraph(people, records).arrays
    read = RelationshipGraph.of_table(
        iter([(one.id, one.text, one.hop) for one in people]),
        iter([(one.source, one.target, one.name, one.kind, one.hop) for one in records]),
    ).arrays
    assert (read.ids, read.texts, read.rows, read.names) == (made.ids, made.texts, made.rows, made.names)
    assert (
        list(read.edges())
        == list(made.edges())
        == [(Edge(one.source, one.target, one.name, one.kind, one.hop)) for one in records]
    )
    assert read.hops.tolist() == [0] * 6 + [UNKNOWN] * (len(read.ids) - 6)


def test_six_degrees_count_those_whom_nothing_joins(ward: RelationshipGraph) -> None:
    found = separation(ward, starts=100)
    assert found.within_six == pytest.approx(12 / 20)
    assert graph_stats(ward).by_degree == {"0": 1, "1": 1, "2-3": 3}
