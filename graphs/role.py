"""The role machine: ``perform -> check -> (perform again | repair ->) settle``. Every call to a role runs it.

Best-of-k lives here: ``perform`` draws k drafts, ``check`` sorts them, ``settle`` takes the best one that passed. When
none passed, k more are drawn while rounds are left; then one flawed draft gets one repair turn; then the unit fails,
and what was drawn is kept with it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Literal, TypedDict

from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime

from graphs.studio import bound, role_context
from graphs.walk import Walk
from simulator.errors import InputError
from simulator.models.base import Record
from simulator.models.unit import Attempt, Failure, Unit, UnitResult
from simulator.roles.draft import Draft, draw, given, redraw, together
from simulator.roles.each import draw_each
from simulator.roles.role import RoleContext
from simulator.transport.clock import allowed

__all__ = ["RoleState", "build", "graph", "perform_unit"]


class RoleState(TypedDict, total=False):
    """What one performance of a role knows.

    ``inputs`` are the unit's, checked; ``drafts`` are those not yet checked, ``passed`` and ``flawed`` those that were.
    """

    unit: Unit
    inputs: Record
    round: int
    repaired: bool
    drafts: list[Draft[Any]]
    passed: list[Draft[Any]]
    flawed: list[tuple[Draft[Any], Attempt]]
    result: UnitResult


Context = RoleContext[Any, Any]


def _inputs(state: RoleState, context: Context) -> Record:
    given = state.get("inputs")
    value: Record = given if given is not None else context.role.inputs.model_validate(state["unit"].inputs)
    return value


async def perform(state: RoleState, runtime: Runtime[Context]) -> dict[str, Any]:
    """Draw k drafts: one, and then the others at once, which find the prompt in the server's cache."""
    context, done = runtime.context, state.get("round", 0)
    inputs, seed, first = _inputs(state, context), state["unit"].seed, done * context.k
    if context.prompt.head.ask == "each":
        drafts = [await draw_each(context, inputs, seed)]
    elif not done and (known := given(context, inputs)) is not None:
        drafts = [known]
    else:
        drafts = [await draw(context, inputs, seed, first)]
        drafts += await together([draw(context, inputs, seed, first + i) for i in range(1, context.k)])
    return {"inputs": inputs, "drafts": drafts, "round": done + 1}


async def check(state: RoleState, runtime: Runtime[Context]) -> dict[str, Any]:
    """Sort the drafts into those that pass every check and those that do not, with the reason."""
    context = runtime.context
    inputs = _inputs(state, context)
    passed, flawed = list(state.get("passed", ())), list(state.get("flawed", ()))
    for draft in state["drafts"]:
        flawed.extend((Draft(attempt.raw), attempt) for attempt in draft.rejected)
        draft, attempt = _judge(context, inputs, draft)
        if attempt is None:
            passed.append(draft)
        else:
            flawed.append((draft, attempt))
    return {"drafts": [], "passed": passed, "flawed": flawed}


def _judge(context: Context, inputs: Record, draft: Draft[Any]) -> tuple[Draft[Any], Attempt | None]:
    if draft.value is None:
        return draft, draft.attempt
    value = context.tidied(draft.value)
    draft = Draft(draft.raw, value=value)
    for rule in context.checks:
        message = rule.test(inputs, value)
        if message is not None:
            return draft, Attempt(flaw=rule.name, message=message, raw=draft.raw)
    return draft, None


def _flaws(context: Context, inputs: Record, draft: Draft[Any]) -> list[str]:
    """Return what each check finds in a draft, each once."""
    if draft.value is None:
        return []
    found = (rule.test(inputs, draft.value) for rule in context.checks)
    return list(dict.fromkeys(one for one in found if one is not None))


async def after_check(state: RoleState, runtime: Runtime[Context]) -> Literal["perform", "repair", "settle"]:
    """Settle when a draft passed or nothing is left to try.

    A coroutine because LangGraph calls a plain function in a thread, which costs more than the router does.
    """
    head = runtime.context.prompt.head
    if state["passed"] or head.ask == "each":
        return "settle"
    if state["round"] < head.rounds:
        return "perform"
    able = head.repair and not state.get("repaired") and head.ask != "fields" and state["flawed"][-1][0].raw.strip()
    return "repair" if able else "settle"


