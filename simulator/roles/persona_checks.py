"""What the description of a person must keep. Shared by T2P and P2P."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from simulator.models.base import Record
from simulator.population.quality.flaws import instruction_leftover, mentions_individual, not_a_person, several_people
from simulator.population.quality.languages import guess_language
from simulator.population.tokens import word_grams, word_list
from simulator.roles.checks import copied, leftover, repeated_words
from simulator.roles.detail import WORDS
from simulator.roles.guards.language import script_of
from simulator.roles.people_words import head_phrase, names_person
from simulator.roles.role import Check

__all__ = ["Described", "persona_checks", "who_checks"]

_MOST_WHO_WORDS = 6
_SOURCE_RUN = 7
_EXAMPLE_RUN = 6

_TWICE = re.compile(r"\b(\w{3,})(?:[ ,]+| and )\1\b", re.IGNORECASE)
_LISTED = re.compile(r"^an? [^,]{3,40}, (?:and )?an? [^,]{3,40}, and an? ", re.IGNORECASE)
_UNFIT = re.compile(
    r"\b(?:prostitut\w*|porn\w*|sex(?:ual\w*|y)?|rap(?:e|ist)s?|naked|nude|whores?|slaves?)\b", re.IGNORECASE
)
_MACHINE = re.compile(r"^(?:an?|the) (?:[\w-]+ ){0,3}(?:AI|A\.I\.|robot|chatbot|language model)\b", re.IGNORECASE)
_VAGUE = word_grams(
    "a an the person individual professional man woman craftsman worker expert specialist employee member somebody "
    "someone enthusiast lover skilled experienced creative busy young retired local old talented middle aged year "
    "freelance full time self employed human male female adult character one writer owner"
)
_FIRST_PERSON = re.compile(r"\b(?:I|I['’]m|I['’]ve|me|my|mine|myself|we|our|ours|us|you|your|yours)\b")
_NUMBERED = word_grams("type class part phase stage grade level tier category")
_SPEAKS_OF_TASK = re.compile(
    r"\b(?:this|the|these|a|their) (?:[\w-]+ )?(?:texts?|articles?|passages?|descriptions?|summary|paragraphs?|prompt|"
    r"sentences?|key ?words?|persona|occupation|profession|scenario|question|user)\b"
    r"|\b(?:these|those) (?:words|things|topics|tasks)\b|\boccupations?\b|\bdaily (?:work|tasks?|job) (?:is|are)\b"
    r"|\b(?:mentioned|listed|described) (?:earlier|above|here|in)\b|\bwrote (?:it|this|that)\b|\bfictional\b"
    r"|\bcharacters? in\b",
    re.IGNORECASE,
)
_DANGLING = re.compile(
    r"(?:[,;:(–-]|\b(?:a|an|the|and|or|but|than|because|if|which|who|whose|their|its|including|Dr|Mr|Mrs|Ms|isn|doesn))"
    r"\.?$",
    re.IGNORECASE,
)
_SELDOM_LAST = re.compile(
    r"\b(?:of|to|with|for|from|in|on|at|by|his|her|is|are|as|that|such|often|very|more|St|they|he|she|s)\.?$",
    re.IGNORECASE,
)
"""Words that a sentence may end with ("the house that she grew up in"), but a small model's seldom does."""


class Described(Protocol):
    """An output that describes a person."""

    @property
    def persona(self) -> str:
        """One or two sentences, or a noun phrase."""
        ...


Sources = Callable[[Any], str]


def who_checks() -> tuple[Check[Any, Any], ...]:
    """Return the checks of a field ``who``: what somebody is, in a few words."""

    def left_out(output: Any) -> bool:  # a prompt that asks for the whole at once needs no name before it
        return not output.who and bool(getattr(output, "persona", ""))

    def vague(_inputs: Record, output: Any) -> str | None:
        if left_out(output):
            return None
        words = word_list(output.who)
        if not 1 < len(words) <= _MOST_WHO_WORDS + 1:
            return f"{output.who!r} has {len(words)} words; it must name what the person is, in up to {_MOST_WHO_WORDS}"
        return f"{output.who!r} says nothing of the person" if set(words) <= _VAGUE else None

    def thing(_inputs: Record, output: Any) -> str | None:
        person = left_out(output) or (names_person(output.who) and not _MACHINE.search(output.who))
        return None if person or not output.who.isascii() else f"{output.who!r} is no person"

    return (Check("vague", vague, "who"), Check("not_a_person", thing, "who", crutch=True))


