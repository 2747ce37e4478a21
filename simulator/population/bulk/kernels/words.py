"""Compiled loops over characters: texts as sets of numbered words.

Texts come as one array of UTF-8 bytes in Unicode NFC, with the offsets of each. A word's characters are packed eight
bytes to a number: one byte for a letter of ASCII, three for any other. Most words are one number, and are compared at
once. Importing this module needs numba.

Arrays are not handed from function to function inside a loop: each time they would be counted, by all threads at the
same place in memory, and that takes longer than a word.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.population.bulk.kernels.compiled import compiled, inlined
from simulator.population.bulk.kernels.unicode_tables import ALONE, WORD
from simulator.population.bulk.kernels.utf8 import decoded

__all__ = ["Found", "Vocabulary", "count_words", "found_words", "grown_vocabulary", "new_vocabulary", "number_words",
           "split_words"]  # fmt: skip

Bytes = NDArray[np.uint8]
Ints = NDArray[np.int32]
Longs = NDArray[np.int64]
Eights = NDArray[np.uint64]

_FIRST, _HASH, _REST, _LENGTH = 0, 1, 2, 3
"""Columns of words, found or known."""

_PRIME = np.uint64(0x9E3779B97F4A7C15)
_OTHER_PRIME = np.uint64(0xBF58476D1CE4E5B9)
_HALF = np.uint64(32)
_EMPTY = np.uint64(0)
_ONE = np.uint64(1)
_BYTE = np.uint64(8)
_ASCII = 128
_EIGHT = 3
_UPPER = np.uint64(0xFFFFFFFF00000000)
_LOWER = np.uint64(0x00000000FFFFFFFF)


class Found(NamedTuple):
    """The words of some rows, as they stand in them.

    Attributes:
        words: For each word its first eight bytes, its hash, where the others begin in ``rest``, and how many bytes it
            has.
        rest: What words have beyond their first eight bytes.
        ends: For each row, the number of words up to its end.
    """

    words: Eights
    rest: Eights
    ends: Longs


class Vocabulary(NamedTuple):
    """A table of words: open addressing, so that a word is found in one look or two.

    Attributes:
        slots: Upper half of a word's hash above its number plus one, by hash; 0 in empty slots. A power of two, at
            least twice the room for words.
        words: As in :class:`Found`, for each word once. Its length is the room for words.
        rest: As in :class:`Found`.
        seen: For each word the last row that it was seen in, plus one.
        used: The number of words, and how much of ``rest`` is in use.
    """

    slots: Eights
    words: Eights
    rest: Eights
    seen: Longs
    used: Longs


def found_words(rows: int, length: int) -> Found:
    """Return room for the words of ``rows`` texts of ``length`` bytes together."""
    # A word and what parts it from the next take two bytes at least. Memory that is not written to is not taken.
    return Found(
        words=np.empty((length // 2 + rows, 4), dtype=np.uint64),
        rest=np.empty(length + rows, dtype=np.uint64),
        ends=np.empty(rows, dtype=np.int64),
    )


def new_vocabulary(words: int = 1 << 15, rest: int = 1 << 15) -> Vocabulary:
    """Return an empty table with room for so many words, and so many eights of bytes of what is long in them."""
    return Vocabulary(
        slots=np.zeros(1 << (2 * words - 1).bit_length(), dtype=np.uint64),
        words=np.zeros((words, 4), dtype=np.uint64),
        rest=np.zeros(rest, dtype=np.uint64),
        seen=np.zeros(words, dtype=np.int64),
        used=np.zeros(2, dtype=np.int64),
    )


def grown_vocabulary(old: Vocabulary, words: int, rest: int) -> Vocabulary:
    """Return ``old`` if it has room for so much more, else a copy with twice the room and that."""
    used_words, used_rest = old.used.tolist()
    if used_words + words <= len(old.words) and used_rest + rest <= len(old.rest):
        return old
    new = new_vocabulary(2 * len(old.words) + words, 2 * len(old.rest) + rest)
    new.words[:used_words], new.rest[:used_rest] = old.words[:used_words], old.rest[:used_rest]
    new.seen[:used_words], new.used[:] = old.seen[:used_words], old.used
    _refill(new.slots, new.words, used_words)
    return new


@compiled
def _refill(slots: Eights, words: Eights, count: int) -> None:
    mask = np.uint64(len(slots) - 1)
    for word in range(count):
        slot = words[word, _HASH] & mask
        while slots[slot] != _EMPTY:
            slot = (slot + _ONE) & mask
        slots[slot] = (words[word, _HASH] & _UPPER) | np.uint64(word + 1)


@compiled
def split_words(data: Bytes, offsets: Longs, first: int, last: int, lower: Ints, classes: Bytes, found: Found) -> int:
    """Write the words of the texts from row ``first`` to before ``last`` to ``found``.

    Args:
        data: The texts.
        offsets: Their offsets; shape (texts + 1,).
        first: First row.
        last: Row after the last.
        lower: Lower case of each code point.
        classes: Class of each code point in lower case.
        found: Filled.

    Returns:
        How much of ``found.rest`` is filled.
    """
    words, rest, ends = found
    count, filled = 0, 0
    for row in range(first, last):
        count, filled = _split_row(data, offsets[row], offsets[row + 1], lower, classes, words, rest, count, filled)
        ends[row - first] = count
    return filled


@inlined
def _split_row(
    data: Bytes, at: int, end: int, lower: Ints, classes: Bytes, words: Eights, rest: Eights, count: int, filled: int
) -> tuple[int, int]:
    """Write the words of the bytes from ``at`` to before ``end``; return how much of both arrays is filled now."""
    length, packed, head, code_hash, begin = 0, _EMPTY, _EMPTY, _EMPTY, filled
    while at <= end:
        code, width, kind = np.int64(0), 1, 0
        if at < end:  # one step beyond it a word that lasts to the end is closed
            code = np.int64(data[at])
            if code >= _ASCII:
                code, width = decoded(data, at)
            code = np.int64(lower[code])
            kind = classes[code]
        if kind == WORD or (kind == ALONE and not length):
            shift = 0 if code < _ASCII else 14
            while shift >= 0:
                if length == 8:
                    head = packed
                elif length & 7 == 0 and length:
                    rest[filled] = packed
                    filled += 1
                if length & 7 == 0:
                    code_hash, packed = _mixed(code_hash, packed), _EMPTY
                packed = (packed << _BYTE) | _piece(code, shift)
                length, shift = length + 1, shift - 7
            at += width
            if kind == WORD:
                continue
        elif kind != ALONE:  # a word of one character is read once the word before it is closed
            at += width
        if length:
            if length <= 8:
                head = packed
            else:
                rest[filled] = packed
                filled += 1
            words[count, _FIRST], words[count, _HASH] = head, _mixed(code_hash + np.uint64(length), packed)
            words[count, _REST], words[count, _LENGTH] = np.uint64(begin), np.uint64(length)
            length, packed, code_hash, begin, count = 0, _EMPTY, _EMPTY, filled, count + 1
    return count, filled


@inlined
def _piece(code: np.int64, shift: int) -> np.uint64:
    """Return the byte that stands for a letter of ASCII, or one of the three that stand for any other character."""
    return np.uint64(code if code < _ASCII else 0x80 | ((code >> shift) & 0x7F))


@compiled
def number_words(found: Found, first: int, last: int, vocabulary: Vocabulary, tokens: Ints, starts: Longs) -> None:
    """Write the numbers of the words of the rows from ``first`` to before ``last``, each once a row.

    Args:
        found: Their words.
        first: First row.
        last: Row after the last.
        vocabulary: Words so far; takes in new ones, and has room for all of them.
        tokens: Filled with the numbers of the words of all rows, in order of appearance.
        starts: Filled with where each row begins in ``tokens``; shape (texts + 1,).
    """
    here, pieces, ends = found
    slots, words, rest, seen, used = vocabulary
    place, mask = 0, np.uint64(len(slots) - 1)
    for row in range(first, last):
        out = starts[row]
        while place < ends[row - first]:
            code_hash, more = here[place, _HASH], (np.int64(here[place, _LENGTH]) - 1) >> _EIGHT
            slot, word, begin = code_hash & mask, np.int64(-1), np.int64(here[place, _REST])
            while word < 0 and slots[slot] != _EMPTY:
                if (slots[slot] ^ code_hash) & _UPPER == _EMPTY:
                    word = np.int64(slots[slot] & _LOWER) - 1
                    same = words[word, _FIRST] == here[place, _FIRST]
                    same &= words[word, _LENGTH] == here[place, _LENGTH]
                    if same and more:
                        for eight in range(more):
                            same &= rest[np.int64(words[word, _REST]) + eight] == pieces[begin + eight]
                    if not same:
                        word = np.int64(-1)
                slot = (slot + _ONE) & mask
            if word < 0:
                word = used[0]
                slots[slot] = (code_hash & _UPPER) | np.uint64(word + 1)
                words[word] = here[place]
                words[word, _REST] = np.uint64(used[1])
                for eight in range(more):
                    rest[used[1] + eight] = pieces[begin + eight]
                used[0], used[1] = word + 1, used[1] + more
            if seen[word] != row + 1:
                seen[word] = row + 1
                tokens[out] = word
                out += 1
            place += 1
        starts[row + 1] = out


@compiled
def count_words(tokens: Ints, counts: Ints) -> None:
    """Add to ``counts`` how often each word number occurs."""
    for place in range(len(tokens)):
        counts[tokens[place]] += 1


@inlined
def _mixed(code_hash: np.uint64, more: np.uint64) -> np.uint64:
    """Return a hash with eight bytes more in it."""
    code_hash = (code_hash ^ more ^ (more >> _HALF)) * _PRIME
    code_hash = (code_hash ^ (code_hash >> _HALF)) * _OTHER_PRIME
    return code_hash ^ (code_hash >> _HALF)
