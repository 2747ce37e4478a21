"""Made-up values that fit a typed field: the same for the same seed, everywhere."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from simulator.models.base import content_hash
from simulator.models.tool import ItemType, ToolField
from simulator.population.tokens import word_list
from simulator.tools.vocabulary import EVERYDAY, Vocabulary

__all__ = ["is_identifier", "told_values", "value_of"]


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_FIRST_DAY = date(2026, 1, 5)  # a fixed calendar, so that the values of a tool do not change with the day of the run
_QUOTED = re.compile(
    r"(?:e\.g\.,?|for example,?|such as|as in|like|or|,)\s*['\"“‘]([^'\"”’]{1,40})['\"”’]", re.IGNORECASE
)
_THINGS = ("standard", "compact", "large", "blue", "spare", "seasonal", "local", "second-hand")
_SAYINGS = ("Nothing unusual was noted.", "It is as it was last week.", "One thing has changed since the last time.")
_STATES = ("open", "confirmed", "in progress", "done")
_WORDS: tuple[tuple[frozenset[str], Sequence[str]], ...] = (
    (_set("status stage condition"), _STATES),
    (_set("description summary details text message content note comment reason report"), _SAYINGS),
    (_set("state province"), ("Ohio", "Bavaria", "Victoria", "Kerala")),
    (_set("currency"), ("EUR", "USD", "JPY", "GBP")),
    (_set("language lang"), ("en", "de", "ja", "pt")),
    (_set("country nation"), ("Norway", "Portugal", "Kenya", "Japan")),
    (_set("unit units"), ("metric", "imperial")),
    (_set("colour color"), ("red", "white", "dark green", "grey")),
)
_WHERE = _set("city town place location address harbour harbor port region area site street village")
_WHO = _set("person author user customer patient player owner contact doctor teacher by")
_IDENTIFIERS = _set("id number code order ticket serial account plate reference key barcode isbn")
_DAYS = _set("date day deadline")
_HOURS = _set("time hour hours")
_WHEN = _DAYS | _HOURS
_FILES = _set("path file filename document image photo video audio pdf csv folder directory")
_HIGHEST = (  # what people take for plausible, by a word of the name
    (_set("price cost amount budget fee salary income"), 5, 900),
    (_set("percent percentage rate score share probability confidence humidity"), 0, 100),
    (_set("year"), 1950, 2026),
    (_set("latitude lat"), -66, 66),
    (_set("longitude lon lng"), -170, 170),
    (_set("age"), 18, 80),
    (_set("temperature"), -5, 32),
)


def told_values(field: ToolField) -> tuple[str, ...]:
    """Return the values that the description of a text field gives as examples.

    >>> told_values(ToolField(name="region", type="string", description="Warning region, as in 'Upper Valais'"))
    ('Upper Valais',)
    """
    return tuple(dict.fromkeys(found.strip() for found in _QUOTED.findall(field.description) if found.strip()))


def is_identifier(name: str) -> bool:
    """Return whether what a field holds names one thing: an order's number, a ship's name."""
    words = word_list(name.replace("_", " "))
    return bool(_IDENTIFIERS & set(words)) or words[-1:] == ["name"]


def value_of(field: ToolField, *seed: object, words: Vocabulary = EVERYDAY) -> Any:
    """Return a value that fits ``field``'s type and constraints, but for a pattern: nobody can guess those.

    Args:
        field: What the value is for.
        seed: JSON-able parts that it depends on; other parts, another value (as far as the field allows).
        words: The names that values may have.
    """
    if field.type == "array":
        kind = field.items or "string"
        one = ToolField(name=field.name, type=kind, description=field.description, enum=field.enum)
        count = 1 + _pick(3, field.name, "count", *seed)
        return list(dict.fromkeys(_scalar(one, kind, words, place, *seed) for place in range(count)))
    return _scalar(field, field.type, words, *seed)


def _scalar(field: ToolField, kind: ItemType, known: Vocabulary, *seed: object) -> Any:
    if kind == "boolean":
        return bool(_pick(2, field.name, *seed))
    if kind in ("integer", "number"):
        return _figure(field, kind == "integer", *seed)
    if field.enum:
        return _one(field.enum, field.name, *seed)
    return _formatted(field, known, *seed) if field.format else _text(field, known, *seed)


def _figure(field: ToolField, whole: bool, *seed: object) -> int | float:
    words = set(word_list(field.name.replace("_", " ")))
    low, high = next(((float(low), float(high)) for known, low, high in _HIGHEST if known & words), (1.0, 40.0))
    if field.minimum is not None:
        low, high = field.minimum, max(high, field.minimum + 40)
    if field.maximum is not None:
        low, high = min(low, field.maximum) if field.minimum is None else low, field.maximum
    if whole:
        first, last = -(-low // 1), high // 1
        return int(first + _pick(max(1, int(last - first) + 1), field.name, *seed)) if last >= first else int(first)
    step = _pick(1000, field.name, *seed) / 1000
    return min(max(round(low + (high - low) * step, 2), low), high)


def _formatted(field: ToolField, known: Vocabulary, *seed: object) -> str:
    day, clock = _day(field.name, *seed), f"{_clock(field.name, *seed)}:00"
    made = {
        "date": day,
        "time": clock,
        "date-time": f"{day}T{clock}Z",
        "email": f"{_one(known.people, *seed).split()[0].lower()}@example.org",
        "uri": f"https://example.org/{field.name.replace('_', '-')}/{1 + _pick(900, field.name, *seed)}",
    }
    return made[field.format or "date"]


def _text(field: ToolField, known: Vocabulary, *seed: object) -> str:
    words = word_list(field.name.replace("_", " "))
    told = told_values(field)
    if told and (len(told) > 1 or not _pick(2, "told", *seed)):  # a single example should not be the only value
        return _one(told, field.name, *seed)
    if _WHEN & set(words):
        if known.times:
            return _one(known.times, field.name, *seed)
        return _clock(field.name, *seed) if _HOURS & set(words) and not _DAYS & set(words) else _day(field.name, *seed)
    if {"url", "link", "website"} & set(words):
        return f"https://example.org/{1 + _pick(900, field.name, *seed)}"
    if "email" in words:
        return f"{_one(known.people, *seed).split()[0].lower()}@example.org"
    if _FILES & set(words):
        return f"{words[0]}_{1 + _pick(90, *seed)}"
    if _IDENTIFIERS & set(words):
        return f"{words[0][:2].upper()}-{1000 + _pick(9000, field.name, *seed)}"
    if words == ["name"] or {"first", "last", "full"} & set(words):
        return _one(known.people, field.name, *seed)
    if words[-1:] == ["name"]:
        return _one(known.names, field.name, *seed)
    if field.description.casefold().startswith("who "):
        return _one(known.people, field.name, *seed)
    named = ((_WHERE, known.places), (_WHO, known.people), *_WORDS)
    options = next((options for names, options in named if names & set(words)), None)
    if options is not None:
        return _one(options, field.name, *seed)
    return f"{_one(_THINGS, field.name, *seed)} {words[-1] if words else 'item'}"


def _day(*seed: object) -> str:
    return (_FIRST_DAY + timedelta(days=_pick(330, "day", *seed))).isoformat()


def _clock(*seed: object) -> str:
    return f"{7 + _pick(12, 'hour', *seed):02d}:{15 * _pick(4, 'quarter', *seed):02d}"


def _one(options: Sequence[str], *seed: object) -> str:
    return options[_pick(len(options), *seed)]


def _pick(count: int, *seed: object) -> int:
    return int(content_hash("value", *seed)[:12], 16) % count
