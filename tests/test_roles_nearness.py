"""Turns that say again, in other words, what the speaker said before."""

from __future__ import annotations

import asyncio

import pytest

from simulator.embeddings.wordllama import WordLlamaEmbedder
from simulator.roles.guards.nearness import said_before
from simulator.roles.guards.scene import Scene

OWN = (
    "Which wax keeps a drum skin from drying out?",
    "The studio is heated all night. Can I leave the drums standing by the wall?",
)
SCENE = Scene("user", own=OWN, other=("Beeswax, thinly.", "Yes, but a metre away from the radiator."))


@pytest.fixture(scope="module")
def embedder() -> WordLlamaEmbedder:
    return WordLlamaEmbedder()


@pytest.mark.parametrize(
    ("turn", "found"),
    [
        ("They heat the studio the whole night. Is it fine if the drums stand near the wall?", "repeats_self"),
        ("The studio is heated all night. How often do I wax the skins in winter?", None),
        ("A metre is more than the room has. Can I leave them in their bags instead?", None),
        ("Which wax is best to keep the skin of a drum from drying out?", "opener_repeated"),
    ],
)
def test_each_sentence_of_a_paraphrase_has_its_like(turn: str, found: str | None, embedder: WordLlamaEmbedder) -> None:
    label = asyncio.run(said_before(turn, SCENE, embedder))
    assert (label.detector if label else None) == found
