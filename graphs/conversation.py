"""The conversation machine: ``open -> user -> guard -> assistant -> guard -> ... -> settle``.

Two sides take turns, and every call to a model runs the role machine, whose checks are the guard's detectors: a bad
turn is drawn again there. The guard node takes the turn, labels what the policy lets stand, and decides whether the
conversation ends; where the scenario wants it, a judge decides whether the goal was reached. In a conversation between
two people ``partner`` stands in the assistant's place, and in one with an NPC of the run ``npc``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from langgraph.graph import END, START, StateGraph

from graphs.studio import bound, role_context
from graphs.talk import judging, nodes, routers, speakers
from graphs.talk.state import ConversationContext, ConversationState, TalkInput, TalkOutput
from graphs.walk import Walk
from simulator.llm.account import accounted
from simulator.models.base import content_id
from simulator.models.conversation import MOST_EXCHANGES, Conversation
from simulator.models.unit import Failure, Unit, UnitResult
from simulator.roles.assistant import assistant
from simulator.roles.judge import judge
from simulator.roles.user import user

__all__ = ["ConversationContext", "build", "converse", "graph", "steps"]


def steps(exchanges: int) -> int:
    """Return the most super-steps that a conversation of ``exchanges`` takes: five each, and its two ends."""
    return 5 * exchanges + 3


@cache
def build() -> Any:
    """Return the compiled machine (compiled once a process)."""
    graph = StateGraph(ConversationState, context_schema=ConversationContext, input_schema=TalkInput)
    return _wire(graph, lambda node: node)


@cache
def _walk() -> Walk:
    return Walk(build())


@cache
def graph() -> Any:
    """Return the machine for LangGraph Studio: it works on the model of the environment, the embedded one by default.

    A client sends the fields of :class:`ConversationInputs` (``persona``, ``opener``, ``exchanges`` ...), or a chat
    message: the opener if there is a persona, and without one somebody's at the keyboard, which gets one answer.
    """
    served = StateGraph(ConversationState, input_schema=TalkInput, output_schema=TalkOutput)
    return _wire(served, lambda node: bound(node, _studio_context))


def _wire(graph: Any, bind: Callable[[Any], Any]) -> Any:
    graph.add_node("open", nodes.open_talk)
    for side, node in (
        ("user", speakers.user),
        ("assistant", speakers.assistant),
        ("partner", speakers.partner),
        ("npc", speakers.npc),
    ):
        graph.add_node(side, bind(node))
        graph.add_edge(side, "guard")
    graph.add_node("guard", bind(nodes.guard))
    graph.add_node("judge", bind(judging.judge))
    graph.add_node("settle", bind(nodes.settle))
    graph.add_edge(START, "open")
    graph.add_conditional_edges("open", routers.after_opening)
    graph.add_conditional_edges("guard", routers.after_guard)
    graph.add_conditional_edges("judge", routers.after_judge)
    graph.add_edge("settle", END)
    return graph.compile(name="conversation").with_config(recursion_limit=steps(MOST_EXCHANGES))


async def _studio_context(_state: Any) -> ConversationContext:
    sides = [await role_context(role) for role in (user(), assistant(), judge())]
    return ConversationContext(sides[0], sides[1], sides[2])


async def converse(unit: Unit, context: ConversationContext) -> UnitResult:
    """Run one conversation.

    Args:
        unit: Its inputs are those of :class:`ConversationInputs`; its seed is that of every turn.
        context: Who performs the two sides.

    Returns:
        As value a :class:`Conversation`, also one that ended early for a recorded reason; or a failure whose ``raw``
        keeps the exchanges that there were. ``rejected`` are all drafts of turns that were turned down.

    Raises:
        EndpointError: An endpoint failed; what was said so far is in the reply cache.
        InputError: The inputs are not those of a conversation.
    """
    with accounted() as account:
        end = await _walk().run({**unit.inputs, "seed": unit.seed}, context)
    scores = end["scores"]
    known: dict[str, Any] = {
        "rejected": end["rejected"],
        "prompt": _prompts(context),
        "score": round(sum(scores) / len(scores), 6) if scores else None,
    }
    if end.get("failure"):
        failure = Failure.model_validate(end["failure"])
        return UnitResult(failure=failure.model_copy(update={"unit": unit.id, "stage": unit.stage}), **known)
    talk = Conversation.model_validate({**end["conversation"], "id": content_id("c", unit.id), "spent": account})
    return UnitResult(value=talk.model_dump(mode="json"), **known)


def _prompts(context: ConversationContext) -> str:
    there = (context.user, context.assistant, context.company.role if context.company else None, context.judge)
    return " ".join(one.prompt.sha256 for one in there if one is not None)
