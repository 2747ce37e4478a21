"""A draft made field by field: for each field k replies are drawn, checked and scored, and the best goes on.

Small models keep to the point for one short line and lose it over a page. Asking for each field apart, with examples of
that field only, and choosing before the next is asked, gets from k short replies what k whole drafts do not give: one
flawed line costs one line.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from pydantic import ValidationError

from simulator.errors import ReplyError
from simulator.models.base import Record
from simulator.models.message import Sampling
from simulator.models.unit import Attempt
from simulator.prompts.chat import each_chat, lead
from simulator.roles.draft import Draft, ask, continued, field_type, together
from simulator.roles.role import RoleContext

__all__ = ["draw_each"]

I = TypeVar("I", bound=Record)  # noqa: E741
O = TypeVar("O", bound=Record)  # noqa: E741


async def draw_each(context: RoleContext[I, O], inputs: I, seed: int) -> Draft[O]:
    """Return a draft whose fields were asked for one by one, in the order of the prompt's questions.

    The fields that the prompt does not ask for, or not of these inputs, keep the output type's defaults.

    Args:
        context: Role, prompt (``ask: each``), model and embedder. ``k`` replies are drawn for a field at once, up to
            ``rounds`` times.
        inputs: The role's inputs.
        seed: The unit's seed.

    Raises:
        EndpointError: The endpoint failed; no draft was made.
    """
    done, rejected = dict[str, Any](), list[Attempt]()
    values, when = context.role.values(inputs), context.prompt.head.when
    for field in context.prompt.head.questions:
        if field in when and not values[when[field]]:
            continue
        found = await _best(context, inputs, seed, done, field, rejected)
        if found is None:
            last = rejected.pop()
            return Draft(last.raw, attempt=last, rejected=tuple(rejected))
        done[field] = found
    try:
        return Draft(str(done), value=context.role.output.model_validate(done), rejected=tuple(rejected))
    except ValidationError as error:
        last = Attempt(flaw="invalid", message=str(error.errors()[0]["msg"]), raw=str(done))
        return Draft(str(done), attempt=last, rejected=tuple(rejected))


async def _best(
    context: RoleContext[I, O], inputs: I, seed: int, done: Mapping[str, Any], field: str, rejected: list[Attempt]
) -> Any | None:
    """Return the best value of ``field``; ``None`` when no reply passed. What was turned down goes to ``rejected``."""
    choices = _choices(context, inputs, done, field)
    if len(choices) == 1:
        return _value(context, field, choices[0])
    passed, least, top, score = list[Draft[O]](), context.prompt.head.least.get(field), None, 0.0
    k = context.prompt.head.draws.get(field, context.k) if choices else context.k
    for turn in range(context.prompt.head.rounds):
        numbers = range(turn * k, (turn + 1) * k)
        drafts = await together([_draw(context, inputs, seed, done, field, number, choices) for number in numbers])
        judged = [_judge(context, inputs, done, field, draft, choices) for draft in drafts]
        rejected.extend(draft.attempt for draft in judged if draft.attempt is not None)
        passed.extend(draft for draft in judged if draft.attempt is None)
        if passed:
            top, score = await _top(context, inputs, passed)
            if least is None or score >= least:
                return getattr(top.value, field)
    if top is not None:
        message = f"{field}: the best of {len(passed)} scores {score:.2f}, less than {least}"
        rejected.append(Attempt(flaw="score", message=message, raw=top.raw))
    return None


async def _draw(
    context: RoleContext[I, O],
    inputs: I,
    seed: int,
    done: Mapping[str, Any],
    field: str,
    number: int,
    choices: Sequence[str],
) -> Draft[O]:
    values, raw = context.role.values(inputs), ""
    begun = "" if choices else lead(context.prompt, values, done, field, seed, number)
    try:
        messages = each_chat(context.prompt, values, done, field, begun)
        sampling = context.prompt.head.samplings.get(field, context.prompt.head.sampling)
        raw = await ask(context, messages, None, seed, number, chosen_from(choices, sampling))
    except ReplyError as error:
        flaw = type(error).__name__.removesuffix("Reply").lower()
        return Draft(raw, attempt=Attempt(flaw=flaw, message=f"{field}: {error}", raw=error.raw))
    return Draft(continued(begun, raw))


def chosen_from(choices: Sequence[str], sampling: Sampling) -> Sampling:
    """Return ``sampling`` with a grammar (llama.cpp's) that allows nothing but ``choices``; as it is without any."""
    if not choices:
        return sampling
    allowed = " | ".join(json.dumps(choice, ensure_ascii=False) for choice in choices)
    # A grammar ends a reply by itself: a limit or a stop sequence would cut what is whole.
    enough = max(len(choice.encode()) for choice in choices)
    extra = {**sampling.extra, "grammar": f"root ::= {allowed}"}
    return sampling.model_copy(update={"extra": extra, "stop": (), "max_tokens": enough + 1})


def _choices(context: RoleContext[I, O], inputs: I, done: Mapping[str, Any], field: str) -> Sequence[str]:
    chosen = field in context.prompt.head.choose
    return context.role.choices(inputs, field, done) if chosen else ()


def _value(context: RoleContext[I, O], field: str, raw: str) -> Any:
    return getattr(field_type(context.role.output, field).model_validate({field: raw}), field)


def _judge(
    context: RoleContext[I, O],
    inputs: I,
    done: Mapping[str, Any],
    field: str,
    draft: Draft[O],
    choices: Sequence[str],
) -> Draft[O]:
    """Return the draft with the fields so far as its value, or with what is wrong with it."""
    if draft.attempt is not None:
        return draft
    if choices and draft.raw not in choices:
        why = f"{field}: it is none of what there is to choose from: {', '.join(choices)}"
        return Draft(draft.raw, attempt=Attempt(flaw="choice", message=why, raw=draft.raw))
    try:
        value = _value(context, field, draft.raw)
    except ValidationError as error:
        why = f"{field}: {error.errors()[0]['msg']}"
        return Draft(draft.raw, attempt=Attempt(flaw="invalid", message=why, raw=draft.raw))
    partial: Any = context.role.output.model_construct(**{**done, field: value})
    partial = context.tidied(partial)
    for rule in context.checks:
        message = rule.test(inputs, partial) if rule.field == field else None
        if message is not None:
            return Draft(draft.raw, attempt=Attempt(flaw=rule.name, message=message, raw=draft.raw))
    return Draft(draft.raw, value=partial)


async def _top(context: RoleContext[I, O], inputs: I, passed: list[Draft[O]]) -> tuple[Draft[O], float]:
    """Return the best draft and its score."""
    if context.role.score is None:
        return passed[0], 0.0
    values: list[Any] = [draft.value for draft in passed]
    scores = await context.role.score(inputs, values, context.embedder)
    best = max(range(len(passed)), key=lambda i: (scores[i], -i))
    return passed[best], float(scores[best])
