"""The NPC role: somebody who lives in a world answers a visitor, and calls the tools that it has.

With a prompt that asks for a ``call`` the model sees the whole talk with its tools and decides for itself. A small
model cannot: it is asked for one thing at a time, each time with what is settled already. ``asks`` says for which.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache, cached_property
from typing import Annotated, Any, Literal

from pydantic import Field

from simulator.embeddings.protocol import Embedder
from simulator.models.base import Record
from simulator.models.message import Message
from simulator.models.npc import Npc
from simulator.models.npc_card import npc_card
from simulator.models.step import ToolCall
from simulator.models.tool import Tool
from simulator.models.world import World
from simulator.prompts.shipped import shipped_prompts
from simulator.roles.checks import sentence, word_pattern
from simulator.roles.guards.panel import NPC, checks
from simulator.roles.guards.scene import Scene
from simulator.roles.guards.words import sentences
from simulator.roles.npc_replies import replies_of
from simulator.roles.role import Check, Role
from simulator.roles.talk import mend, rate
from simulator.tools.schema import argument_flaw

__all__ = ["NpcInput", "NpcTurn", "npc"]

Asked = Literal["message", "tool", "value", "report"]


class NpcInput(Record):
    """What the NPC knows.

    Attributes:
        npc: Who it is.
        history: What was said so far; it begins and ends with the visitor.
        thread: The same after the visitor's first message, with calls and results, as a chat completion request has it.
        tools: What it may call now.
        asks: What a prompt that asks for one thing at a time is to ask for: what the NPC says (``message``), which
            ``tool`` it calls, the ``value`` of one argument, or what it says of a result (``report``).
        choices: For ``tool`` and ``value``: all that it can be, where that is settled.
        action: For ``value`` and ``report``: what the NPC does, in words.
        parameter: For ``value``: what is to be known, in words.
        found: For ``report``: the beginning of the answer, with the result in it.
        known: The names (:class:`Known`) that there are in the run; of this process, and no part of the unit.
    """

    npc: Npc
    history: tuple[Message, ...] = Field(min_length=1)
    thread: tuple[dict[str, Any], ...] = ()
    tools: tuple[Tool, ...] = ()
    asks: Asked = "message"
    choices: tuple[str, ...] = ()
    action: str = ""
    parameter: str = ""
    found: str = ""
    known: Annotated[Any, Field(exclude=True, repr=False)] = None

    @cached_property
    def scene(self) -> Scene:
        """What the detectors see; what the visitor named, and what a tool answered, may be spoken of."""
        heard = (turn.content for turn in self.history if turn.role == "user")
        answered = (str(message.get("content") or "") for message in self.thread if message.get("role") == "tool")
        names = (self.npc.name, *(tie.name for tie in self.npc.ties))
        known = self.known.also((*heard, *answered, *names)) if self.known is not None else None
        more = {"known": known, "greeting": self.npc.greeting, "among_people": True}
        return Scene.of("assistant", self.history, examples=_shown(), **more)

    @property
    def heard(self) -> str:
        """The visitor's last turn."""
        return self.history[-1].content


class NpcTurn(Record):
    """What the NPC says or does next.

    Attributes:
        message: What it says.
        calls: What it calls.
        tool, value, report: The answers to prompts that ask for one thing at a time.
    """

    message: str = Field("", max_length=2000)
    calls: tuple[ToolCall, ...] = Field((), max_length=8)
    tool: str = ""
    value: str = Field("", max_length=80)
    report: str = Field("", max_length=600)

    @property
    def spoken(self) -> str:
        """What it says, whatever was asked for."""
        return self.message or self.report


def npc(world: World) -> Role[NpcInput, NpcTurn]:
    """Return the role of the NPCs of ``world``; what is told of it is shared by all of them."""
    return Role(
        name="npc",
        inputs=NpcInput,
        output=NpcTurn,
        values=lambda inputs: _values(inputs, world),
        checks=(
            Check("tool_call", _calls),
            *_spoken_checks("message"),
            *_spoken_checks("report"),
            *(_forbidden(world, field) for field in ("message", "report")),
            Check("value", _value, "value"),
        ),
        score=_score,
        thread=lambda inputs: inputs.thread,
        tools=lambda inputs: [_definition(tool) for tool in inputs.tools],
        choices=lambda inputs, field, _done: _choices(inputs, field, world),
        tidy=_tidy,
    )


def _spoken_checks(field: str) -> tuple[Check[NpcInput, NpcTurn], ...]:
    """Return the detectors as checks of what is said, if that was asked for; a reply that only calls says nothing."""

    def text(output: NpcTurn) -> str:
        return str(getattr(output, field))

    made: tuple[Check[NpcInput, NpcTurn], ...] = checks(NPC, lambda inputs: inputs.scene, text, field)
    return tuple(replace(one, test=_unless_calling(one, field)) for one in made)


