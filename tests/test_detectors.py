"""How well the detectors find the labelled faults (benchmarks/detectors.py prints the same as a table)."""

from __future__ import annotations

import pytest
from turn_cases import labelled, overall, tallies

from simulator.embeddings.wordllama import WordLlamaEmbedder
from simulator.roles.guards.panel import ASSISTANT, USER

SCRIPTED = ("turns.jsonl", "turns_held.jsonl")
MEASURED = {
    "turns.jsonl": (0.93, 0.97),
    "turns_held.jsonl": (0.64, 0.92),
    "turns_model.jsonl": (0.67, 0.92),
    "turns_unseen.jsonl": (0.57, 0.83),
}
"""Recall and precision over all detectors as they were measured, rounded down (docs/conversations.md)."""


@pytest.fixture(scope="module")
def embedder() -> WordLlamaEmbedder:
    return WordLlamaEmbedder()


@pytest.mark.parametrize("file", MEASURED)
def test_faults_are_found_and_clean_turns_left_alone_as_the_docs_say(file: str, embedder: WordLlamaEmbedder) -> None:
    recall, precision = MEASURED[file]
    total = overall(tallies(labelled(file), embedder))
    assert total.recall >= recall, total.misses
    assert total.precision >= precision, total.alarms


def test_every_detector_but_the_learned_one_finds_what_is_scripted(embedder: WordLlamaEmbedder) -> None:
    counted = tallies(labelled("turns.jsonl"), embedder)
    assert {name for name, one in counted.items() if min(one.recall, one.precision) < 0.93} == {"role_flip"}
    assert counted["role_flip"].precision >= 0.93


def test_few_of_the_turns_that_the_guard_let_pass_are_found_faulty_by_a_reader(embedder: WordLlamaEmbedder) -> None:
    cases = labelled("turns_kept.jsonl")
    assert sum(bool(case.faults) for case in cases) <= 0.15 * len(cases)
    assert len(overall(tallies(cases, embedder)).alarms) <= 1


def test_there_are_turns_with_every_fault_and_many_without() -> None:
    cases = [case for file in SCRIPTED for case in labelled(file)]
    assert len(cases) >= 300
    assert sum(not case.faults for case in cases) >= 100
    names = {detector.__name__ for detector in (*USER, *ASSISTANT)} - {"example_copied"}
    there = [name for case in cases for name in case.faults]
    assert set(there) == names
    assert len({case.turn for case in cases}) > 0.97 * len(cases)
