"""Whether the goal of a conversation was reached: by rule, from what the other side said, never from a claim."""

from __future__ import annotations

import re
from collections.abc import Sequence

from simulator.models.conversation import Goal, Turn
from simulator.models.situation import Success
from simulator.roles.guards.repetition import is_farewell, is_thanks
from simulator.roles.guards.words import sentences

__all__ = ["claims", "gives_up", "goal_by_rule"]

_CLAIMS = re.compile(
    r"\b(?:that(?:'s| is| was) (?:all|everything|exactly|just|precisely|what) (?:that )?(?:i|we) "
    r"(?:need|want|was looking|came)|(?:that|this) (?:solves|settles|answers|fixes|does) (?:it|that|my|everything)|"
    r"problem solved|all set now|(?:i|we) have (?:all|everything|what) (?:that )?(?:i|we) (?:need|want)|"
    r"now it works|it works now)",
    re.IGNORECASE,
)
_GIVES_UP = re.compile(
    r"\b(?:never mind|forget (?:it|about it)|i(?:'ll| will| must| have to)? give up|i(?:'m| am) giving up|"
    r"this (?:is|was) (?:no use|useless|pointless|hopeless)|"
    r"(?:i'?ll|i will|i'?m going to) (?:ask|try|find|go to) (?:someone|somebody|something|somewhere) else|"
    r"(?:i'?ll|i will|i'?m going to) look elsewhere|"
    r"you (?:can'?t|cannot|could not|couldn'?t) help me|this is getting (?:me )?nowhere)\b",
    re.IGNORECASE,
)
_NEGATED = re.compile(
    r"\b(?:not|cannot|never|unable|unfortunately|sorry|regret|impossible|nor|neither|no longer|refused?|denied)\b"
    r"|\bunless\b|n['’]t\b|\bno\b",
    re.IGNORECASE,
)


def claims(turn: str) -> bool:
    """Return whether a user's turn says that they have what they came for, or takes leave as if they had.

    Who gives up claims nothing, however friendly the goodbye.
    """
    return not gives_up(turn) and (bool(_CLAIMS.search(turn)) or is_thanks(turn) or is_farewell(turn))


def gives_up(turn: str) -> str | None:
    """Return the words by which a user's turn gives up, if it does."""
    found = _GIVES_UP.search(turn)
    return found.group() if found else None


def goal_by_rule(success: Success, turns: Sequence[Turn]) -> Goal | None:
    """Return whether each pattern of ``success`` was said by the other side; ``None`` when it has none.

    A match in a question, or in a sentence that denies something while the match itself does not, promises nothing
    and does not count ("we cannot deliver on Saturday").
    """
    if not success.said:
        return None
    found = {pattern: _promised(pattern, turns) for pattern in success.said}
    missing = [pattern for pattern, sentence in found.items() if sentence is None]
    claimed = any(turn.role == "user" and claims(turn.content) for turn in turns)
    evidence = f"nobody said {missing[0]!r}" if missing else " / ".join(dict.fromkeys(map(str, found.values())))
    return Goal(name="goal", holds=not missing, by="rule", evidence=evidence, claimed=claimed)


def _promised(pattern: str, turns: Sequence[Turn]) -> str | None:
    for turn in turns:
        for sentence in sentences(turn.content) if turn.role == "assistant" else ():
            match = re.search(pattern, sentence, re.IGNORECASE)
            if match and not sentence.endswith("?") and (not _NEGATED.search(sentence) or _NEGATED.search(match[0])):
                return sentence
    return None