async def repair(state: RoleState, runtime: Runtime[Context]) -> dict[str, Any]:
    """Give the last flawed draft one more turn, with all that was wrong: there is no second one."""
    context, inputs = runtime.context, _inputs(state, runtime.context)
    draft, attempt = state["flawed"][-1]
    number = state["round"] * context.k
    flaws = _flaws(context, inputs, draft) or [attempt.message]
    again = await redraw(context, inputs, state["unit"].seed, number, draft, "\n".join(flaws))
    return {"drafts": [again], "repaired": True}


async def settle(state: RoleState, runtime: Runtime[Context]) -> dict[str, Any]:
    """Take the best draft that passed (one alone is not scored), or say why there is none."""
    context, unit = runtime.context, state["unit"]
    rejected = tuple(attempt for _, attempt in state["flawed"])
    if not state["passed"]:
        return {"result": UnitResult(failure=_failure(unit, rejected), rejected=rejected, prompt=context.prompt.sha256)}
    values = [draft.value for draft in state["passed"] if draft.value is not None]
    best, score = 0, None
    if context.role.score is not None and len(values) > 1:
        scores = await context.role.score(_inputs(state, context), values, context.embedder)
        best = max(range(len(values)), key=lambda i: (scores[i], -i))
        score = round(float(scores[best]), 6)
    value = values[best].model_dump(mode="json")
    return {"result": UnitResult(value=value, rejected=rejected, prompt=context.prompt.sha256, score=score)}


def _failure(unit: Unit, rejected: tuple[Attempt, ...]) -> Failure:
    last = rejected[-1]
    return Failure(
        unit=unit.id,
        stage=unit.stage,
        role=unit.role,
        cause=last.flaw,
        message=last.message,
        raw=last.raw,
        attempts=len(rejected),
    )


@cache
def build() -> Any:
    """Return the compiled machine (compiled once a process)."""
    return _wire(StateGraph(RoleState, context_schema=RoleContext), lambda node: node)


@cache
def graph() -> Any:
    """Return the machine for LangGraph Studio: it works on the model of the environment, the embedded one by default.

    A client sends ``{"unit": {"stage": "studio", "role": ..., "inputs": {...}, "seed": 1}}``.
    """
    return _wire(StateGraph(RoleState), lambda node: bound(node, _studio_context, unit=Unit.model_validate))


def _wire(graph: Any, bind: Callable[[Any], Any]) -> Any:
    for name, node in (("perform", perform), ("check", check), ("repair", repair), ("settle", settle)):
        graph.add_node(name, bind(node))
    graph.add_edge(START, "perform")
    graph.add_edge("perform", "check")
    graph.add_conditional_edges("check", bind(after_check), ["perform", "repair", "settle"])
    graph.add_edge("repair", "check")
    graph.add_edge("settle", END)
    return graph.compile(name="role")


async def _studio_context(state: Mapping[str, Any]) -> Context:
    from simulator.roles.catalogue import ROLES  # late: the catalogue loads every role, and a run loads its own

    name = state["unit"].role
    if name not in ROLES:
        raise InputError(f"there is no role {name!r}; allowed is one of {', '.join(sorted(ROLES))}")
    return await role_context(ROLES[name]())


@cache
def _walk() -> Walk:
    return Walk(build())


async def perform_unit(unit: Unit, context: Context, inputs: Record | None = None) -> UnitResult:
    """Run one unit through the machine.

    Args:
        unit: What is to be done.
        context: Who does it.
        inputs: The unit's inputs as the role takes them, if they are at hand.

    Raises:
        EndpointError: The endpoint failed; the unit has no result.
    """
    with allowed(context.deadline_s):
        state = await _walk().run({"unit": unit, "inputs": inputs}, context)
    result: UnitResult = state["result"]
    return result
