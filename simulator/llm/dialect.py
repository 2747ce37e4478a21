"""What one server understands of the chat completion API, learnt from what it refuses."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import Any

from simulator.llm.spec import Structured
from simulator.llm.tiers import Tier, adapt, next_tier
from simulator.transport.setback import Answer

__all__ = ["REASONING_ROOM", "TEACHING", "Dialect", "refused_tools"]

log = logging.getLogger(__name__)

TEACHING = frozenset({400, 404, 422})
"""Statuses with which servers refuse a parameter that they do not know (OpenAI 400, some gateways 404, FastAPI 422)."""

REASONING_ROOM = 8192
"""Tokens for what a model reasons before it answers: servers count these with the answer, prompts do not."""

_REASONING_MODEL = re.compile(r"(?:^|/)(?:gpt-5|o[134](?![a-z0-9]))", re.IGNORECASE)
_TOO_MUCH_WORDS = ("context length", "too large", "maximum", "at most", "exceed")
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
        reasons: Whether the model reasons before it answers, as far as is known.
    """

    def __init__(
        self, structured: Structured, *, strict: bool, model: str = "", tell: Callable[[str], None] = log.warning
    ) -> None:
        """Start with everything that the SPEC allows.

        Args:
            structured: ``auto`` to learn the tier, or the tier to stay at.
            strict: Whether schemas have to be in OpenAI's strict dialect.
            model: Its name; some are known to reason.
            tell: Told, in a sentence, what the server is no longer sent.
        """
        self.tier: Tier = "json_schema" if structured == "auto" else structured
        self.dropped: set[str] = set()
        self.reasons = _REASONING_MODEL.search(model) is not None
        self._most: int | None = None
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
        return self._roomy(spoken) if self.reasons else spoken

    def learn(self, sent: dict[str, Any], answer: Answer) -> bool:
        """Take in a refusal of ``sent``.

        Returns:
            Whether :meth:`translate` may give something else now, so that it is worth asking again.
        """
        if answer.status not in TEACHING:
            return False
        said = answer.message().lower()
        if self.reasons and (limit := _limit_of(sent)) and any(word in said for word in _TOO_MUCH_WORDS):
            self._most = min(self._most or limit, limit // 2)  # a small context has no room for all of it
            return True
        parameter = _named(sent, answer.parameter(), said)
        if parameter is not None:
            return self._give_up(parameter, said)
        if "response_format" in sent and any(word in said for word in _FORMAT_WORDS):
            return self._lower(sent["response_format"]["type"], said)
        return False

    def learn_reasoning(self) -> None:
        """Take in that an answer was cut because the model had reasoned before it."""
        if not self.reasons:
            self.reasons = True
            self._tell(
                f"the model reasons before it answers and was cut; from now on a reply may have "
                f"{REASONING_ROOM:,} tokens more than the prompt gives the answer"
            )

    def _roomy(self, spoken: dict[str, Any]) -> dict[str, Any]:
        """Return the request with room for reasoning on top of what the prompt gives the answer."""
        answer = _limit_of(spoken)
        if not answer:
            return spoken
        limit = answer + REASONING_ROOM
        limit = limit if self._most is None else max(answer, min(limit, self._most))
        return {**spoken, **{name: limit for name in _LIMIT_NAMES if name in spoken}}

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


def _limit_of(payload: dict[str, Any]) -> int:
    return payload.get("max_tokens") or payload.get("max_completion_tokens") or 0


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