def _unless_calling(check: Check[NpcInput, NpcTurn], field: str) -> Callable[[NpcInput, NpcTurn], str | None]:
    def test(inputs: NpcInput, output: NpcTurn) -> str | None:
        silent = bool(output.calls) or field != inputs.asks
        return None if silent else check.test(inputs, output)

    return test


def _forbidden(world: World, field: str) -> Check[NpcInput, NpcTurn]:
    pattern = word_pattern(world.forbidden)

    def test(_inputs: NpcInput, output: NpcTurn) -> str | None:
        found = pattern.search(str(getattr(output, field, "")))
        return f"it speaks of {found.group()!r}, which does not exist in this world" if found else None

    return Check("forbidden", test, field)


def _choices(inputs: NpcInput, field: str, world: World) -> Sequence[str]:
    if field != inputs.asks:
        return ()
    if field == "message":
        return replies_of(inputs.npc, world, [turn.content for turn in inputs.history if turn.role == "assistant"])
    return inputs.choices


def _calls(inputs: NpcInput, output: NpcTurn) -> str | None:
    known = {tool.name: tool for tool in inputs.tools}
    for call in output.calls:
        if call.name not in known:
            return f"it calls {call.name!r}; there is {', '.join(known) or 'no tool'}"
        if isinstance(call.arguments, str):
            return f"the arguments of {call.name!r} are no JSON object: {call.arguments[:120]}"
        if flaw := argument_flaw(known[call.name], call.arguments):
            return f"the arguments of {call.name!r} do not fit: {flaw[:240]}"
    return None


def _value(inputs: NpcInput, output: NpcTurn) -> str | None:
    if inputs.asks != "value":
        return None
    words = output.value.split()
    if not words or len(words) > 5:
        return f"the value {output.value!r} is not one to five words"
    return None


def _definition(tool: Tool) -> dict[str, Any]:
    function = {"name": tool.name, "description": tool.description, "parameters": tool.input_schema()}
    return {"type": "function", "function": function}


def _values(inputs: NpcInput, world: World) -> Mapping[str, str]:
    npc = inputs.npc
    thing = next((step for step in npc.steps if step.action == "get"), None)
    return {
        "title": world.title,
        "summary": world.summary,
        "language": world.language,
        "forbidden": ", ".join(world.forbidden) or "nothing",
        "rules": "\n".join(f"- {rule}" for rule in world.rules) or "- none",
        "card": npc_card(npc, world),
        "message": inputs.history[0].content,
        "said": inputs.heard,
        "first": npc.name.split(" ", 1)[0],
        "occupation": npc.occupation,
        "work": world.about("occupations", npc.occupation),
        "place": npc.place,
        "wish": f"if you bring me {thing.thing} from {thing.place}" if thing else "when I know you better",
        "action": inputs.action,
        "parameter": inputs.parameter,
        "options": ", ".join(inputs.choices),
        "found": inputs.found,
        **{f"asks_{name}": "yes" if inputs.asks == name else "" for name in ("message", "tool", "value", "report")},
    }


@cache
def _shown() -> tuple[str, ...]:
    prompts = shipped_prompts("npc")
    return tuple(
        str(text)
        for prompt in prompts
        for example in prompt.examples
        for field, text in example.reply.items()
        if field in ("message", "report")
    )


def _tidy(output: NpcTurn) -> NpcTurn:
    changes = {name: _mended(getattr(output, name)) for name in ("message", "report") if getattr(output, name, "")}
    value = getattr(output, "value", "").strip(" .\"'")
    return output.model_copy(update={**changes, "value": value})


def _mended(text: str) -> str:
    """Return what is said without a last sentence that breaks off, if there is a whole one before it."""
    text = mend(text) or text
    whole = sentences(text)
    if len(whole) > 1 and whole[-1][-1] not in ".!?…\"'”’。！？":
        text = text[: text.rindex(whole[-1])].rstrip()
    return sentence(text)


async def _score(inputs: NpcInput, outputs: Sequence[NpcTurn], embedder: Embedder) -> Sequence[float]:
    """What is said as the turns of every talk, a call as what its tool does, a small answer by its nearness."""
    if inputs.asks in ("tool", "value"):
        said = [getattr(output, inputs.asks) for output in outputs]
        heard, *rest = await embedder.embed([inputs.heard, *(f"{inputs.parameter} {text}".strip() for text in said)])
        return [float(vector @ heard) for vector in rest]
    own = [turn.content for turn in inputs.history if turn.role == "assistant"]
    topic = f"{inputs.npc.occupation} at {inputs.npc.place}. {inputs.npc.background}"
    does = {tool.name: tool.description for tool in inputs.tools}
    texts = [output.spoken or " ".join(does.get(call.name, "") for call in output.calls) for output in outputs]
    return await rate(texts, embedder, last=[inputs.heard], topic=topic, own=own, words=(8, 45))
