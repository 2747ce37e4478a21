"""Strings that match a regular expression, for the part of the language that JSON Schemas use."""

from __future__ import annotations

import re
import string
from collections.abc import Callable

from simulator.llm.fakes.dice import Dice

__all__ = ["matching"]

Maker = Callable[[Dice], str]

_MORE = 6
"""Repetitions above the minimum that an open quantifier gets at most."""

_CLASSES = {
    "d": string.digits,
    "w": string.ascii_lowercase + string.digits + "_",
    "s": " ",
    "D": string.ascii_lowercase,
    "W": " -.",
    "S": string.ascii_lowercase,
}
_PRINTABLE = string.ascii_letters + string.digits + " _-.,:;!?"


def matching(pattern: str, dice: Dice) -> str:
    """Return a string that ``pattern`` matches from its first to its last character.

    Raises:
        ValueError: The pattern uses look-around, back references or flags, which are not covered.
    """
    reader = _Reader(pattern)
    maker = reader.alternatives()
    if reader.rest:
        raise ValueError(f"pattern {pattern!r} is not covered from {reader.rest!r} on")
    made = maker(dice)
    if not re.search(pattern, made):
        raise ValueError(f"pattern {pattern!r} is not covered: {made!r} does not match")
    return made


class _Reader:
    """Reads a pattern from left to right and returns makers of matching strings."""

    def __init__(self, pattern: str) -> None:
        self.rest = pattern

    def alternatives(self) -> Maker:
        branches = [self._sequence()]
        while self._skip("|"):
            branches.append(self._sequence())
        return lambda dice: dice.choice(branches)(dice)

    def _sequence(self) -> Maker:
        parts: list[Maker] = []
        while self.rest and self.rest[0] not in "|)":
            if not (self._skip("^") or self._skip("$")):
                parts.append(self._repeated(self._atom()))
        return lambda dice: "".join(part(dice) for part in parts)

    def _atom(self) -> Maker:
        if self._skip("("):
            return self._group()
        if self._skip("["):
            return _one_of(self._set())
        if self._skip("."):
            return _one_of(_PRINTABLE)
        return _one_of(self._escaped() if self._skip("\\") else self._take())

    def _group(self) -> Maker:
        if self.rest.startswith("?") and not self._skip("?:"):
            raise ValueError(f"group {'(' + self.rest!r} is not covered")
        maker = self.alternatives()
        if not self._skip(")"):
            raise ValueError("a group is not closed")
        return maker

    def _set(self) -> str:
        negated = self._skip("^")
        characters = ""
        while not (characters and self.rest.startswith("]")):
            first = self._escaped() if self._skip("\\") else self._take()
            if len(first) == 1 and self.rest.startswith("-") and self.rest[1:2] not in ("", "]"):
                self._skip("-")
                last = self._escaped() if self._skip("\\") else self._take()
                first = "".join(map(chr, range(ord(first), ord(last) + 1)))
            characters += first
        self._skip("]")
        return "".join(c for c in _PRINTABLE if c not in characters) if negated else characters

    def _escaped(self) -> str:
        letter = self._take()
        if letter in _CLASSES:
            return _CLASSES[letter]
        if letter.isalnum():
            raise ValueError(f"escape '\\{letter}' is not covered")
        return letter

    def _repeated(self, atom: Maker) -> Maker:
        found = re.match(r"[*+?]|\{(\d+)(,?)(\d*)\}", self.rest)
        if not found:
            return atom
        self.rest = self.rest[found.end() :]
        self._skip("?")  # a lazy quantifier matches the same strings
        low, high = _bounds(found)
        return lambda dice: "".join(atom(dice) for _ in range(dice.between(low, high)))

    def _skip(self, text: str) -> bool:
        if not self.rest.startswith(text):
            return False
        self.rest = self.rest[len(text) :]
        return True

    def _take(self) -> str:
        if not self.rest:
            raise ValueError("the pattern ends too early")
        character, self.rest = self.rest[0], self.rest[1:]
        return character


def _bounds(found: re.Match[str]) -> tuple[int, int]:
    if found[0] == "?":
        return 0, 1
    if found[0] in "*+":
        low = 0 if found[0] == "*" else 1
        return low, low + _MORE
    low = int(found[1])
    if not found[2]:
        return low, low
    return low, min(int(found[3]), low + _MORE) if found[3] else low + _MORE


def _one_of(characters: str) -> Maker:
    return lambda dice: dice.choice(characters)
