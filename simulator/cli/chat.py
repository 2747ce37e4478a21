"""``sixhop chat``: talk with a persona of a run."""

from __future__ import annotations

import asyncio
import sys
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Annotated

import typer

from simulator.cli.options import Model, RunDir

if TYPE_CHECKING:
    from simulator.assembly.voices import Voices
    from simulator.models.message import Message

__all__ = ["chat"]

_LEAVES = ("/bye", "/quit", "/exit")


def chat(
    rundir: RunDir,
    persona: Annotated[
        str,
        typer.Argument(
            help="Its id, the beginning of it, or a part of its text.", metavar="PERSONA_ID", show_default=False
        ),
    ],
    model: Model = None,
    situation: Annotated[
        str, typer.Option("--situation", metavar="TEXT", help="What the persona is in.", show_default="an ordinary day")
    ] = "",
) -> None:
    """Talk with a persona in the terminal; /bye or Ctrl-D ends it.

    Nothing of the talk is written to the run.
    """
    from simulator.assembly import open_run
    from simulator.assembly.voices import open_voices
    from simulator.cli.screen.console import note, stdout, words
    from simulator.settings import Settings

    with open_run(rundir) as run:
        whom, scenario = run.persona(persona), run.scenario
    stdout().print(words(whom.text, "bold"))
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        try:
            voices = runner.run(open_voices(scenario, Settings.from_environ(), stack, spec=model))
            note("Say something; /bye ends the talk.")
            _talk(runner, voices, whom.text, situation)
        finally:
            runner.run(stack.aclose())


def _talk(runner: asyncio.Runner, voices: Voices, persona: str, situation: str) -> None:
    from simulator.cli.screen.console import stdout
    from simulator.cli.screen.layout import Barred
    from simulator.models.message import Message
    from simulator.transport.body import clean

    heard: list[Message] = []
    while (line := _line()) is not None:
        if not line.strip():
            continue
        heard.append(Message(role="user", content=clean(line.strip())))
        said = runner.run(voices.say(persona, heard, situation))
        heard.append(Message(role="assistant", content=said))
        stdout().print(Barred(said, "cyan"))


def _line() -> str | None:
    """Return the next line of whoever talks; ``None`` when they leave."""
    if sys.stdin.isatty():
        sys.stderr.write("> ")
        sys.stderr.flush()
    try:
        line = sys.stdin.readline()
    except KeyboardInterrupt:
        return None
    return None if not line or line.strip().lower() in _LEAVES else line
