"""One draft of a role's output: from the request to a value that has the right form, or the reason why not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Generic, TypeVar

from pydantic import ValidationError, create_model

from simulator.errors import InvalidReply, ReplyError, RunStopped
from simulator.llm.called import read_reply, with_ids
from simulator.llm.reading import usable
from simulator.llm.structured import parse, schema_of
from simulator.models.base import Record, derive_seed
from simulator.models.message import ChatRequest, Message, ReplySchema, Sampling
from simulator.models.step import Step, chat_message
from simulator.models.unit import Attempt
from simulator.prompts.chat import chat, field_chat, lead, repair_turn
from simulator.prompts.template import MOST_ALTERNATIVES, PromptHead
from simulator.roles.role import RoleContext

__all__ = ["Draft", "ask", "continued", "draw", "field_type", "given", "redraw", "together"]

I = TypeVar("I", bound=Record)  # noqa: E741
O = TypeVar("O", bound=Record)  # noqa: E741
T = TypeVar("T")


@dataclass(frozen=True)
class Draft(Generic[O]):
    """``value`` when the reply had the right form; otherwise ``attempt`` says what was wrong. ``raw`` is the reply.

    ``rejected`` are replies to single fields that were turned down on the way.
    """

    raw: str
    value: O | None = None
    attempt: Attempt | None = None
    rejected: tuple[Attempt, ...] = ()


async def draw(context: RoleContext[I, O], inputs: I, seed: int, number: int) -> Draft[O]:
    """Ask the model once (once per field where the prompt asks so) and return what came.

    Args:
        context: Role, prompt and model.
        inputs: The role's inputs.
        seed: The unit's seed.
        number: Which draft of the unit this is, from 0; part of the seed and of the reply's key.

    Raises:
        EndpointError: The endpoint failed; no draft was made.
    """
    if context.prompt.head.ask == "fields":
        return await _draw_fields(context, inputs, seed, number)
    if context.prompt.head.ask == "call":
        return await _call(context, inputs, seed, number)
    values = context.role.values(inputs)
    messages = chat(context.prompt, values, context.role.history(inputs))
    begun = _begun(context, values, seed, number)
    said = (Message(role="assistant", content=begun),) if begun else ()
    return await _once(context, (*messages, *said), values, seed, number, begun)


def _begun(context: RoleContext[I, O], values: Mapping[str, str], seed: int, number: int) -> str:
    """Return how the bare reply begins, where the prompt says so."""
    if context.prompt.head.ask != "text" or not context.prompt.head.leads:
        return ""
    (field,) = context.role.output.model_fields
    return lead(context.prompt, values, {}, field, seed, number)


def given(context: RoleContext[I, O], inputs: I) -> Draft[O] | None:
    """Return the draft that stands in the inputs already, where the prompt says so; ``None`` otherwise."""
    name = context.prompt.head.given
    raw = context.role.values(inputs)[name] if name else ""
    return Draft(raw, value=_plain(context.role.output, raw)) if raw else None


async def redraw(
    context: RoleContext[I, O], inputs: I, seed: int, number: int, flawed: Draft[O], flaw: str
) -> Draft[O]:
    """Show the model its flawed reply and what was wrong with it, and return its second try."""
    if context.prompt.head.ask == "call":
        return await _call(context, inputs, seed, number, _refused(flawed.raw, flaw))
    values = context.role.values(inputs)
    messages = chat(context.prompt, values, context.role.history(inputs))
    return await _once(context, (*messages, *repair_turn(flawed.raw, flaw)), values, seed, number)


async def together(draws: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
    """Run ``draws`` at once, return their results in order; the first error cancels the others and is raised bare.

    A used-up budget cancels none: what is asked already is paid for, and is kept.
    """
    if len(draws) == 1:
        return [await draws[0]]
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_to_its_end(one)) for one in draws]
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None
    results = list[T]()
    for task in tasks:
        result = task.result()
        if isinstance(result, RunStopped):
            raise result
        results.append(result)
    return results


async def _to_its_end(draw: Coroutine[Any, Any, T]) -> T | RunStopped:
    try:
        return await draw
    except RunStopped as stopped:
        return stopped


async def _once(
    context: RoleContext[I, O],
    messages: Sequence[Message],
    values: Mapping[str, str],
    seed: int,
    number: int,
    begun: str = "",
) -> Draft[O]:
    plain = context.prompt.head.ask == "text"
    schema = None if plain else schema_of(context.role.output, context.unasked)
    raw = ""
    try:
        sampling = _sampling(context.prompt.head, values) if plain else None
        raw = continued(begun, await ask(context, messages, schema, seed, number, sampling))
        value = _plain(context.role.output, raw) if plain else parse(raw, context.role.output)
    except ReplyError as error:
        return Draft(error.raw or raw, attempt=_attempt(error, raw))
    return Draft(raw, value=value)


def _sampling(head: PromptHead, values: Mapping[str, str]) -> Sampling:
    """Return the prompt's sampling, its grammar with the rules that these values make."""
    if not head.alternatives:
        return head.sampling
    rules = [f"{rule} ::= {_alternatives(values[name]) or other}" for rule, (name, other) in head.alternatives.items()]
    grammar = "\n".join((head.sampling.extra["grammar"].rstrip(), *rules, ""))
    return head.sampling.model_copy(update={"extra": {**head.sampling.extra, "grammar": grammar}})


