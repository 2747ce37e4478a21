"""``sixhop chat``: talk with a persona of a run."""

from __future__ import annotations

import signal
import sys
from collections.abc import Coroutine
from contextlib import AbstractContextManager, AsyncExitStack, nullcontext, suppress
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from simulator.cli.options import Model, RunDir
from simulator.cli.reading import reading
from simulator.errors import SixhopError

if TYPE_CHECKING:
    import asyncio

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
    import asyncio

    from simulator.assembly.voices import open_voices
    from simulator.cli.screen.console import note, stdout, words
    from simulator.settings import Settings

    with reading(rundir) as run:
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
    from simulator.cli.screen.console import note, stdout
    from simulator.cli.screen.layout import Barred
    from simulator.models.message import Message
    from simulator.transport.body import clean

    heard: list[Message] = []
    while (line := _line()) is not None:
        if not line.strip():
            continue
        heard.append(Message(role="user", content=clean(line.strip())))
        try:
            with _waiting():
                said = _said(runner, voices.say(persona, heard, situation))
        except (SixhopError, KeyboardInterrupt) as error:
            if not sys.stdin.isatty():
                raise
            heard.pop()  # as if it had not been said: whoever talks may say it again
            note(str(error) or "Given up.", "red" if str(error) else "dim")
            continue
        heard.append(Message(role="assistant", content=said))
        stdout().print(Barred(said, "cyan"))


def _said(runner: asyncio.Runner, saying: Coroutine[Any, Any, str]) -> str:
    """Return what is said.

    Raises:
        KeyboardInterrupt: Ctrl-C came first. The loop is woken for it: by itself it hears a signal that comes just
            before it sleeps only when something else wakes it, which a server that hangs never does.
    """
    import asyncio

    async def heard() -> str:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        with suppress(NotImplementedError):  # on Windows
            loop.add_signal_handler(signal.SIGINT, cast("asyncio.Task[str]", task).cancel)
        try:
            return await saying
        finally:
            with suppress(NotImplementedError):
                loop.remove_signal_handler(signal.SIGINT)

    try:
        return runner.run(heard())
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


def _waiting() -> AbstractContextManager[object]:
    """Show that a reply is being waited for, where that can be drawn: a small model takes seconds."""
    from simulator.cli.screen.console import draws, stderr

    console = stderr()
    return console.status("") if draws(console) else nullcontext()


def _line() -> str | None:
    """Return the next line of whoever talks; ``None`` when they leave."""
    try:
        line = _typed() if sys.stdin.isatty() else sys.stdin.readline()
    except (EOFError, KeyboardInterrupt):
        sys.stderr.write("\n")
        return None
    return None if not line or line.strip().lower() in _LEAVES else line


def _typed() -> str:
    """Return a line from the terminal, with its end; the cursor's keys move in it and bring back earlier ones."""
    if sys.stdout.isatty():
        with suppress(ImportError):  # some builds of Python have none
            import readline  # noqa: F401 - input() uses it
        return f"{input('> ')}\n"
    sys.stderr.write("> ")
    sys.stderr.flush()
    return sys.stdin.readline()
