"""What a unit of each role takes, from its prompt alone: the template as it would be sent, and the answers it shows.

Rules of thumb, stated as ranges. ``sixhop plan --probe`` measures instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from simulator.models.world import World
from simulator.prompts.chat import chat, each_chat, field_chat
from simulator.prompts.template import Prompt
from simulator.runs.forecast import Range
from simulator.scenario.schema import Scenario
from simulator.scenario.texts import SourceText

__all__ = ["PerUnit", "Sizes", "per_unit"]

_TOKENS_PER_CHARACTER = Range(1 / 5, 1 / 4, 1 / 3)
"""English prose has four to five characters a token, JSON and names have fewer."""

_PERSONA = 130  # characters of a persona: a sentence
_OTHER = 40  # characters of a value that is neither a text nor a persona nor a world's lore
_AGAIN = 0.25  # of the units, those whose first drafts all fail a check
_ENDS_EARLY = 0.5  # of the exchanges, those that a conversation has at least


@dataclass(frozen=True)
class PerUnit:
    """What one unit takes of one role: calls, and tokens of their prompts and answers, all calls taken together."""

    calls: Range
    prompt: Range
    completion: Range


@dataclass(frozen=True)
class Sizes:
    """How long the inputs are, in characters: a text on average, and the lore of the world."""

    text: float
    lore: float

    @classmethod
    def of(cls, texts: tuple[SourceText, ...], world: World | None) -> Sizes:
        """Measure the inputs."""
        text = fmean(len(one.text) for one in texts) if texts else 0.0
        return cls(text, float(len(world.model_dump_json())) if world is not None else 0.0)

    def value(self, name: str) -> str:
        """Return something as long as the prompt's variable ``name`` is likely to be."""
        lengths = {"text": self.text, "lore": self.lore, "persona": _PERSONA, "conversation": 0, "message": _PERSONA}
        return "x" * int(lengths.get(name, _OTHER))


def per_unit(
    role: str, prompts: Mapping[str, Prompt], k: Mapping[Any, int], scenario: Scenario, sizes: Sizes
) -> PerUnit:
    """Return what one unit of the stage that ``role`` works in takes of that role.

    Args:
        role: Whose calls.
        prompts: Of all roles; the sides of a conversation read each other's turns.
        k: Best-of-k of all roles.
        scenario: Says how long conversations are.
        sizes: Of the inputs.
    """
    one = _performance(prompts[role], k[role], sizes)
    talks = scenario.conversations
    if talks is None or role not in ("user", "assistant", "npc", "judge", "tool_player"):
        return one
    exchanges = Range(max(1.0, _ENDS_EARLY * talks.exchanges), talks.exchanges, talks.exchanges)
    opened = 1 if talks.posed and scenario.instructions is not None else 0
    times = {
        "user": exchanges.of(lambda count: count * (2 if talks.partner == "persona" else 1) - opened),
        "assistant": exchanges if talks.partner == "assistant" else Range.exactly(0),
        "npc": exchanges.of(lambda count: count * (2 if talks.tools is not None else 1)),
        "judge": Range(1, talks.exchanges, 2 * talks.exchanges),
        "tool_player": Range(0, talks.exchanges, 4 * talks.exchanges),
    }[role]
    other = next((name for name in ("assistant", "npc") if name in prompts), "user")
    turn = _answer(prompts["user"]) + _answer(prompts[other])
    read = turn.of(lambda tokens: tokens * (talks.exchanges - 1) / 2)  # half of the conversation, on average
    return PerUnit(one.calls * times, (one.prompt + read * one.calls) * times, one.completion * times)


def _performance(prompt: Prompt, k: int, sizes: Sizes) -> PerUnit:
    """Return what one performance of the role machine takes."""
    head, values = prompt.head, {name: sizes.value(name) for name in prompt.variables}
    done = dict.fromkeys(head.questions, "x" * _OTHER)
    if head.ask == "each":
        asked = [each_chat(prompt, values, done, field) for field in head.questions]
    elif head.ask == "fields":
        asked = [field_chat(prompt, values, dict(list(done.items())[:n]), f) for n, f in enumerate(head.questions)]
    else:
        asked = [chat(prompt, values)]
    letters = fmean(sum(len(message.content) for message in messages) for messages in asked)
    again = head.rounds > 1 or head.repair
    draws = Range(1, 1 + _AGAIN if again else 1, head.rounds + (1 / k if head.repair else 0))
    once = sum(head.draws.get(field, k) for field in head.questions) if head.ask == "each" else k * len(asked)
    calls = draws.of(lambda count: count * once)
    return PerUnit(calls, calls * _TOKENS_PER_CHARACTER.of(lambda rate: rate * letters), calls * _answer(prompt))


def _answer(prompt: Prompt) -> Range:
    """Return the tokens of one answer: those of the prompt's examples, or a share of what it may have at most."""
    head = prompt.head
    most = [sampling.max_tokens or 600 for sampling in (head.samplings.values() or [head.sampling])]
    limit = float(fmean([*most, head.sampling.max_tokens or 600]) if head.samplings else most[0])
    shown = [len(str(value)) for example in prompt.examples for value in example.reply.values()]
    fields = 1 if head.ask in ("each", "fields") else max((len(e.reply) for e in prompt.examples), default=1)
    expected = min(limit, fmean(shown) * fields / 4 * 1.2) if shown else 0.35 * limit
    return Range(min(expected, limit) / 2, expected, limit)
