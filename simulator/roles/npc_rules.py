"""What every text of an NPC must keep: it is of the world, in its language and script, and nobody's copy."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

from simulator.models.world import World
from simulator.population.names.mentions import TITLES
from simulator.population.tokens import word_grams, word_list
from simulator.prompts.template import load_prompt
from simulator.roles.checks import (
    example_texts,
    leftover,
    names_in,
    repeated_run,
    repeated_words,
    shared_run,
    unfinished,
    word_pattern,
)
from simulator.roles.guards.language import script_of
from simulator.roles.npc_draft import NpcBrief
from simulator.roles.npc_more import tie_lead

__all__ = ["NamedRule", "TextRule", "example_names", "forbidden", "text_rules"]

TextRule = Callable[[NpcBrief, str], str | None]
"""From the inputs and one text to what is wrong with it, as it follows the field's name."""

_RUN = 6
"""Words in a row that nobody writes twice by chance: shorter runs are idiom, longer ones would let copies pass."""

_CHAT = re.compile(
    r"\b(?:our world|real world|modern|visitors? (?:is|are) asked|the (?:user|player|character|npc|persona))\b", re.I
)


class NamedRule(NamedTuple):
    """A rule, the name of its check, and whether it is for small models only (see :class:`Check`)."""

    name: str
    rule: TextRule
    crutch: bool = False


def text_rules(world: World) -> tuple[NamedRule, ...]:
    """Return the rules for texts of ``world``, in the order of trying."""
    return (
        NamedRule("leftover", _leftover(opening=True), crutch=True),
        NamedRule("leftover", _leftover(opening=False)),
        NamedRule("unfinished", _unfinished),
        NamedRule("script", _script(world)),
        NamedRule("forbidden", forbidden(world)),
        NamedRule("stranger", _stranger(world)),
        NamedRule("repetition", _repetition, crutch=True),
        NamedRule("repetition", _said_again),
        NamedRule("copy_of_lore", _copy_of_lore(world)),
        NamedRule("copy_of_persona", _copy_of_persona),
        NamedRule("copy_of_example", _copy_of_example),
    )


def forbidden(world: World) -> TextRule:
    """Return the rule that finds words of things that do not exist in the world."""
    pattern = word_pattern(world.forbidden)

    def rule(_brief: NpcBrief, text: str) -> str | None:
        found = pattern.search(text)
        return f"has {found.group()!r}, which does not exist in the world" if found else None

    return rule


@cache
def example_names() -> frozenset[str]:
    """Return the names of the people in the prompts' examples."""
    prompts = [load_prompt("npc_writer", "standard"), load_prompt("npc_writer", "small")]
    examples = [example for one in prompts for example in one.examples]
    firsts = [str(one.values.get("first") or one.reply.get("name", "")).split(" ")[0] for one in examples]
    return word_grams(" ".join(firsts))


def _leftover(*, opening: bool) -> TextRule:
    def rule(_brief: NpcBrief, text: str) -> str | None:
        match = _CHAT.search(text)
        found = leftover(text, opening=opening) or (match.group() if match else None)
        return f"speaks of the task ({found!r})" if found else None

    return rule


def _unfinished(_brief: NpcBrief, text: str) -> str | None:
    found = unfinished(text)
    return f"does not end as a sentence ({found!r})" if found else None


def _script(world: World) -> TextRule:
    wanted = script_of(world.lore)

    def rule(_brief: NpcBrief, text: str) -> str | None:
        found = script_of(text)
        wrong = found and wanted and found != wanted
        return f"is not in the script of the world's language ({found})" if wrong else None

    return rule


def _stranger(world: World) -> TextRule:
    terms = (*world.races, *world.occupations, *world.factions, *world.places, *world.things)
    told = [world.title, world.summary, world.lore, *(f"{term.name}. {term.about}" for term in terms)]

    known = _spoken(" . ".join(told))

    def rule(brief: NpcBrief, text: str) -> str | None:
        people = _spoken(" . ".join((brief.name, *(tie.name for tie in brief.ties))))
        names = (name for name in names_in(text) if not word_grams(name) <= TITLES)  # "ask Grandfather" names nobody
        found = next((name for name in names if _spoken(name) not in known + people), None)
        return f"names {found!r}, who or which is not of the world" if found else None

    return rule


def _spoken(text: str) -> str:
    """Return the words of ``text`` with a space on each side, so that a phrase can be found in it."""
    return f" {' '.join(word_list(text))} "


def _repetition(_brief: NpcBrief, text: str) -> str | None:
    found = repeated_words(text)
    return f"repeats {found!r}" if found else None


def _said_again(_brief: NpcBrief, text: str) -> str | None:
    found = repeated_run(text)
    return f"repeats {found!r}" if found else None


def _copy_of_lore(world: World) -> TextRule:
    def rule(brief: NpcBrief, text: str) -> str | None:
        told = [world.about("races", brief.race), world.about("occupations", brief.occupation)]
        known = word_grams(" ".join((*told, brief.name, brief.place, brief.thing, brief.thing_place)))
        found = shared_run(text, (world.lore,), _RUN, known)
        return f"copies the lore ({found!r})" if found else None

    return rule


def _copy_of_persona(brief: NpcBrief, text: str) -> str | None:
    found = shared_run(text, (brief.persona,), _RUN - 1)
    return f"copies the persona ({found!r}) instead of moving it into the world" if found else None


def _copy_of_example(brief: NpcBrief, text: str) -> str | None:
    known = word_grams(" ".join((brief.name, brief.place, brief.thing, brief.thing_place, tie_lead(brief))))
    found = shared_run(text, _examples(), _RUN, known)
    return f"copies an example ({found!r})" if found else None


@cache
def _examples() -> tuple[str, ...]:
    prompts = [load_prompt("npc_writer", "standard"), load_prompt("npc_writer", "small")]
    return tuple(written for prompt in prompts for written in example_texts(prompt))
