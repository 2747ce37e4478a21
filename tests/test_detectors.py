"""How well the detectors find the labelled faults (benchmarks/detectors.py prints the same as a table)."""

from __future__ import annotations

import pytest
from turn_cases import labelled, overall, tallies

from simulator.embeddings.wordllama import WordLlamaEmbedder
from simulator.roles.guards.panel import ASSISTANT, USER

SCRIPTED = ("turns.jsonl", "turns_held.jsonl")


@pytest.fixture(scope="module")
def embedder() -> WordLlamaEmbedder:
    return WordLlamaEmbedder()


@pytest.mark.parametrize("file", SCRIPTED)
def test_scripted_faults_are_found_and_clean_turns_left_alone(file: str, embedder: WordLlamaEmbedder) -> None:
    total = overall(tallies(labelled(file), embedder))
    assert total.recall >= 0.95, total.misses
    assert total.precision >= 0.95, total.alarms


def test_faults_of_the_embedded_models_drafts_are_found(embedder: WordLlamaEmbedder) -> None:
    total = overall(tallies(labelled("turns_model.jsonl"), embedder))
    assert total.recall >= 0.85, total.misses
    assert total.precision >= 0.85, total.alarms


def test_few_of_the_turns_that_the_guard_let_pass_are_found_faulty_by_a_reader(embedder: WordLlamaEmbedder) -> None:
    cases = labelled("turns_kept.jsonl")
    assert sum(bool(case.faults) for case in cases) <= 0.15 * len(cases)
    assert overall(tallies(cases, embedder)).alarms == []


def test_there_are_turns_with_every_fault_and_many_without() -> None:
    cases = [case for file in SCRIPTED for case in labelled(file)]
    assert len(cases) >= 300
    assert sum(not case.faults for case in cases) >= 100
    names = {detector.__name__ for detector in (*USER, *ASSISTANT)} - {"example_copied"}
    there = [name for case in cases for name in case.faults]
    assert set(there) == names
    assert len({case.turn for case in cases}) > 0.97 * len(cases)
