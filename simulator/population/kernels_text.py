"""Compiled loops over characters: groups of equal texts, and texts as sets of numbered words.

Texts come as one array of UTF-8 bytes in Unicode NFC, with the offsets of each. Importing this module needs numba.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.population.compiled import compiled, inlined
from simulator.population.unicode_tables import ALONE, SPACE, WORD

__all__ = ["Vocabulary", "group_equal", "grown_vocabulary", "new_vocabulary", "number_words"]

Bytes = NDArray[np.uint8]
Ints = NDArray[np.int32]
Longs = NDArray[np.int64]

_SEED = np.uint64(14695981039346656037)
_PRIME = np.uint64(1099511628211)
_SHIFT = np.uint64(29)
_EMPTY = np.uint64(0)
_ONE = np.uint64(1)
_UPPER = np.uint64(0xFFFFFFFF00000000)
_LOWER = np.uint64(0x00000000FFFFFFFF)


class Vocabulary(NamedTuple):
    """A table of words by their characters: open addressing, so that a word is found in one look or two.

    Attributes:
        slots: Upper half of a word's hash above its number plus one, by hash; 0 in empty slots. A power of two, at
            least twice the room for words.
        words: For each word its hash, where its characters begin and end in ``chars``, and the last row that it was
            seen in, plus one: together, because they are needed together. Its length is the room for words.
        chars: Lower-cased code points of all words.
        used: The number of words and of characters.
    """

    slots: NDArray[np.uint64]
    words: NDArray[np.int64]
    chars: Ints
    used: Longs


def new_vocabulary(words: int = 1 << 15, chars: int = 1 << 18) -> Vocabulary:
    """Return an empty table with room for so many words and characters."""
    return Vocabulary(
        slots=np.zeros(1 << (2 * words - 1).bit_length(), dtype=np.uint64),
        words=np.zeros((words, 4), dtype=np.int64),
        chars=np.zeros(chars, dtype=np.int32),
        used=np.zeros(2, dtype=np.int64),
    )


def grown_vocabulary(old: Vocabulary, length: int) -> Vocabulary:
    """Return a copy with twice the room, and with room for a text of ``length`` characters at least."""
    words, chars = old.used.tolist()
    new = new_vocabulary(2 * (len(old.words) + length), 2 * (len(old.chars) + length))
    new.words[:words], new.chars[:chars], new.used[:] = old.words[:words], old.chars[:chars], old.used
    _refill(new.slots, new.words, words)
    return new


@compiled
def _refill(slots: NDArray[np.uint64], words: NDArray[np.int64], count: int) -> None:
    mask = np.uint64(len(slots) - 1)
    for word in range(count):
        code_hash = np.uint64(words[word, 0])
        slot = code_hash & mask
        while slots[slot] != _EMPTY:
            slot = (slot + _ONE) & mask
        slots[slot] = (code_hash & _UPPER) | np.uint64(word + 1)


@inlined
def _decode(data: Bytes, at: int) -> tuple[np.int64, int]:
    """Return the code point at byte ``at`` and the number of its bytes."""
    first = np.int64(data[at])
    if first < 0x80:
        return first, 1
    if first < 0xE0:
        return ((first & 0x1F) << 6) | (data[at + 1] & 0x3F), 2
    if first < 0xF0:
        return ((first & 0x0F) << 12) | ((data[at + 1] & 0x3F) << 6) | (data[at + 2] & 0x3F), 3
    high = ((first & 0x07) << 18) | ((data[at + 1] & 0x3F) << 12)
    return high | ((data[at + 2] & 0x3F) << 6) | (data[at + 3] & 0x3F), 4


@compiled
def number_words(
    data: Bytes,
    offsets: Longs,
    first: int,
    lower: Ints,
    classes: Bytes,
    vocabulary: Vocabulary,
    tokens: Ints,
    starts: Longs,
) -> int:
    """Write the different words of each text from row ``first`` on to ``tokens``, in order of appearance.

    Args:
        data: The texts.
        offsets: Their offsets; shape (texts + 1,).
        first: Row to begin with.
        lower: Lower case of each code point.
        classes: Class of each code point in lower case.
        vocabulary: Words so far; takes in new ones.
        tokens: Filled with the numbers of the words of all rows.
        starts: Filled with where each row begins in ``tokens``; shape (texts + 1,).

    Returns:
        The row to go on with: the number of texts when done; an earlier one when the vocabulary must grow first.
    """
    chars, used = vocabulary.chars, vocabulary.used
    for row in range(first, len(offsets) - 1):
        at, end = offsets[row], offsets[row + 1]
        if used[0] + (end - at) >= len(vocabulary.words) or used[1] + (end - at) >= len(chars):
            return row
        out = starts[row]
        length = used[1]
        code_hash = _SEED
        # One step beyond the end, where a word that lasts to the end is closed.
        while at <= end:
            code, width, kind = np.int64(0), 1, 0
            if at < end:
                code, width = _decode(data, at)
                code = np.int64(lower[code])
                kind = classes[code]
            at += width
            if kind == WORD:
                chars[length] = code
                length += 1
                code_hash = (code_hash ^ np.uint64(code)) * _PRIME
                continue
            if length > used[1]:
                out = _write(code_hash, length, row, vocabulary, tokens, out)
            if kind == ALONE:
                chars[used[1]] = code
                out = _write((_SEED ^ np.uint64(code)) * _PRIME, used[1] + 1, row, vocabulary, tokens, out)
            length = used[1]
            code_hash = _SEED
        starts[row + 1] = out
    return len(offsets) - 1


@inlined
def _write(code_hash: np.uint64, end: int, row: int, vocabulary: Vocabulary, tokens: Ints, out: int) -> int:
    """Write the number of the word in the characters from the used ones to ``end``, unless this row has it already.

    Returns:
        Where the next word goes.
    """
    slots, words, used = vocabulary.slots, vocabulary.words, vocabulary.used
    code_hash = code_hash ^ (code_hash >> _SHIFT)
    mask = np.uint64(len(slots) - 1)
    slot = code_hash & mask
    word = np.int64(-1)
    while word < 0:
        entry = slots[slot]
        if entry == _EMPTY:
            word = used[0]
            slots[slot] = (code_hash & _UPPER) | np.uint64(word + 1)
            words[word, 0], words[word, 1], words[word, 2] = np.int64(code_hash), used[1], end
            used[0] += 1
            used[1] = end
        elif (entry ^ code_hash) & _UPPER == _EMPTY:
            other = np.int64(entry & _LOWER) - 1
            if _same(vocabulary.chars, words[other, 1], words[other, 2], used[1], end):
                word = other
        slot = (slot + _ONE) & mask
    if words[word, 3] != row + 1:
        words[word, 3] = row + 1
        tokens[out] = word
        out += 1
    return out


@inlined
def _same(chars: Ints, left: int, left_end: int, right: int, right_end: int) -> bool:
    if left_end - left != right_end - right:
        return False
    for place in range(left_end - left):  # noqa: SIM110 - a generator cannot be compiled
        if chars[left + place] != chars[right + place]:
            return False
    return True


@compiled
def group_equal(data: Bytes, offsets: Longs, classes: Bytes, slots: Ints, groups: Ints) -> None:
    """Write to ``groups`` for each text the first row with the same text, white space aside.

    Runs of white space count as one space, and none at the ends.

    Args:
        data: The texts.
        offsets: Their offsets.
        classes: Classes of code points.
        slots: At least twice as many as texts, a power of two, all -1.
        groups: Shape (texts,).
    """
    texts = len(offsets) - 1
    mask = np.uint64(len(slots) - 1)
    hashes = np.empty(texts, dtype=np.uint64)
    for row in range(texts):
        hashes[row] = code_hash = _text_hash(data, offsets[row], offsets[row + 1], classes)
        slot = code_hash & mask
        while True:
            other = slots[slot]
            if other < 0:
                slots[slot] = row
                groups[row] = row
                break
            if hashes[other] == code_hash and _equal(data, offsets, row, other, classes):
                groups[row] = other
                break
            slot = (slot + np.uint64(1)) & mask


@inlined
def _next(data: Bytes, at: int, end: int, classes: Bytes) -> tuple[np.int64, int]:
    """Return the next code point after any white space (-1 at the end) and the byte after it."""
    while at < end:
        code, width = _decode(data, at)
        at += width
        if classes[code] != SPACE:
            return code, at
    return np.int64(-1), at


@inlined
def _text_hash(data: Bytes, at: int, end: int, classes: Bytes) -> np.uint64:
    """Return a hash that does not depend on white space. Texts that differ only there are told apart later."""
    code_hash = _SEED
    code, at = _next(data, at, end, classes)
    while code >= 0:
        code_hash = (code_hash ^ np.uint64(code)) * _PRIME
        code, at = _next(data, at, end, classes)
    return code_hash ^ (code_hash >> _SHIFT)


@inlined
def _equal(data: Bytes, offsets: Longs, left_row: int, right_row: int, classes: Bytes) -> bool:
    """Return whether two texts are the same when runs of white space count as one space."""
    left, left_end = offsets[left_row], offsets[left_row + 1]
    right, right_end = offsets[right_row], offsets[right_row + 1]
    inside = False
    while True:
        left_code, left_next = _next(data, left, left_end, classes)
        right_code, right_next = _next(data, right, right_end, classes)
        if left_code != right_code:
            return False
        if left_code < 0:
            return True
        left_space = _is_space(data, left, classes)
        right_space = _is_space(data, right, classes)
        if inside and left_space != right_space:
            return False
        inside = True
        left, right = left_next, right_next


@inlined
def _is_space(data: Bytes, at: int, classes: Bytes) -> bool:
    code, _ = _decode(data, at)
    return bool(classes[code] == SPACE)
