"""What an NPC must keep to be used: it is of its world, it is a whole, and it is nobody's copy."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

from simulator.models.world import TermKind, World
from simulator.population.tokens import jaccard, word_grams, word_list
from simulator.prompts.template import load_prompt
from simulator.roles.checks import (
    example_texts,
    leftover,
    names_in,
    repeated_words,
    shared_run,
    unfinished,
    word_pattern,
)
from simulator.roles.guards.language import script_of
from simulator.roles.npc_draft import TEXT_FIELDS, NpcBrief, NpcDraft
from simulator.roles.role import Check

__all__ = ["npc_checks"]

NpcCheck = Check[NpcBrief, NpcDraft]
TextRule = Callable[[World, NpcBrief, str], str | None]

_KINDS: dict[str, TermKind] = {
    "race": "races",
    "occupation": "occupations",
    "faction": "factions",
    "place": "places",
}
_LEAST_WORDS = {"appearance": 6, "personality": 4, "background": 6, "quest": 6, "greeting": 5}
_RUN = 6
"""Words in a row that nobody writes twice by chance: shorter runs are idiom, longer ones would let copies pass."""

_SPEECH = re.compile(
    r"[?!？！]|\b(?:i|i'm|i've|you|your|me|my|we|us|our|come|welcome|stop)\b|[你您我咱]", re.IGNORECASE
)
_ARTICLE = re.compile(r"^(?:the|an?) ")
_TOLD = re.compile(r"\b(?:says|said|asks|asked|replies|speaks|tells)\b|说道|问道", re.IGNORECASE)
_OTHER_PRONOUN = {"she": frozenset({"he", "him", "his", "himself"}), "he": frozenset({"she", "her", "hers", "herself"})}
_NAME = re.compile(r"[^\W\d_]+(?:[ '’·.-]+[^\W\d_]+)*")
_CHAT = re.compile(
    r"\b(?:our world|real world|modern|visitors? (?:is|are) asked|the (?:user|player|character|npc|persona))\b", re.I
)


def npc_checks(world: World) -> tuple[NpcCheck, ...]:
    """Return the checks of the NPC writer for ``world``, in the order of trying."""
    settled = (*(_settled(world, field) for field in _KINDS), _name(world))
    rules: tuple[tuple[str, TextRule], ...] = (
        ("leftover", _leftover),
        ("unfinished", _unfinished),
        ("script", _script),
        ("forbidden", _forbidden),
        ("stranger", _stranger),
        ("repetition", _repetition),
        ("copy_of_lore", _copy_of_lore),
        ("copy_of_persona", _copy_of_persona),
        ("copy_of_example", _copy_of_example),
    )
    texts = [_text_check(world, field, name, rule) for field in TEXT_FIELDS for name, rule in rules]
    own = (
        Check("trade_as_looks", _trade_as_looks, "appearance"),
        Check("no_goal", _no_goal(world), "quest"),
        Check("not_speech", _not_speech, "greeting"),
    )
    pronouns = tuple(_pronoun(field) for field in ("appearance", "personality", "background"))
    return (*settled, *map(_short, TEXT_FIELDS), *texts, *own, *pronouns, *(_alike(field) for field in TEXT_FIELDS[1:]))


def _text_check(world: World, field: str, name: str, rule: TextRule) -> NpcCheck:
    def test(brief: NpcBrief, draft: NpcDraft) -> str | None:
        found = rule(world, brief, getattr(draft, field))
        return f"{field} {found}" if found else None

    return Check(name, test, field)


def _short(field: str) -> NpcCheck:
    def test(_brief: NpcBrief, draft: NpcDraft) -> str | None:
        count = len(word_list(getattr(draft, field)))
        return f"{field} has {count} words, too few" if count < _LEAST_WORDS[field] else None

    return Check("short", test, field)


def _leftover(_world: World, _brief: NpcBrief, text: str) -> str | None:
    found = leftover(text) or (match.group() if (match := _CHAT.search(text)) else None)
    return f"speaks of the task ({found!r})" if found else None


def _unfinished(_world: World, _brief: NpcBrief, text: str) -> str | None:
    found = unfinished(text)
    return f"does not end as a sentence ({found!r})" if found else None


def _script(world: World, _brief: NpcBrief, text: str) -> str | None:
    wanted = script_of(world.lore)
    found = script_of(text)
    return f"is not in the script of the world's language ({found})" if found and wanted and found != wanted else None


def _forbidden(world: World, _brief: NpcBrief, text: str) -> str | None:
    found = word_pattern(world.forbidden).search(text)
    return f"has {found.group()!r}, which does not exist in the world" if found else None


def _stranger(world: World, brief: NpcBrief, text: str) -> str | None:
    known = _known(world) | word_grams(" ".join((brief.name, *(tie.name for tie in brief.ties))))
    found = next((name for name in names_in(text) if not word_grams(name) <= known), None)
    return f"names {found!r}, who or which is not of the world" if found else None


def _repetition(_world: World, _brief: NpcBrief, text: str) -> str | None:
    found = repeated_words(text)
    return f"repeats {found!r}" if found else None


def _copy_of_lore(world: World, brief: NpcBrief, text: str) -> str | None:
    lines = [world.about("races", brief.race), world.about("occupations", brief.occupation), brief.thing, brief.place]
    known = word_grams(" ".join((*lines, brief.name, brief.thing_place)))
    found = shared_run(text, (world.lore,), _RUN, known)
    return f"copies the lore ({found!r})" if found else None


def _copy_of_persona(_world: World, brief: NpcBrief, text: str) -> str | None:
    found = shared_run(text, (brief.persona,), _RUN - 1)
    return f"copies the persona ({found!r}) instead of moving it into the world" if found else None


def _copy_of_example(_world: World, brief: NpcBrief, text: str) -> str | None:
    known = word_grams(" ".join((brief.name, brief.place, brief.thing, brief.thing_place)))
    found = shared_run(text, _examples(), _RUN, known)
    return f"copies an example ({found!r})" if found else None


@cache
def _examples() -> tuple[str, ...]:
    prompts = [load_prompt("npc_writer", "standard"), load_prompt("npc_writer", "small")]
    return tuple(written for prompt in prompts for written in example_texts(prompt))


@cache
def _example_names() -> frozenset[str]:
    prompts = [load_prompt("npc_writer", "standard"), load_prompt("npc_writer", "small")]
    told = [example.values.get("first", "") for prompt in prompts for example in prompt.examples]
    return word_grams(" ".join(told))


@cache
def _known(world: World) -> frozenset[str]:
    terms = [
        f"{term.name} {term.about}"
        for kind in ("races", "occupations", "factions", "places", "things")
        for term in getattr(world, kind)
    ]
    return word_grams(" ".join((world.title, world.summary, world.lore, *terms)))


def _settled(world: World, field: str) -> NpcCheck:
    kind = _KINDS[field]
    allowed = frozenset(term.name for term in world.terms(kind))

    def test(brief: NpcBrief, draft: NpcDraft) -> str | None:
        wanted, got = getattr(brief, field), getattr(draft, field)
        if wanted:
            return None if got in ("", wanted) else f"{field} must be {wanted!r}, not {got!r}"
        return None if got in allowed or (not allowed and not got) else f"{field} {got!r} is not one of the {kind}"

    return Check("not_in_world", test, field)


def _name(world: World) -> NpcCheck:
    def test(brief: NpcBrief, draft: NpcDraft) -> str | None:
        if brief.name:
            return None if draft.name in ("", brief.name) else f"the name must be {brief.name!r}, not {draft.name!r}"
        if len(word_list(draft.name)) > 6 or not _NAME.fullmatch(draft.name):
            return f"{draft.name!r} is not a name"
        first = word_list(draft.name)[0]
        if first in word_grams(world.lore) or _forbidden(world, brief, draft.name):
            return f"the name {draft.name!r} is a word of the lore or of the real world"
        return "the name is taken from an example" if first in _example_names() else None

    return Check("name", test, "name")


def _trade_as_looks(brief: NpcBrief, draft: NpcDraft) -> str | None:
    told = brief.occupation and brief.occupation.casefold() in draft.appearance.casefold()
    return f"appearance tells the trade ({brief.occupation}) instead of the looks" if told else None


def _no_goal(world: World) -> Callable[[NpcBrief, NpcDraft], str | None]:
    names = [term.name for term in (*world.things, *world.places)]

    def test(brief: NpcBrief, draft: NpcDraft) -> str | None:
        wanted = [brief.thing] if brief.thing else names
        if any(_ARTICLE.sub("", name.casefold()) in draft.quest.casefold() for name in wanted):
            return None
        missing = brief.thing or "a thing or a place of the world"
        return f"quest has no goal in the world: it must name {missing}"

    return test


def _not_speech(brief: NpcBrief, draft: NpcDraft) -> str | None:
    if _TOLD.search(draft.greeting) or not _SPEECH.search(draft.greeting):
        return "greeting is not what the person says, in the first person"
    if brief.first and re.match(rf"{re.escape(brief.first)}\b(?! here)", draft.greeting):
        return "greeting begins with the speaker's own name"
    return None


def _pronoun(field: str) -> NpcCheck:
    def test(brief: NpcBrief, draft: NpcDraft) -> str | None:
        wrong = set(word_list(getattr(draft, field))) & _OTHER_PRONOUN.get(brief.pronoun, frozenset())
        return f"{field} speaks of {brief.pronoun!r} as {min(wrong)!r}" if wrong else None

    return Check("pronoun", test, field)


def _alike(field: str) -> NpcCheck:
    def test(_brief: NpcBrief, draft: NpcDraft) -> str | None:
        own = word_grams(getattr(draft, field))
        for other in TEXT_FIELDS[: TEXT_FIELDS.index(field)]:
            if jaccard(own, word_grams(getattr(draft, other))) > 0.5:
                return f"{field} says the same as {other}"
        return None

    return Check("same_as_another", test, field)
