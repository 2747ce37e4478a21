"""Word 1-grams and their similarity."""

from __future__ import annotations

import sys
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from simulator.population.tokens import CJK_RANGES, jaccard, word_grams, word_list


def test_words_are_lower_cased_and_counted_once() -> None:
    assert word_grams("The lock keeper's LOCK: a keeper_2 of locks!") == {
        "the",
        "lock",
        "keeper",
        "s",
        "a",
        "keeper_2",
        "of",
        "locks",
    }


def test_words_of_other_alphabets_are_words() -> None:
    assert word_grams("Ярко-синий Übermaß ΟΔΟΣ") == {"ярко", "синий", "übermaß", "οδος"}


def test_chinese_and_japanese_characters_count_one_by_one() -> None:
    assert word_grams("一位老教师Anna，喜欢茶") == {*"一位老教师喜欢茶", "anna"}
    assert word_grams("カフェの店長") == {*"カフェの店長"}


def test_korean_words_stay_whole_because_korean_writes_spaces() -> None:
    assert word_grams("늙은 어부") == {"늙은", "어부"}


def test_two_spellings_of_the_same_characters_are_the_same_words() -> None:
    composed = "café façade"
    assert word_grams(unicodedata.normalize("NFD", composed)) == word_grams(composed)


def test_every_cjk_range_is_in_order_and_valid() -> None:
    flat = [bound for pair in CJK_RANGES for bound in pair]
    assert flat == sorted(flat)
    assert flat[-1] <= sys.maxunicode


@given(st.text())
def test_tokens_are_made_of_word_characters_only(text: str) -> None:
    for token in word_list(text):
        assert all(character.isalnum() or character == "_" for character in token)


def test_the_similarity_is_the_share_of_common_words() -> None:
    assert jaccard(word_grams("a b c d e f g h i j"), word_grams("a b c d e f g h i")) == 0.9
    assert jaccard(set(), set()) == 0.0
    assert jaccard({"a"}, set()) == 0.0
