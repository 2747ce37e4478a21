"""``sixhop serve``: the personas of a run as models of an OpenAI-compatible endpoint."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from simulator.cli.options import Model, RunDir
from simulator.cli.reading import reading
from simulator.errors import InputError, UsageError

if TYPE_CHECKING:
    from simulator.models.persona import Persona
    from simulator.scenario.schema import Scenario

__all__ = ["serve"]


def serve(
    rundir: RunDir,
    port: Annotated[int, typer.Option("--port", metavar="N", min=0, max=65535, help="0 takes a free one.")] = 0,
    key_env: Annotated[
        str | None,
        typer.Option(
            "--key-env",
            metavar="VARIABLE",
            help="The variable that holds the key.",
            show_default="a random key, printed",
        ),
    ] = None,
    cast: Annotated[bool, typer.Option("--cast", help="Only the members of the cast.")] = False,
    model: Model = None,
) -> None:
    """Let any chat client talk with the personas of a run.

    Each persona is a model, by its id, of an OpenAI-compatible endpoint on 127.0.0.1. Ctrl-C ends it.
    """
    import asyncio

    with reading(rundir) as run:
        wanted = set(run.cast) if cast else None
        personas = {one.id: one for one in run.ledger.personas() if wanted is None or one.id in wanted}
        scenario = run.scenario
    if not personas:
        raise InputError(f"the run in {str(rundir)!r} has no {'cast' if cast else 'personas'} yet")
    key = _key(key_env)
    asyncio.run(_serve(personas, scenario, port, key, told=key_env is None, spec=model))


def _key(variable: str | None) -> str:
    import secrets

    if variable is None:
        return f"sk-{secrets.token_urlsafe(24)}"
    key = os.environ.get(variable, "").strip()
    if not key:
        raise UsageError(f"the variable {variable!r} of --key-env is not set; set it, or leave the option out")
    return key


async def _serve(
    personas: dict[str, Persona], scenario: Scenario, port: int, key: str, *, told: bool, spec: str | None
) -> None:
    from contextlib import AsyncExitStack

    from simulator.assembly.loopback import asked_to_end, served
    from simulator.assembly.persona_server import make_app
    from simulator.assembly.voices import open_voices
    from simulator.cli.screen.console import note, stdout, words
    from simulator.cli.screen.layout import facts
    from simulator.settings import Settings

    async with AsyncExitStack() as stack:
        voices = await open_voices(scenario, Settings.from_environ(), stack, spec=spec)
        url = await stack.enter_async_context(served(make_app(personas, voices, key), port))
        shown = key if told else "(the given one)"
        rows = [
            ("url", f"{url}/v1"),
            ("key", shown),
            ("models", f"{len(personas):,} personas"),
            ("spoken by", voices.model),
        ]
        stdout().print(facts(rows))
        stdout().print(words(f"a model's name is a persona's id, such as {next(iter(personas))}", "dim"))
        note("Ctrl-C ends it.")
        await asked_to_end()
