"""Topic words: what a small model is shown of a text."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.roles.topics import topic_words

TRADES = [json.loads(line) for line in (Path(__file__).parent / "data" / "trades.jsonl").open(encoding="utf-8")]
HIVE = "The hive is weak: no queen, no brood, and Marta's hive smells sour. Yesterday it rained; the bees stayed."


def test_nouns_stay_names_and_common_words_go() -> None:
    words = topic_words(HIVE).split(", ")
    assert {"hive", "queen", "brood", "bees"} <= set(words)
    assert not {"marta", "yesterday", "rained", "the", "stayed"} & set(words)
    assert (
        words
        == [word for word in HIVE.lower().replace(":", " ").replace(",", " ").split() if word in words][:1] + words[1:]
    )


def test_no_more_than_asked_and_each_once() -> None:
    words = topic_words(" ".join(trade["text"] for trade in TRADES), most=9).split(", ")
    assert len(words) == len(set(words)) == 9


def test_what_is_said_often_is_not_lost_at_the_end_of_a_long_text() -> None:
    filler = " ".join(f"{letter * 5}ow" for letter in "bcdfghjklmnpqrstvwxz")
    assert "harbour" in topic_words(f"{filler}. The harbour was full. A harbour, the harbour.", most=5)


@pytest.mark.parametrize("text", ["雨が降ったので、畑へ行かなかった。", "17 4 12 9", "Oh no."])
def test_a_text_without_such_words_gives_its_beginning(text: str) -> None:
    assert topic_words(text) == text


@given(st.text(min_size=1, max_size=200))
def test_any_text_gives_something_short(text: str) -> None:
    assert len(topic_words(text * 20)) <= 14 * 202
    assert bool(topic_words(text)) == bool(text.strip())