def persona_checks(source: Sources, examples: Sequence[str]) -> tuple[Check[Any, Any], ...]:
    """Return the checks of a field ``persona``.

    Args:
        source: From the inputs to the text that the person came from, which must not be copied.
        examples: Descriptions in the role's own prompts, which must not come back.
    """
    rules: tuple[tuple[str, Callable[[str, str], str | None]], ...] = (
        ("leftover", _leftover),
        ("speaks_of_task", _speaks_of_task),
        ("first_person", _first_person),
        ("several_people", _several),
        ("not_a_person", _not_a_person),
        ("not_a_person", _no_known_person),
        ("named", _named),
        ("unfit", _unfit),
        ("quoted", _quoted),
        ("unfinished", _unfinished),
        ("unfinished", _seldom_last),
        ("repetition", _repetition),
        ("language", _language),
        ("copy_of_source", lambda text, origin: copied(text, [origin], _SOURCE_RUN, "the source")),
        ("copy_of_example", lambda text, _origin: copied(text, examples, _EXAMPLE_RUN)),
    )
    made = [_check(name, rule, source, crutch=rule in _CRUTCHES) for name, rule in rules]
    place = [name for name, _ in rules].index("unfinished")
    return (*made[:place], Check("length", _length, "persona"), *made[place:])


def _check(name: str, rule: Callable[[str, str], str | None], source: Sources, *, crutch: bool) -> Check[Any, Any]:
    def test(inputs: Record, output: Described) -> str | None:
        return rule(output.persona, source(inputs))

    return Check(name, test, "persona", crutch=crutch)


def _leftover(text: str, _origin: str) -> str | None:
    flaw = instruction_leftover(text)
    found = flaw.found if flaw else leftover(text)
    return f"it holds words of the task, not of a person ({found!r})" if found else None


def _speaks_of_task(text: str, _origin: str) -> str | None:
    found = _SPEAKS_OF_TASK.search(text)
    return f"it speaks of the text or the task ({found.group()!r}) instead of a person's life" if found else None


def _first_person(text: str, _origin: str) -> str | None:
    found = next((one for one in _FIRST_PERSON.finditer(text) if not _counts(text, one)), None)
    return f"it must describe somebody in the third person ({found.group()!r})" if found else None


def _counts(text: str, found: re.Match[str]) -> bool:
    """Return whether an "I" is the numeral of what stands before it ("type I diabetes", "World War I")."""
    before = text[: found.start()].split()
    return found.group() == "I" and bool(before) and (before[-1] in _NUMBERED or before[-1][:1].isupper())


def _quoted(text: str, _origin: str) -> str | None:
    return "it has words in quotes; describe a life" if '"' in text else None


def _not_a_person(text: str, _origin: str) -> str | None:
    flaw, machine = not_a_person(text), _MACHINE.search(text)
    if flaw or machine:
        return f"it does not describe a person ({flaw.found if flaw else machine and machine.group()!r})"
    return None


def _no_known_person(text: str, _origin: str) -> str | None:
    """Find a head noun that is on no list of people: most that a small model says of a text is a thing."""
    if script_of(text) != "LATIN" or guess_language(text) not in ("en", None):
        return None  # which nouns are people is known for English only
    head = head_phrase(text)
    return None if names_person(head) else f"{head!r} is no person"


def _several(text: str, _origin: str) -> str | None:
    flaw, listed = several_people(text), _LISTED.search(text)
    found = flaw.found if flaw else listed and listed.group()
    return f"it describes several people ({found!r}); describe one" if found else None


def _unfit(text: str, _origin: str) -> str | None:
    found = _UNFIT.search(text)
    return f"it is not fit to show ({found.group()!r})" if found else None


def _named(text: str, _origin: str) -> str | None:
    flaw = mentions_individual(text)
    return f"it names somebody ({flaw.found!r}); describe the person without a name" if flaw else None


def _length(inputs: Any, output: Any) -> str | None:
    text = output.persona
    count = len(word_list(text))
    least, most = WORDS[inputs.granularity]
    if script_of(text) == "CJK":
        least, most = least + 2, 3 * most
    return None if least <= count <= most else f"it has {count} words; {least} to {most} are wanted"


def _unfinished(text: str, _origin: str) -> str | None:
    found = _DANGLING.search(text.strip())
    return f"it breaks off ({text[-30:]!r})" if found else None


def _seldom_last(text: str, _origin: str) -> str | None:
    found = _SELDOM_LAST.search(text.strip())
    return f"it breaks off ({text[-30:]!r})" if found else None


def _repetition(text: str, _origin: str) -> str | None:
    twice = _TWICE.search(text)
    word = twice.group() if twice else repeated_words(text)
    return f"it repeats {word!r}" if word else None


def _language(text: str, origin: str) -> str | None:
    here, there = script_of(text), script_of(origin)
    if here and there and here not in ("LATIN", there):
        return f"it is in {here.title()} script"
    spoken, expected = guess_language(text), guess_language(origin)
    return f"it is in another language ({spoken})" if spoken not in (None, "en", expected) else None


_CRUTCHES = frozenset({_no_known_person, _unfit, _quoted, _seldom_last, _repetition})
"""Rules for small models: their word lists and counts would turn down what a capable model means."""
