"""What the machines work with when a client brings nothing: LangGraph Studio, ``langgraph dev``, the SDK.

A run of Sixhop gives every machine its context. A client of the LangGraph server cannot (a model is no JSON), so the
graphs that are served bind their nodes to the model that the environment names, the embedded one by default.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from weakref import WeakKeyDictionary

from langgraph.runtime import Runtime

from simulator.embeddings.load import embedder_from
from simulator.llm.open import open_model
from simulator.llm.spec import parse_spec
from simulator.prompts.template import load_prompt
from simulator.roles.role import Role, RoleContext
from simulator.settings import Settings

__all__ = ["bound", "role_context"]

State = Mapping[str, Any]

_opened: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, Any]] = WeakKeyDictionary()
"""Model, embedder and prompt variant of each event loop; they live as long as the server."""


async def role_context(role: Role[Any, Any]) -> RoleContext[Any, Any]:
    """Return the context of ``role`` on the model of the environment, opened once for each event loop.

    Raises:
        ModelSpecError: ``SIXHOP_MODEL`` or ``SIXHOP_EMBEDDER`` is malformed, or what it needs is missing.
    """
    loop = asyncio.get_running_loop()
    if loop not in _opened:
        # In a thread: the server refuses whatever blocks its event loop, and this reads files.
        _opened[loop] = await asyncio.to_thread(_open)
    tools = _opened[loop]
    prompt = await asyncio.to_thread(load_prompt, role.name, tools["variant"])
    return RoleContext(role, prompt, tools["model"], tools["embedder"])


def _open() -> dict[str, Any]:
    settings = Settings.from_environ()
    spec = parse_spec(settings.model_spec())
    return {
        "model": open_model(spec, settings),
        "embedder": embedder_from(settings.embedder_spec(), settings),
        "variant": spec.profile,
    }


def bound(
    node: Callable[..., Any], context_for: Callable[[State], Awaitable[Any]], **forms: Callable[[Any], Any]
) -> Callable[..., Awaitable[Any]]:
    """Return ``node``, or a router, with the context that ``context_for`` makes.

    Args:
        node: Takes the state and a runtime.
        context_for: Makes the context from the state.
        forms: How to read a field of the state that came as JSON.
    """

    async def with_context(state: State, runtime: Runtime[Any]) -> Any:
        state = {**state, **{field: read(state.get(field)) for field, read in forms.items()}}
        made = node(state, runtime.override(context=await context_for(state)))
        return await made if inspect.isawaitable(made) else made

    with_context.__name__, with_context.__doc__ = node.__name__, node.__doc__
    return with_context
