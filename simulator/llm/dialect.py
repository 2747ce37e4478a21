"""What one server understands of the chat completion API, learnt from what it refuses."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import Any

from simulator.llm.spec import Structured
from simulator.llm.tiers import Tier, adapt, next_tier
from simulator.transport.setback import Answer

__all__ = ["TEACHING", "Dialect", "refused_tools"]

log = logging.getLogger(__name__)

TEACHING = frozenset({400, 404, 422})
"""Statuses with which servers refuse a parameter that they do not know (OpenAI 400, some gateways 404, FastAPI 422)."""

_FORMAT_WORDS = ("response_format", "json_schema", "json_object", "json mode", "schema", "grammar", "structured")
_UNKNOWN_WORDS = ("unrecognized", "unsupported", "not support", "not permitted", "unknown", "unexpected", "forbidden")
_ESSENTIAL = frozenset({"model", "messages", "response_format", "max_tokens", "max_completion_tokens", "tools"})
"""What a request is about: without its tools another assistant would be tested than the one that is meant."""

_LIMIT_NAMES = {"max_tokens": "max_completion_tokens", "max_completion_tokens": "max_tokens"}


class Dialect:
    """Rewrites requests so that a server takes them.

    Attributes:
        tier: How the server is asked for JSON.
        dropped: Parameters that it refused and that are no longer sent.
    """

    def __init__(self, structured: Structured, *, strict: bool, tell: Callable[[str], None] = log.warning) -> None:
        """Start with everything that the SPEC allows.

        Args:
            structured: ``auto`` to learn the tier, or the tier to stay at.
            strict: Whether schemas have to be in OpenAI's strict dialect.
            tell: Told, in a sentence, what the server is no longer sent.
        """
        self.tier: Tier = "json_schema" if structured == "auto" else structured
        self.dropped: set[str] = set()
        self._strict = strict
        self._tell = tell
        self._fixed = structured != "auto"
        self._limit: str | None = None

    def translate(self, payload: dict[str, Any]) -> dict[str, Any]:
        """Return ``payload`` as this server takes it."""
        spoken = adapt(payload, self.tier, strict=self._strict)
        if self.dropped:
            spoken = {name: value for name, value in spoken.items() if name not in self.dropped}
        old = _LIMIT_NAMES.get(self._limit or "")
        if self._limit and old in spoken:
            spoken = {**{name: value for name, value in spoken.items() if name != old}, self._limit: spoken[old]}
        return spoken

    def learn(self, sent: dict[str, Any], answer: Answer) -> bool:
        """Take in a refusal of ``sent``.

        Returns:
            Whether :meth:`translate` gives something else now, so that it is worth asking again.
        """
        if answer.status not in TEACHING:
            return False
        said = answer.message().lower()
        parameter = _named(sent, answer.parameter(), said)
        if parameter is not None:
            return self._give_up(parameter, said)
        if "response_format" in sent and any(word in said for word in _FORMAT_WORDS):
            return self._lower(sent["response_format"]["type"], said)
        return False

    def _lower(self, refused: str, said: str) -> bool:
        if refused != self.tier:
            return True  # another request has taught us in the meantime
        below = None if self._fixed else next_tier(self.tier)
        if below is None:
            return False
        log.info("the endpoint does not take %s (%s); using %s", self.tier, said, below)
        self.tier = below
        return True

    def _give_up(self, parameter: str, said: str) -> bool:
        if parameter in _LIMIT_NAMES:
            if self._limit == parameter:  # it refuses both names
                return False
            self._limit = _LIMIT_NAMES[parameter]
            return True
        if parameter not in self.dropped:
            self._tell(f"the endpoint does not take {parameter!r} ({said}); it is no longer sent")
        self.dropped.add(parameter)
        return True


def refused_tools(sent: dict[str, Any], answer: Answer) -> bool:
    """Return whether a refusal of ``sent`` is about its tools, which it cannot do without."""
    return "tools" in sent and (
        answer.parameter().partition("[")[0] in {"tools", "tool_choice"}
        or re.search(r"\btools?\b|\btool (?:choice|call|use)", answer.message().lower()) is not None
    )


def _named(sent: dict[str, Any], blamed: str, said: str) -> str | None:
    """Return the parameter of ``sent`` that a refusal is about, if it says so and the request can do without it."""
    if not any(word in said for word in _UNKNOWN_WORDS):
        return None
    candidates = [name for name in sent if name not in _ESSENTIAL or name in _LIMIT_NAMES]
    if blamed in candidates:
        return blamed
    return next((name for name in candidates if re.search(rf"(?<![\w]){re.escape(name.lower())}(?![\w])", said)), None)
