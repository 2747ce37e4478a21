"""What a fake model says when no script was given."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from functools import lru_cache
from statistics import NormalDist
from typing import Any

from simulator.llm.fakes import words
from simulator.llm.fakes.dice import Dice
from simulator.llm.fakes.values import value_for
from simulator.llm.tiers import SCHEMA_FOLLOWS
from simulator.models.base import canonical_json

__all__ = ["Responder", "default_responder", "dice_of", "fake_vector", "lognormal_latency"]

Responder = Callable[[dict[str, Any]], str]
"""The body of a chat completion request to the reply's text."""


def dice_of(body: dict[str, Any], purpose: str = "") -> Dice:
    """Return dice that depend on the whole request and on nothing else."""
    text = purpose + canonical_json(body)
    return Dice(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest())


def default_responder(body: dict[str, Any]) -> str:
    """Return JSON that satisfies the request's schema, or a sentence; the same for the same request.

    Without ``response_format`` the JSON stands in a code fence after a few words, as models write it.

    Raises:
        ValueError: The schema uses something that is not covered.
    """
    wanted = body.get("response_format") or {}
    dice = dice_of(body)
    if wanted.get("type") == "json_schema":
        return json.dumps(value_for(wanted["json_schema"]["schema"], dice), ensure_ascii=False)
    schema = _schema_in_words(body)
    if schema is not None:
        answer = json.dumps(value_for(schema, dice), ensure_ascii=False)
        return answer if wanted else f"Here it is:\n```json\n{answer}\n```"
    return json.dumps({"text": words.phrase(dice)}) if wanted else words.sentence(dice)


def _schema_in_words(body: dict[str, Any]) -> dict[str, Any] | None:
    """Return the schema that stands in the system message, where servers without structured output get it."""
    for message in body["messages"]:
        _, found, rest = str(message.get("content")).rpartition(SCHEMA_FOLLOWS)
        if found and message.get("role") == "system":
            schema: dict[str, Any] = json.JSONDecoder().raw_decode(rest)[0]
            return schema
    return None


def lognormal_latency(median_s: float, sigma: float = 0.5) -> Callable[[dict[str, Any]], float]:
    """Return a latency that is lognormal over requests and fixed for each.

    Args:
        median_s: Median in seconds.
        sigma: Standard deviation of its logarithm; 0 makes it constant.
    """
    normal = NormalDist()
    return lambda body: (
        median_s * 2.718281828459045 ** (sigma * normal.inv_cdf(dice_of(body, "latency").fraction()) if sigma else 0.0)
    )


def fake_vector(text: str, dimensions: int) -> list[float]:
    """Return a vector in which texts that share words are near each other; not normalised."""
    vector = [0.0] * dimensions
    for word in text.lower().split() or [text]:
        for place, weight in _parts(word, dimensions):
            vector[place] += weight
    return vector


@lru_cache(maxsize=4096)
def _parts(word: str, dimensions: int) -> tuple[tuple[int, float], ...]:
    dice = Dice(hashlib.sha256(word.encode("utf-8", "surrogatepass")).digest())
    return tuple((dice.below(dimensions), 2 * dice.fraction() - 1) for _ in range(8))
