"""The production machine, the director of a run. Its nodes are the stages, so its picture reads like the story.

Its state holds counters and cursors only, never personas: those are in the ledger and in the run's context.
"""

from __future__ import annotations

import operator
from collections.abc import Awaitable, Callable
from functools import cache
from typing import Annotated, Any, TypedDict

from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime

from graphs.context import ProductionContext
from graphs.stage import Counts
from graphs.stages.cast import cast
from graphs.stages.check import check
from graphs.stages.code import write_code
from graphs.stages.converse import converse_all
from graphs.stages.expand import ending, expand
from graphs.stages.extract import extract
from graphs.stages.imports import import_personas
from graphs.stages.npcs import write_npcs
from graphs.stages.pose import pose
from graphs.stages.problems import pose_problems, solve_problems
from graphs.stages.report import report
from graphs.stages.texts import write_texts
from graphs.stages.tools import design_tools
from simulator.errors import InputError
from simulator.models.persona import MAX_HOP

__all__ = ["STAGES", "ProductionState", "build", "graph", "produce"]


class ProductionState(TypedDict, total=False):
    """Counters of a run.

    Attributes:
        hop: The hop that expansion has reached.
        ended: Why expansion ended before its last hop; empty if it did not.
        counts: What each stage made, by stage.
    """

    hop: int
    ended: str
    counts: Annotated[dict[str, Counts], operator.or_]


Node = Callable[[ProductionState, Runtime[ProductionContext]], Awaitable[dict[str, Any]]]
Stage = Callable[[ProductionContext], Awaitable[Counts]]

# The stages after expansion, in the story's order; each is skipped unless its section is in the scenario. NPCs and
# tools come before the conversations, in which NPCs may speak and use the tools.
STAGES: dict[str, tuple[str | None, Stage]] = {
    "cast": (None, cast),
    "pose": ("instructions", pose),
    "npcs": ("npcs", write_npcs),
    "tools": ("tools", design_tools),
    "code": ("coded", write_code),
    "converse": ("conversations", converse_all),
    "check": ("tested", check),
    "problems": ("problems", pose_problems),
    "solve": ("solved", solve_problems),
    "texts": ("writings", write_texts),
    "report": (None, report),
}


def _context(runtime: Runtime[ProductionContext]) -> ProductionContext:
    if runtime.context is None:
        raise InputError(
            "the production machine works on a run directory; start it with 'sixhop run SCENARIO' or simulator.assembly"
        )
    return runtime.context


def _wanted(context: ProductionContext, section: str | None) -> bool:
    return section is None or getattr(context.scenario, section) is not None


def _node(name: str, stage: Stage) -> Node:
    async def node(state: ProductionState, runtime: Runtime[ProductionContext]) -> dict[str, Any]:
        return {"counts": {name: await stage(_context(runtime))}}

    node.__name__ = name
    node.__doc__ = stage.__doc__
    return node


async def _import(state: ProductionState, runtime: Runtime[ProductionContext]) -> dict[str, Any]:
    context = _context(runtime)
    return {"counts": {"import": await import_personas(context)}, "hop": 0, "ended": ending(context, 0)}


def _first(_state: ProductionState, runtime: Runtime[ProductionContext]) -> str:
    """Return where the story begins: with personas made elsewhere, or with texts."""
    return "import" if _context(runtime).scenario.personas is not None else "extract"


async def _extract(state: ProductionState, runtime: Runtime[ProductionContext]) -> dict[str, Any]:
    context = _context(runtime)
    return {"counts": {"extract": await extract(context)}, "hop": 0, "ended": ending(context, 0)}


async def _expand(state: ProductionState, runtime: Runtime[ProductionContext]) -> dict[str, Any]:
    counts, ended = await expand(runtime.context, state["hop"])
    hop = state["hop"] + 1
    return {"counts": {f"expand-{hop}": counts}, "hop": hop, "ended": ending(runtime.context, hop, ended)}


def expands(state: ProductionState, context: ProductionContext) -> bool:
    """Return whether another hop is wanted, possible and worth it."""
    return state["hop"] < context.scenario.expand.hops and not state["ended"]


def _router(after: str) -> Callable[[ProductionState, Runtime[ProductionContext]], str]:
    """Return the choice of what follows ``after``: the next stage that the scenario asks for."""
    names = list(STAGES)
    later = names if after in ("import", "expand") else names[names.index(after) + 1 :]

    def route(state: ProductionState, runtime: Runtime[ProductionContext]) -> str:
        if after == "import" and runtime.context.scenario.texts is not None:
            return "extract"
        if after in ("import", "expand") and expands(state, runtime.context):
            return "expand"
        return next((name for name in later if _wanted(runtime.context, STAGES[name][0])), END)

    return route


@cache
def build() -> Any:
    """Return the compiled machine (compiled once a process)."""
    graph: Any = StateGraph(ProductionState, context_schema=ProductionContext)
    graph.add_node("import", _import)
    graph.add_node("extract", _extract)
    graph.add_node("expand", _expand)
    for name, (_, stage) in STAGES.items():
        graph.add_node(name, _node(name, stage))
    names = list(STAGES)
    graph.add_conditional_edges(START, _first, ["import", "extract"])
    graph.add_conditional_edges("import", _router("import"), ["extract", "expand", *names])
    for after in ("extract", "expand"):
        graph.add_conditional_edges(after, _router("expand"), ["expand", *names])
    for place, name in enumerate(names[:-1]):
        graph.add_conditional_edges(name, _router(name), names[place + 1 :])
    graph.add_edge(names[-1], END)
    return graph.compile(name="production")


def graph() -> Any:
    """Return the machine for LangGraph Studio, which shows it; a run of it needs a run directory (:func:`produce`)."""
    return build()


async def produce(context: ProductionContext) -> dict[str, Counts]:
    """Run the whole production and return what each stage made.

    Raises:
        RunStopped: A budget is used up or somebody asked; the run can be resumed.
        SixhopError: What went wrong; what ended before is in the ledger.
    """
    limit = MAX_HOP + len(STAGES) + 5  # one super-step a node, expansion once a hop
    state = await build().ainvoke({}, context=context, config={"recursion_limit": limit})
    counts: dict[str, Counts] = state["counts"]
    return counts