def _alternatives(lines: str) -> str:
    return " | ".join(json.dumps(line, ensure_ascii=False) for line in lines.splitlines()[:MOST_ALTERNATIVES])


def continued(begun: str, reply: str) -> str:
    """Return the whole text, whether the server sent the beginning back with its continuation or not."""
    if not begun:
        return reply.strip()
    reply = reply.removeprefix(begun)
    joint = begun[-1:].isalnum() or begun[-1:] in ".!?"
    space = " " if joint and reply[:1].isalnum() and reply.isascii() else ""
    return f"{begun}{space}{reply}".strip()


async def _call(
    context: RoleContext[I, O], inputs: I, seed: int, number: int, more: Sequence[dict[str, Any]] = ()
) -> Draft[O]:
    """Ask for what is said next, or for calls of the role's tools."""
    role, raw = context.role, ""
    head = chat(context.prompt, role.values(inputs))
    thread = (*map(_plain_message, head), *role.thread(inputs), *more)
    request = ChatRequest(
        thread=thread,
        tools=tuple(role.tools(inputs)),
        sampling=context.prompt.head.sampling,
        seed=derive_seed(seed, number),
        attempt=number,
    )
    try:
        raw = usable(await context.model.reply(request)).text
        said = with_ids(read_reply(raw), f"call-{len(thread)}-{number}")
        return Draft(raw, value=role.output.model_validate({"message": said.content, "calls": said.calls}))
    except ReplyError as error:
        return Draft(error.raw or raw, attempt=_attempt(error, raw))
    except ValidationError as error:
        return Draft(raw, attempt=Attempt(flaw="invalid", message=str(error.errors()[0]["msg"]), raw=raw))


def _refused(raw: str, flaw: str) -> list[dict[str, Any]]:
    """Return the messages that show what was said, or called, and what is wrong with it.

    As messages of the talk, and not as the JSON that such a reply is stored as: a model would answer in JSON again.
    """
    said = with_ids(read_reply(raw), "refused")
    if not said.calls:
        return [*map(_plain_message, repair_turn(said.content, flaw))]
    refusals = (Step(role="tool", call=one.id, name=one.name, content=f"error: {flaw}") for one in said.calls)
    return [chat_message(said), *map(chat_message, refusals)]


def _plain_message(message: Message) -> dict[str, Any]:
    return {"role": message.role, "content": message.content}


async def _draw_fields(context: RoleContext[I, O], inputs: I, seed: int, number: int) -> Draft[O]:
    values, done = context.role.values(inputs), dict[str, Any]()
    for field in context.prompt.head.questions:
        kind, raw = field_type(context.role.output, field), ""
        try:
            raw = await ask(context, field_chat(context.prompt, values, done, field), schema_of(kind), seed, number)
            done[field] = getattr(parse(raw, kind), field)
        except ReplyError as error:
            return Draft(error.raw or raw, attempt=_attempt(error, raw))
    try:
        return Draft(str(done), value=context.role.output.model_validate(done))
    except ValidationError as error:
        return Draft(str(done), attempt=Attempt(flaw="invalid", message=str(error.errors()[0]["msg"]), raw=str(done)))


async def ask(
    context: RoleContext[I, O],
    messages: Sequence[Message],
    schema: ReplySchema | None,
    seed: int,
    number: int,
    sampling: Sampling | None = None,
) -> str:
    """Send ``messages`` and return the reply's text; ``sampling`` stands in for the prompt's own.

    Raises:
        EndpointError: The endpoint failed.
        ReplyError: The reply is cut, refused or empty.
    """
    request = ChatRequest(
        messages=tuple(messages),
        reply_schema=schema,
        sampling=sampling or context.prompt.head.sampling,
        seed=derive_seed(seed, number),
        attempt=number,
    )
    return usable(await context.model.reply(request)).text


@cache
def field_type(output: type[Record], field: str) -> type[Record]:
    """Return the record that has ``field`` of ``output`` and nothing else."""
    info = output.model_fields[field]
    return create_model(f"{output.__name__}_{field}", __base__=Record, **{field: (info.annotation, info)})  # type: ignore[call-overload, no-any-return]


def _plain(output: type[O], raw: str) -> O:
    (field,) = output.model_fields
    try:
        return output.model_validate({field: raw.strip()})
    except ValidationError as error:
        raise InvalidReply(f"{field}: {error.errors()[0]['msg']}", raw) from error


def _attempt(error: ReplyError, raw: str) -> Attempt:
    flaw = type(error).__name__.removesuffix("Reply").lower()
    return Attempt(flaw=flaw, message=str(error), raw=error.raw or raw)
