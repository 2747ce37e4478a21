"""Small questions about a text that several roles' checks ask. Each returns what was found, or ``None``."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Set
from functools import lru_cache
from itertools import pairwise

from simulator.population.tokens import word_grams, word_list
from simulator.prompts.template import Prompt
from simulator.roles.guards.language import script_of

__all__ = [
    "copied",
    "example_texts",
    "leftover",
    "names_in",
    "repeated_run",
    "repeated_words",
    "sentence",
    "shared_run",
    "unfinished",
    "word_pattern",
]

_SENTENCE_END = ".!?\"'”’»)]…。！？」』”’）"
_OPENING = re.compile(r"^(?:sure|certainly|of course|okay|here is|here are|here's)\b[,:! ]", re.IGNORECASE)
_LEFTOVER = re.compile(
    r"\bas an ai\b|\blanguage model\b|\b(?:i cannot|i can't|unable to) (?:assist|fulfil|comply)\b|"
    r"<\|?[a-z_/]+\|?>|\[[a-z_ ]+\]|\{[a-z_ ]+\}",
    re.IGNORECASE,
)
_CAPITAL = re.compile(r"(?<![.!?:\"“”‘…] )(?<!^)(?<![\"“‘(])\b[A-Z][a-z]+(?:['’ ][A-Z][a-z]+)*\b")
_DANGLING = re.compile(r"\b(?:a|an|the|of|and|or|but|its|their|my|your|our|very)\.$", re.IGNORECASE)
_SMALL = word_grams(
    "a an and are as at be but by for from has have he her his i in is it its my not of on or our she so than that the "
    "their them they this to was we were what when who will with you your can do if all no"
)


def unfinished(text: str) -> str | None:
    """Return the last words of a text that does not end as a sentence does."""
    text = text.strip()
    closed = text and text[-1] in _SENTENCE_END and not _DANGLING.search(text)
    return None if closed else (text[-30:] or "nothing")


def sentence(text: str) -> str:
    """Return ``text`` with a capital first letter, and with a full stop when it ends with a word.

    For replies that the model ended itself, or that a stop sequence of ``. `` ended and took the full stop from.
    """
    text = text[:1].upper() + text[1:]
    return f"{text}." if text and text[-1].isascii() and text[-1].isalnum() else text


def leftover(text: str, *, opening: bool = True) -> str | None:
    """Return a phrase by which a model speaks of itself or of its task, or a placeholder.

    Args:
        text: What was written.
        opening: Whether it may not begin as a model's answer does ("Sure, ..."); people in a story do say so.
    """
    found = (_OPENING.search(text) if opening else None) or _LEFTOVER.search(text)
    return found.group().strip() if found else None


def shared_run(text: str, sources: Iterable[str], words: int, known: Set[str] = frozenset()) -> str | None:
    """Return a run of ``words`` words that ``text`` has from one of ``sources``.

    Args:
        text: What was written.
        sources: What it must not copy.
        words: Length of the run; two Chinese characters count as a word, which is about what they are.
        known: Words that do not count, because everybody may use them (names, places): a run needs ``words`` others.
    """
    own = _run_set(text, words, frozenset(known))
    for source in sources:
        if not own.isdisjoint(_run_set(source, words, frozenset(known))):
            return " ".join(next(run for run in _runs(source, words, frozenset(known)) if run in own))
    return None


def copied(text: str, sources: Iterable[str], words: int, whose: str = "an example") -> str | None:
    """Return what is wrong with a text that has ``words`` words in a row from one of ``sources``."""
    run = shared_run(text, sources, words)
    return f"it copies {whose} ({run!r})" if run else None


@lru_cache(maxsize=256)
def _run_set(text: str, words: int, known: frozenset[str]) -> frozenset[tuple[str, ...]]:
    """Return the runs of a text; what must not be copied is mostly the same few texts."""
    return frozenset(_runs(text, words, known))


def _runs(text: str, words: int, known: frozenset[str]) -> Iterator[tuple[str, ...]]:
    """Return the runs of a text in order."""
    words = 2 * words if script_of(text) == "CJK" else words
    own = [word for word in word_list(text) if word not in known]
    return zip(*(own[first:] for first in range(words)), strict=False)


def repeated_words(text: str, most: int = 2, content: int = 1) -> str | None:
    """Return a word that stands over ``most`` times or twice in a row, or a phrase of three words that stands twice.

    Words without content do not count, nor do single Chinese characters.

    Args:
        text: What was written.
        most: How often a word may stand.
        content: How many words of a phrase must have content for it to count.
    """
    words = word_list(text)
    for word, count in Counter(word for word in words if len(word) > 2 and word not in _SMALL).items():
        if count > most:
            return word
    if stutter := next((a for a, b in pairwise(words) if a == b and len(a) > 2 and a not in _SMALL), None):
        return f"{stutter} {stutter}"
    grams = Counter(gram for gram in zip(words, words[1:], words[2:], strict=False) if len("".join(gram)) > 8)
    twice = (gram for gram, count in grams.items() if count > 1)
    return next((" ".join(gram) for gram in twice if sum(word not in _SMALL for word in gram) >= content), None)


def repeated_run(text: str, words: int = 6) -> str | None:
    """Return ``words`` words in a row that stand twice in ``text``, which is more than a repetition for effect."""
    runs = Counter(_runs(text, words, frozenset()))
    return next((" ".join(run) for run, count in runs.items() if count > 1), None)


def names_in(text: str) -> list[str]:
    """Return the runs of capitalised words that no sentence begins with: names, in scripts that have capitals."""
    return _CAPITAL.findall(text)


def example_texts(prompt: Prompt) -> list[str]:
    """Return what a prompt's examples say, without the beginnings that every reply has (``leads``)."""
    texts = []
    for example in prompt.examples:
        for field, reply in example.reply.items():
            begun = (_begins(lead, str(reply)) for lead in prompt.head.leads.get(field, ()))
            texts.append(str(reply)[max((0, *begun)) :])
    return texts


def _begins(lead: str, text: str) -> int:
    """Return the length of the part of ``text`` that ``lead``, with any values for its variables, makes."""
    pattern = re.sub(r"\\\$(?:\\\{[a-z_]+\\\}|[a-z_]+)", ".{1,60}?", re.escape(lead)) + r"(?!\w)"
    found = re.match(pattern, text)
    return found.end() if found else 0


@lru_cache(maxsize=64)
def word_pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    """Return a pattern that finds any of ``words``: whole words or their plurals; in scripts without spaces, anywhere.

    With no words it finds nothing.
    """
    spaced = [re.escape(word) for word in sorted(words, key=len, reverse=True) if word.isascii()]
    dense = [re.escape(word) for word in sorted(words, key=len, reverse=True) if not word.isascii()]
    alternatives = [*([rf"\b(?:{'|'.join(spaced)})(?:e?s)?\b"] if spaced else []), *dense]
    return re.compile("|".join(alternatives) or r"(?!)", re.IGNORECASE)
