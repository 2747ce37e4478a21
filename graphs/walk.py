"""Walking a LangGraph machine node by node, for machines that run hundreds of times a second.

LangGraph's own executor plans every step anew for what a machine *might* do: parallel branches, streams, checkpoints,
interrupts, tracing. That is more CPU than all the rest of a call. A
machine with one node at a time, whose state is thrown away at its end, needs none of it: a :class:`Walk` is made of
the same compiled graph, of its nodes, edges and routers, and takes the same steps. Studio and whoever streams or keeps
checkpoints run the graph itself. ``benchmarks/steps.py`` measures both, a test compares what they do.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from langgraph.channels import BinaryOperatorAggregate, LastValue
from langgraph.errors import GraphRecursionError
from langgraph.graph import END, START
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime

__all__ = ["Walk"]

Step = Callable[[Mapping[str, Any], Runtime[Any]], Awaitable[Any]]


class Walk:
    """The steps of a compiled graph that is at one node at a time.

    Args:
        graph: Nodes and routers are coroutine functions of the state, or of the state and the runtime; a node returns
            the fields that it changes, each of which takes the new value, or what its reducer makes of it.

    Raises:
        ValueError: The graph has parallel ways, or a node that is not a coroutine function.
    """

    def __init__(self, graph: CompiledStateGraph[Any, Any, Any, Any]) -> None:
        builder = graph.builder
        reduced: dict[str, Any] = {
            name: channel for name, channel in builder.channels.items() if _is_reduced(channel, name)
        }
        self._reducers = {name: channel.operator for name, channel in reduced.items()}
        self._first = {name: channel.copy() for name, channel in reduced.items()}
        if builder.waiting_edges:
            raise ValueError("a graph with joins cannot be walked")
        self._nodes = {name: _step(spec.runnable, name) for name, spec in builder.nodes.items()}
        self._routers = {name: _router(branches, name) for name, branches in builder.branches.items()}
        self._next = _edges(builder.edges, self._routers)
        self._limit = int((graph.config or {}).get("recursion_limit", 25))

    async def run(self, state: Mapping[str, Any], context: Any) -> dict[str, Any]:
        """Take the graph's steps from ``state`` and return the state at its end.

        Raises:
            GraphRecursionError: More steps than the graph's recursion limit.
            Exception: What a node raised, as it is.
        """
        known, runtime = self._changed(self._beginning(), state), Runtime(context=context)
        here = await self._after(START, known, runtime)
        for _ in range(self._limit):
            if here == END:
                return known
            known = self._changed(known, await self._nodes[here](known, runtime))
            here = await self._after(here, known, runtime)
        raise GraphRecursionError(f"more than {self._limit} steps without reaching an end")

    def _beginning(self) -> dict[str, Any]:
        return {name: channel.copy().get() for name, channel in self._first.items()}

    def _changed(self, known: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
        for name, value in changes.items():
            reduce = self._reducers.get(name)
            known[name] = value if reduce is None else reduce(known[name], value)
        return known

    async def _after(self, node: str, state: Mapping[str, Any], runtime: Runtime[Any]) -> str:
        router = self._routers.get(node)
        return self._next[node] if router is None else await router(state, runtime)


def _is_reduced(channel: Any, name: str) -> bool:
    if type(channel) not in (LastValue, BinaryOperatorAggregate):
        raise ValueError(f"{name!r} is a {type(channel).__name__}, which cannot be walked")
    return type(channel) is BinaryOperatorAggregate


def _step(runnable: Any, name: str) -> Step:
    function = getattr(runnable, "afunc", None)
    if getattr(runnable, "func", None) is not None or not inspect.iscoroutinefunction(function):
        raise ValueError(f"{name!r} is not a coroutine function, so it cannot be walked")
    if "runtime" in inspect.signature(function).parameters:
        return function

    async def step(state: Mapping[str, Any], _runtime: Runtime[Any]) -> Any:
        return await function(state)

    return step


def _router(branches: Mapping[str, Any], node: str) -> Step:
    if len(branches) != 1:
        raise ValueError(f"{node!r} has {len(branches)} routers; a walk follows one")
    (branch,) = branches.values()
    step, ends = _step(branch.path, node), branch.ends

    async def route(state: Mapping[str, Any], runtime: Runtime[Any]) -> str:
        choice: str = await step(state, runtime)
        return ends[choice] if ends else choice

    return route


def _edges(edges: set[tuple[str, str]], routers: Mapping[str, Step]) -> dict[str, str]:
    following = dict(edges)
    if len(following) != len(edges) or set(following) & set(routers):
        raise ValueError("a node has several ways out at once; a walk follows one")
    return following
