"""What an NPC must keep to be used: it is of its world, it is a whole, and it is nobody's copy."""

from __future__ import annotations

import re
from collections.abc import Callable

from simulator.models.world import TermKind, World
from simulator.population.tokens import jaccard, word_grams, word_list
from simulator.roles.npc_draft import MORE_TEXTS, TEXT_FIELDS, NpcBrief, NpcDraft
from simulator.roles.npc_rules import NamedRule, example_names, forbidden, text_rules
from simulator.roles.role import Check

__all__ = ["npc_checks"]

NpcCheck = Check[NpcBrief, NpcDraft]

_KINDS: dict[str, TermKind] = {
    "race": "races",
    "occupation": "occupations",
    "faction": "factions",
    "place": "places",
}
_LEAST_WORDS = {"appearance": 6, "personality": 4, "background": 6, "quest": 6, "greeting": 5}
_ALIKE = 0.4  # Jaccard of words; two texts on one person share the name and the trade, which alone make 0.1 to 0.3
_SPEECH = re.compile(
    r"[?!？！]|\b(?:i|i'm|i've|you|your|me|my|we|us|our|come|welcome|stop)\b|[你您我咱]", re.IGNORECASE
)
_ARTICLE = re.compile(r"^(?:the|an?) ")
_TOLD = re.compile(r"\b(?:says|said|asks|asked|replies|speaks|tells)\b|说道|问道", re.IGNORECASE)
_PRONOUNS = {"she": frozenset({"she", "her", "hers", "herself"}), "he": frozenset({"he", "him", "his", "himself"})}
_OTHER = {"she": "he", "he": "she"}
_NAME = re.compile(r"[^\W\d_]+(?:[ '’·.-]+[^\W\d_]+)*")


def npc_checks(world: World) -> tuple[NpcCheck, ...]:
    """Return the checks of the NPC writer for ``world``, in the order of trying."""
    settled = (*(_settled(world, field) for field in _KINDS), _name(world))
    rules = text_rules(world)
    texts = [_text_check(field, rule) for field in TEXT_FIELDS for rule in rules]
    more = [_more_check(field, rule) for field in ("tie_line", *MORE_TEXTS) for rule in rules]
    lines = [_lines_check(rule) for rule in rules]
    own = (
        Check("trade_as_looks", _trade_as_looks, "appearance"),
        Check("no_goal", _no_goal(world), "quest"),
        Check("not_speech", _not_speech, "greeting", crutch=True),
        Check("not_speech", _narrated, "greeting"),
    )
    pronouns = tuple(check for field in TEXT_FIELDS[:-1] for check in _pronoun(field))
    alike = tuple(_alike(field) for field in TEXT_FIELDS[1:])
    return (*settled, _fields(world), *map(_short, TEXT_FIELDS), *texts, *more, *lines, *own, *pronouns, *alike)


def _text_check(field: str, named: NamedRule) -> NpcCheck:
    def test(brief: NpcBrief, draft: NpcDraft) -> str | None:
        found = named.rule(brief, getattr(draft, field))
        return f"{field} {found}" if found else None

    return Check(named.name, test, field, crutch=named.crutch)


def _more_check(field: str, named: NamedRule) -> NpcCheck:
    """Return a check of a text that may be left out."""

    def test(brief: NpcBrief, draft: NpcDraft) -> str | None:
        text = getattr(draft, field)
        found = named.rule(brief, text) if text else None
        return f"{field} {found}" if found else None

    return Check(named.name, test, field, crutch=named.crutch)


def _lines_check(named: NamedRule) -> NpcCheck:
    def test(brief: NpcBrief, draft: NpcDraft) -> str | None:
        found = next((found for line in draft.lines if (found := named.rule(brief, line))), None)
        return f"a line {found}" if found else None

    return Check(named.name, test, "lines", crutch=named.crutch)


def _fields(world: World) -> NpcCheck:
    """Return the check of the designer's fields: each value that is given is one of the field's."""

    def test(_brief: NpcBrief, draft: NpcDraft) -> str | None:
        given = draft.fields.model_dump()
        for field in world.fields:
            value = given.get(field.name)
            if value is not None and not field.allows(value):
                return f"{value!r} does not fit the field {field.said()}"
        return None

    return Check("not_in_world", test, "fields")


def _short(field: str) -> NpcCheck:
    def test(_brief: NpcBrief, draft: NpcDraft) -> str | None:
        count = len(word_list(getattr(draft, field)))
        return f"{field} has {count} words, too few" if count < _LEAST_WORDS[field] else None

    return Check("short", test, field)


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
    absent, lore = forbidden(world), word_grams(world.lore)

    def test(brief: NpcBrief, draft: NpcDraft) -> str | None:
        if brief.name:
            return None if draft.name in ("", brief.name) else f"the name must be {brief.name!r}, not {draft.name!r}"
        if len(word_list(draft.name)) > 6 or not _NAME.fullmatch(draft.name):
            return f"{draft.name!r} is not a name"
        first = word_list(draft.name)[0]
        if first in lore or absent(brief, draft.name):
            return f"the name {draft.name!r} is a word of the lore or of the real world"
        return "the name is taken from an example" if first in example_names() else None

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


def _narrated(brief: NpcBrief, draft: NpcDraft) -> str | None:
    """Find a greeting that tells of the speaker (*Odo looks up and says*), which "They said you would come" is not."""
    who = "|".join((*([re.escape(brief.first)] if brief.first else []), "he", "she"))
    if not re.match(rf"(?:{who})\b", draft.greeting, re.IGNORECASE):
        return None
    told = rf"(?:{who})(?: \w+)? (?:{_TOLD.pattern}|(?:looks|nods|smiles|greets|turns|waits|stands)\b)"
    narrated = not _SPEECH.search(draft.greeting) or re.match(told, draft.greeting, re.IGNORECASE)
    return "greeting is not what the person says, in the first person" if narrated else None


def _pronoun(field: str) -> tuple[NpcCheck, ...]:
    """Return the check for small models, who speak of nobody else, and the one for those who do.

    A capable model tells of others too ("gave her his word"), in a quest more than of the NPC. Elsewhere, what only has
    the other pronoun, and names nobody whose it could be, speaks of the NPC.
    """

    def wrong(brief: NpcBrief, draft: NpcDraft) -> str | None:
        said = set(word_list(getattr(draft, field))) & _PRONOUNS.get(_OTHER.get(brief.pronoun, ""), frozenset())
        return f"{field} speaks of {brief.pronoun!r} as {min(said)!r}" if said else None

    def clearly(brief: NpcBrief, draft: NpcDraft) -> str | None:
        words = set(word_list(getattr(draft, field)))
        others = {word for tie in brief.ties for word in word_list(tie.name)[:1]}
        own = _PRONOUNS.get(brief.pronoun, frozenset())
        return None if words & (own | others) else wrong(brief, draft)

    strict = Check("pronoun", wrong, field, crutch=True)
    return (strict,) if field == "quest" else (strict, Check("pronoun", clearly, field))


def _alike(field: str) -> NpcCheck:
    def test(_brief: NpcBrief, draft: NpcDraft) -> str | None:
        own = word_grams(getattr(draft, field))
        for other in TEXT_FIELDS[: TEXT_FIELDS.index(field)]:
            if jaccard(own, word_grams(getattr(draft, other))) > _ALIKE:
                return f"{field} says the same as {other}"
        return None

    return Check("same_as_another", test, field)
