"""An MCP server over the tools of a run, so that an agent can be tested with tools that do not exist yet."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from simulator import __version__
from simulator.assembly.loopback import asked_to_end
from simulator.errors import InputError, UsageError, install
from simulator.exports.functions import mcp_tool
from simulator.models.base import canonical_json
from simulator.models.tool import Tool, Toolset
from simulator.tools.simulated import Answer, SimulatedTools

if TYPE_CHECKING:
    from mcp.server.lowlevel import Server

__all__ = ["chosen_tools", "make_server", "serve_http", "serve_stdio"]

_PAGE = 500  # tools in one answer to tools/list; a client asks for more with the cursor
_REMEMBERED = 12  # calls that a model which plays tools is told of
_ANYTHING = {"type": "object"}


def chosen_tools(
    tools: Sequence[Tool], groups: Sequence[Toolset], wanted: Sequence[str] = (), limit: int | None = None
) -> list[Tool]:
    """Return the tools that are to be served, those that most people asked for first.

    Args:
        tools: Of the run.
        groups: Its toolsets.
        wanted: Names of toolsets; all tools without any.
        limit: At most so many.

    Raises:
        InputError: There are no tools, or no such toolset.
    """
    if not tools:
        raise InputError("the run has no tools; give its scenario a section 'tools', or import some")
    known = {group.name: group for group in groups}
    for name in wanted:
        if name not in known:
            some = ", ".join(list(known)[:8]) or "none"
            raise InputError(f"there is no toolset {name!r}; the run has {len(known)}, the most wanted: {some}")
    ids = {id_ for name in wanted for id_ in known[name].tools}
    able = [tool for tool in tools if not wanted or tool.id in ids]
    return sorted(able, key=lambda tool: -tool.demand)[:limit]


def make_server(simulated: SimulatedTools) -> Server[Any]:
    """Return the server. A call that fails is a result with ``isError``, which an agent can read and act upon.

    Raises:
        UsageError: The package ``mcp`` is not installed.
    """
    types, server = _mcp()
    listed = [types.Tool.model_validate(mcp_tool(tool)) for tool in simulated.tools.values()]

    async def list_tools(_context: Any, params: Any) -> Any:
        begin = _place(params.cursor if params is not None else None, len(listed))
        end = begin + _PAGE
        return types.ListToolsResult(tools=listed[begin:end], next_cursor=str(end) if end < len(listed) else None)

    async def call_tool(_context: Any, params: Any) -> Any:
        answer = await simulated.call(params.name, params.arguments or {})
        return _told(types, answer, structured=_has_schema(simulated, params.name))

    about = "Simulated tools: results are made up, fit the tools' schemas, and agree with earlier calls."
    made: Server[Any] = server(
        "sixhop", version=__version__, instructions=about, on_list_tools=list_tools, on_call_tool=call_tool
    )
    return made


def _place(cursor: str | None, count: int) -> int:
    return min(int(cursor), count) if cursor is not None and cursor.isascii() and cursor.isdigit() else 0


def _has_schema(simulated: SimulatedTools, name: str) -> bool:
    tool = simulated.tools.get(name)
    return tool is not None and bool(tool.result)


def _told(types: Any, answer: Answer, *, structured: bool) -> Any:
    failed = answer.result is None
    body = {"error": answer.error, "message": answer.message} if failed else answer.result
    return types.CallToolResult(
        content=[types.TextContent(type="text", text=canonical_json(body))],
        structured_content=answer.result if structured else None,
        is_error=failed,
        _meta={"simulated": answer.by},
    )


def _mcp() -> tuple[Any, Any]:
    try:
        from mcp import types
        from mcp.server.lowlevel import Server
    except ImportError as error:
        raise UsageError(f"serving tools needs the package mcp; {install('mcp')}") from error
    return types, Server


async def serve_stdio(server: Server[Any]) -> None:
    """Serve one client over standard input and output until it leaves."""
    from mcp.server.stdio import stdio_server

    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())


async def serve_http(server: Server[Any], port: int, ready: Callable[[str], None]) -> None:
    """Serve clients over streamable HTTP on loopback, until the process is asked to end.

    Args:
        server: What to serve.
        port: 0 for any free one.
        ready: Told the address once it listens.

    Raises:
        UsageError: The port is taken.
    """
    import uvicorn

    class Server(uvicorn.Server):
        @contextmanager
        def capture_signals(self) -> Iterator[None]:
            """Leave signals alone: uvicorn would send them once more when it has ended, which looks like a crash."""
            yield

    app = server.streamable_http_app()
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind(("127.0.0.1", port))
        except OSError as error:
            raise UsageError(f"port {port} cannot be used: {error.strerror}; name another with --port") from error
        listening.listen()
        config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=2)
        made = Server(config)
        ending, serving = asyncio.create_task(asked_to_end()), asyncio.create_task(made.serve(sockets=[listening]))
        await asyncio.sleep(0)  # so that signals are heard before anybody is told that it is there
        ready(f"http://127.0.0.1:{listening.getsockname()[1]}/mcp")
        await asyncio.wait({ending, serving}, return_when=asyncio.FIRST_COMPLETED)
        made.should_exit = True
        await serving
        ending.cancel()
