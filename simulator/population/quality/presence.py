"""Which people texts seldom speak of, and how many of them a population has.

Text-to-Persona finds those who write or are written about. Persona-to-Persona is there for the others: children, the
old, those without work, those whose work nobody sees (Persona Hub, section 2.2). A list of words tells them roughly;
it is used to ask for more of those of whom there are few, not to judge a single persona.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["GROUPS", "presence"]


def _pattern(words: str, more: str = "") -> re.Pattern[str]:
    listed = "|".join(words.split())
    return re.compile(rf"\b(?:{listed})\b{'|' + more if more else ''}", re.IGNORECASE)


GROUPS: dict[str, re.Pattern[str]] = {
    "children": _pattern(
        "child boy girl toddler kid baby infant schoolboy schoolgirl schoolchild pupil teenager teenage toddlers",
        r"\b(?:[1-9]|1[0-7]|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|"
        r"sixteen|seventeen)-year-old\b",
    ),
    "old people": _pattern(
        "elderly retired pensioner grandmother grandfather grandparent widow widower octogenarian seventies eighties "
        "nineties",
        r"\b(?:[7-9]\d)-year-old\b|\bage[dr] [7-9]\d\b",
    ),
    "without work": _pattern(
        "unemployed jobless homeless beggar prisoner inmate refugee asylum-seeker undocumented penniless evicted"
    ),
    "unseen work": _pattern(
        "cleaner janitor porter dishwasher farmhand picker labourer laborer caretaker laundress seamstress herder "
        "shepherd nanny maid housekeeper dustman stevedore nightwatchman watchman packer courier sweeper gravedigger "
        "charwoman fruit-picker warehouse night-shift"
    ),
    "at home": _pattern(
        "homemaker housewife househusband stay-at-home carer caregiver foster bedridden housebound convalescent patient"
    ),
}
"""Groups by name; a text that holds one of the words counts as of the group."""


def presence(texts: Iterable[str]) -> dict[str, int]:
    """Return how many of ``texts`` speak of somebody of each group; a text may count for several.

    >>> presence(["a ten-year-old who minds goats", "a retired porter"])["old people"]
    1
    """
    counts = dict.fromkeys(GROUPS, 0)
    for text in texts:
        for group, pattern in GROUPS.items():
            counts[group] += pattern.search(text) is not None
    return counts
