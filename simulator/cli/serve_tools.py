"""``sixhop serve-tools``: the tools of a run behind an MCP server."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from simulator.cli.options import RunDir
from simulator.cli.reading import reading
from simulator.errors import UsageError

if TYPE_CHECKING:
    from contextlib import AsyncExitStack
    from pathlib import Path

    from simulator.roles.role import RoleContext
    from simulator.tools.simulated import Play

__all__ = ["serve_tools"]


Http = Annotated[bool, typer.Option("--http", help="Serve on loopback, not over standard input.")]
Port = Annotated[int, typer.Option("--port", metavar="N", min=0, max=65535, help="0 is any free one.")]
Toolsets = Annotated[
    list[str] | None, typer.Option("--toolset", metavar="NAME", help="Only these; may stand several times.")
]
Most = Annotated[
    int | None, typer.Option("--limit", "-n", metavar="N", min=1, help="Only the N that most people asked for.")
]
Player = Annotated[
    str | None, typer.Option("--model", "-m", metavar="SPEC", help="Let a model make the results; rules without one.")
]
OfValues = Annotated[int, typer.Option("--seed", metavar="N", min=0, help="Of the made-up values.")]
Errors = Annotated[
    int, typer.Option("--errors", metavar="N", min=0, max=100, help="Of 100 calls, how many fail as the tool says.")
]


def serve_tools(
    rundir: RunDir,
    http: Http = False,
    port: Port = 8765,
    toolset: Toolsets = None,
    limit: Most = None,
    model: Player = None,
    seed: OfValues = 0,
    errors: Errors = 0,
) -> None:
    """Serve the tools of a run to an agent, over MCP.

    The results are simulated: they fit the tools' schemas and agree with earlier calls. Nothing is executed.

    An MCP client starts this command itself and speaks to it over standard input. With --http it listens, until Ctrl-C.
    """
    import asyncio
    from contextlib import AsyncExitStack

    from simulator.assembly.tool_server import chosen_tools, make_server, serve_http, serve_stdio
    from simulator.cli.screen.console import note
    from simulator.models.tool import Toolset
    from simulator.tools.simulated import SimulatedTools

    with reading(rundir) as run:
        groups = [Toolset.model_validate(body) for body in run.ledger.meta("toolsets", [])]
        tools = chosen_tools(run.tools, groups, toolset or (), limit)
    if not http:
        _refuse_terminal(rundir)

    async def work() -> None:
        async with AsyncExitStack() as stack:
            play = await _play(model, stack, seed) if model else None
            server = make_server(SimulatedTools(tools, seed=seed, error_percent=errors, play=play))
            if http:
                await serve_http(server, port, lambda url: note(f"{len(tools):,} tools at {url}; Ctrl-C ends it"))
            else:
                note(f"{len(tools):,} tools over standard input and output; the client ends it")
                await serve_stdio(server)

    asyncio.run(work())


def _refuse_terminal(rundir: Path) -> None:
    from simulator.cli.screen.console import command

    if sys.stdin.isatty():
        raise UsageError(
            "standard input is a terminal, and it is an MCP client that speaks there: have the client start this "
            f"command, or listen with\n  {command('sixhop', 'serve-tools', rundir, '--http')}"
        )


async def _play(model: str, stack: AsyncExitStack, seed: int) -> Play:
    from graphs.talk.company import played_by  # LangGraph: seconds that rules do not take

    return played_by(await _player(model, stack), seed)


async def _player(spec: str, stack: AsyncExitStack) -> RoleContext[Any, Any]:
    from simulator.embeddings.load import embedder_from
    from simulator.llm.open import open_model
    from simulator.llm.spec import parse_spec
    from simulator.prompts.template import load_prompt
    from simulator.roles.role import RoleContext
    from simulator.roles.tool_player import tool_player
    from simulator.settings import Settings

    settings, parsed = Settings.from_environ(), parse_spec(spec)
    model = await stack.enter_async_context(open_model(parsed, settings))
    embedder = embedder_from(settings.embedder_spec(), settings)
    stack.push_async_callback(embedder.aclose)
    return RoleContext(tool_player(), load_prompt("tool_player", parsed.profile), model, embedder)
