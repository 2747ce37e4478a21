"""The turn of an NPC: what it calls, what came of that, and what it says. A flawed turn is drawn again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from graphs.role import perform_unit
from graphs.talk.company import Company, tool_step
from graphs.talk.kept import kept
from graphs.talk.look import looked_at
from graphs.talk.settled import ANSWERS, action_of, choices_of, fitting_tools, found_in, typed
from graphs.talk.state import ConversationContext, ConversationState, history_of, inputs_of, turns_here, turns_of
from simulator.errors import InputError
from simulator.models.base import derive_seed
from simulator.models.conversation import Counterpart
from simulator.models.step import Step, ToolCall, chat_message, spoken
from simulator.models.tool import Tool
from simulator.models.unit import Attempt, Unit, UnitResult
from simulator.prompts.neutral import neutralise_turn
from simulator.roles.npc import NpcInput, NpcTurn
from simulator.tools.schema import argument_flaw
from simulator.tools.simulated import Answer, SimulatedTools

__all__ = ["company_of", "npc_input", "npc_turn"]

STAGE = "converse"


def company_of(context: ConversationContext) -> Company:
    """Return who may be met.

    Raises:
        InputError: The context has nobody.
    """
    if context.company is None:
        raise InputError("a conversation with an NPC needs the run that the NPC is of; start it with 'sixhop run'")
    return context.company


def npc_input(state: ConversationState, company: Company, steps: Sequence[Step] = (), **more: Any) -> NpcInput:
    """Return what the NPC knows when it is its turn, after the ``steps`` of this turn."""
    thread = tuple(_neutral(message) for message in (*_messages(state), *(chat_message(step) for step in steps)))
    npc = company.npc(_counterpart(state))
    return NpcInput(npc=npc, history=history_of(state, "assistant"), thread=thread, known=company.known, **more)


async def npc_turn(context: ConversationContext, state: ConversationState) -> UnitResult:
    """Let the NPC answer: with the calls that it decides for, or that are settled for a small model."""
    company, side = company_of(context), _counterpart(state)
    counter = company.counter(side, [step for turn in turns_here(state) for step in turn.steps], _seed(state))
    turn = _Turn(context, state, company, side, counter)
    return await (turn.decided() if company.role.prompt.head.ask == "call" else turn.led())


class _Turn:
    """One turn of an NPC in the making."""

    def __init__(
        self,
        context: ConversationContext,
        state: ConversationState,
        company: Company,
        side: Counterpart,
        counter: SimulatedTools,
    ) -> None:
        self._context = context
        self._state = state
        self._company = company
        self._side = side
        self._counter = counter
        self._tools = list(counter.tools.values())
        self._steps: list[Step] = []
        self._rejected: tuple[Attempt, ...] = ()

    async def decided(self) -> UnitResult:
        """Ask a model that decides for itself, until it says something without a call."""
        for number in range(self._side.rounds + 1):
            tools = tuple(self._tools) if number < self._side.rounds else ()
            result = await self._ask(npc_input(self._state, self._company, self._steps, tools=tools), number)
            if result.value is None or not result.value["calls"]:
                return self._ended(result)
            said = NpcTurn.model_validate(result.value)
            self._steps.append(Step(content=said.message, calls=said.calls))
            self._rejected = (*self._rejected, *result.rejected)
            for call in said.calls:
                await self._execute(call)
        raise AssertionError("the last round has no tools, so nothing can be called")

    async def led(self) -> UnitResult:
        """Ask a small model for one thing at a time: which tool, each of its arguments, and what to say then."""
        tool = await self._choice()
        call = await self._filled(tool) if tool is not None else None
        if tool is None or call is None:
            return self._ended(await self._ask(npc_input(self._state, self._company), 0))
        self._steps.append(Step(calls=(call,)))
        answer = await self._execute(call)
        said = [turn.content for turn in history_of(self._state, "assistant") if turn.role == "assistant"]
        more = {"asks": "report", "action": action_of(tool), "found": found_in(tool, answer, said)}
        return self._ended(await self._ask(npc_input(self._state, self._company, self._steps, **more), 0))

    async def _choice(self) -> Tool | None:
        heard = history_of(self._state, "assistant")[-1].content
        fitting = await fitting_tools(heard, self._tools, self._company.role.embedder)
        if fitting.asked or not fitting.tools:
            return next(iter(fitting.tools), None)
        by_action = {action_of(tool): tool for tool in fitting.tools}
        chosen = await self._one("tool", choices=(*by_action, ANSWERS))
        return by_action.get(chosen or "")

    async def _filled(self, tool: Tool) -> ToolCall | None:
        """Return a call of ``tool`` with its arguments asked for one by one; nothing where one cannot be had."""
        heard, arguments = history_of(self._state, "assistant")[-1].content, dict[str, Any]()
        npc = self._company.npc(self._side)
        for parameter in (one for one in tool.parameters if one.required):
            asked = parameter.description.strip().rstrip(".?")
            settled = choices_of(parameter, heard, npc, self._company.words)
            value = await self._one(
                "value", action=action_of(tool), parameter=asked, choices=settled, of=parameter.name
            )
            if value is None:
                return None
            arguments[parameter.name] = typed(parameter, value)
        made_before = any(one.tool == tool.name and one.arguments == arguments for one in self._counter.calls)
        if made_before or argument_flaw(tool, arguments):
            return None
        return ToolCall(id=f"call-{len(turns_here(self._state))}", name=tool.name, arguments=arguments)

    async def _one(self, asks: str, *, of: str = "", **more: Any) -> str | None:
        """Return the answer to one small question; nothing when no answer was good enough."""
        given = npc_input(self._state, self._company, asks=asks, **more)
        seed = derive_seed(_seed(self._state), "npc", self._place, asks, of)
        unit = Unit(stage=STAGE, role="npc", inputs=given.model_dump(mode="json"), seed=seed)
        result = await perform_unit(unit, self._company.role, given)
        self._rejected = (*self._rejected, *result.rejected)
        return None if result.value is None else str(result.value[asks])

    async def _ask(self, given: NpcInput, number: int) -> UnitResult:
        """Ask for what is said or called next; what is said has to stand the second look too."""
        seed, inputs = _seed(self._state), given.model_dump(mode="json")
        seeds = [derive_seed(seed, "npc", self._place, number), derive_seed(seed, "npc", self._place, number, "again")]
        units = [Unit(stage=STAGE, role="npc", inputs=inputs, seed=one) for one in seeds]
        return await looked_at(self._context, self._state, "npc", given, units)

    async def _execute(self, call: ToolCall) -> Answer:
        arguments = call.arguments if isinstance(call.arguments, dict) else {}
        answer = await self._counter.call(call.name, arguments)
        self._steps.append(tool_step(call, answer))
        return answer

    @property
    def _place(self) -> int:
        return len(self._state.get("messages", ()))

    def _ended(self, result: UnitResult) -> UnitResult:
        """Return the turn: what was said in the end, with the steps that led there."""
        rejected = (*self._rejected, *result.rejected)
        said = kept(inputs_of(self._state), result)
        if result.value is not None:
            said = NpcTurn.model_validate(result.value).spoken
        if said is None:
            return result.model_copy(update={"rejected": rejected})
        made: dict[str, Any] = {"message": said}
        if self._steps:
            steps = (*self._steps, Step(content=said))
            made = {"message": spoken(steps), "steps": [step.model_dump(mode="json") for step in steps]}
        return result.model_copy(update={"value": made, "failure": None, "rejected": rejected})


def _counterpart(state: ConversationState) -> Counterpart:
    side = inputs_of(state).counterpart
    assert side is not None  # noqa: S101 -- for the type checker: the router has looked
    return side


def _seed(state: ConversationState) -> int:
    return state.get("seed", 0)


def _messages(state: ConversationState) -> Iterator[dict[str, Any]]:
    """Yield what was said after the visitor's first turn, which stands in the prompt's user part."""
    for turn in turns_of(state.get("messages", ()), "user")[1:]:
        if turn.steps:
            yield from (chat_message(step) for step in turn.steps)
        else:
            yield {"role": turn.role, "content": turn.content}


def _neutral(message: dict[str, Any]) -> dict[str, Any]:
    return {**message, "content": neutralise_turn(str(message["content"]))}
