"""Names in a text, and whether there is what they name: people, places, factions, things and tools.

It looks for words that a text marks as names: by a capital letter where no sentence begins, by what only people do
(*Karl says*), or by the spelling of tools (``check_price``). Scripts without capitals have no such mark; there only
tools are found.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from simulator.population.names.common_words import COMMON_WORDS
from simulator.population.names.known_names import Known
from simulator.population.tokens import sentences, word_grams, word_list

__all__ = ["TITLES", "Mention", "mentions", "unknown_names"]

_CAPITAL = r"[A-ZÀ-ÖØ-Þ][\w'’-]*"
_JOINED = rf"{_CAPITAL}(?: (?:(?:of|on|in|under|over|the|and|de|van|von) (?:the )?)?{_CAPITAL})*"
_RUN = re.compile(rf"(?<![\w'’-]){_JOINED}")
_TOOL = re.compile(r"(?<![\w/.@-])[a-z]+(?:_[a-z0-9]+)+(?![\w/])")
_OPENS = re.compile(r"(?:^|[.!?…:;]|[—–]|\n)\s*[\"'“‘«(*\-•]*\s*$|[\"“«]\s*$")
"""What stands before a word that has its capital from its place."""

_NEAR = 40
"""Characters before a word in which that is looked for."""

_DOES = re.compile(
    r"^(?:'s|’s)? (?:says?|said|tells?|told|asked|asks|wants|thinks|knows|knew|lives|lived|promised|married|swears|"
    r"swore|works|worked|sells|sold|gave|gives|owes|owed|taught|teaches|and I\b)"
)
"""What only people do: at the beginning of a sentence it makes a name of the word before it."""

_OWNS = re.compile(r"['’]s$")
TITLES = word_grams(
    "mr mrs ms miss dr master mistress captain sir lady lord aunt auntie uncle old young mother father brother sister "
    "grandmother grandfather grandma grandpa mum dad mom warden keeper madam madame saint judge widow healer"
)
"""Words before a name that are none by themselves: *Old Bram*, *Grandfather*."""

_CALENDAR = word_grams(
    "monday tuesday wednesday thursday friday saturday sunday january february march april may june july august "
    "september october november december"
)
_NO_NAMES = word_grams(
    "i ok okay oh ah hm hmm well yes no hello hi hey thanks thank you your yours we our he she it they the a an "
    "and but or so if my this that these those there here what who how why when where which whose not do does "
    "let please good sorry welcome come go take bring ask look listen wait never always maybe perhaps sure all "
    "any some in on at of to by for from with as is are was be been am its his her their them us me him nobody "
    "everybody both one two three now then just only even also too very"
)
_SMALL = word_grams("of on in under over the and de van von")


@dataclass(frozen=True)
class Mention:
    """A name that a text says.

    Attributes:
        name: As it stands there.
        kind: Whether it is the name of a ``tool``, by its spelling.
        known: Whether it exists.
    """

    name: str
    kind: str
    known: bool


def mentions(text: str, known: Known) -> Iterator[Mention]:
    """Yield the names that ``text`` says, each with whether it exists, in their order."""
    for found in _TOOL.finditer(text):
        yield Mention(found.group(), "tool", known.has_tool(found.group()))
    for sentence in sentences(text):
        for found in _RUN.finditer(sentence):
            name = _name(found, sentence, known)
            for one in _apart(name, known) if name else ():
                yield Mention(one, "name", _exists(one, known))


def unknown_names(text: str, known: Known) -> list[str]:
    """Return the names in ``text`` that do not exist, each once."""
    return list(dict.fromkeys(one.name for one in mentions(text, known) if not one.known))


def _apart(name: str, known: Known) -> list[str]:
    """Return the names in "Fenn and Stelle"; a name that has "and" in it and exists is one."""
    return [name] if known.has(name) else [part for part in re.split(r" and (?:the )?", name) if part]


def _name(found: re.Match[str], sentence: str, known: Known) -> str:
    """Return the name in a run of capitalised words; empty when their capitals mean nothing."""
    words = found.group().split(" ")
    first = bool(_OPENS.search(sentence[max(0, found.start() - _NEAR) : found.start()]))
    while words and _plain(words[0]):
        words, first = words[1:], False
        while words and words[0] in _SMALL:
            words = words[1:]
    if first and words:
        words = _at_the_beginning(words, sentence[found.end() :], known)
    while words and (words[-1] in _SMALL or _plain(words[-1])):
        words = words[:-1]
    while len(words) > 1 and words[0].casefold() in TITLES and not known.has(" ".join(words)):
        words = words[1:]
    name = re.sub(r"['’]s?$", "", " ".join(words))
    return "" if _spoken(name) <= _CALENDAR | TITLES or name.isupper() else name


def _at_the_beginning(words: list[str], after: str, known: Known) -> list[str]:
    """Return what is a name of the words that a sentence begins with."""
    if known.has(" ".join(words)):
        return words
    common = words[0].casefold() in COMMON_WORDS or known.speaks(words[0]) or _plain(words[0])
    if len(words) > 1:
        rest = words[1:]
        while rest and rest[0] in _SMALL:
            rest = rest[1:]
        return rest if common and not known.names(words[0]) else words
    owns = _OWNS.search(words[0]) and _OWNS.sub("", words[0]).casefold() not in COMMON_WORDS
    return words if not common and (owns or _DOES.search(after)) else []


def _plain(word: str) -> bool:
    return word.replace("’", "'").casefold() in _NO_NAMES or re.sub(r"['’]\w+$", "", word).casefold() in _NO_NAMES


def _spoken(name: str) -> frozenset[str]:
    return frozenset(word_list(name))


def _exists(name: str, known: Known) -> bool:
    """Return whether there is ``name``: as it stands, without a title, or as names one after the other."""
    words = [word for word in name.split(" ") if re.sub(r"\W", "", word).casefold() not in TITLES | _CALENDAR]
    return not words or _covered(words, known)


def _covered(words: list[str], known: Known) -> bool:
    if known.has(" ".join(words)):
        return True
    # "the Tide Court and Gull Tower" is a run of two names.
    joints = [place for place, word in enumerate(words) if word in _SMALL and 0 < place < len(words) - 1]
    return any(
        known.has(" ".join(words[:place])) and _covered([w for w in words[place + 1 :] if w not in _SMALL] or [], known)
        for place in joints
    )
