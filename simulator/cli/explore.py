"""``sixhop explore``: a web page over a run, for this machine alone."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from simulator.cli.options import RunDir
from simulator.cli.reading import tell_outdated

__all__ = ["explore"]

_TOKEN_BYTES = 18
"""Of randomness in the address: nobody guesses 144 bits, and it still fits a line."""


def explore(
    rundir: RunDir,
    port: Annotated[int, typer.Option("--port", metavar="N", min=0, max=65535, help="0 takes a free one.")] = 0,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Print the address and open nothing.")] = False,
) -> None:
    """Look around in a run, on a web page.

    It is read-only, answers to this machine alone, and works while the run goes on. Ctrl-C ends it.
    """
    import asyncio

    asyncio.run(_explore(rundir, port, opened=not no_browser))


async def _explore(root: Path, port: int, *, opened: bool) -> None:
    import secrets
    import webbrowser

    from simulator.assembly.loopback import asked_to_end, served
    from simulator.cli.screen.console import note, stdout
    from simulator.cli.screen.layout import facts
    from simulator.explorer import Reader, make_app
    from simulator.settings import Settings

    reader, token = Reader(root), secrets.token_urlsafe(_TOKEN_BYTES)
    people = await reader.ask(lambda look: look.run.ledger.count("personas"))
    await reader.ask(lambda look: tell_outdated(look.run))
    async with served(make_app(reader, token, Settings.from_environ()), port, impatient=True) as base:
        address = f"{base}/{token}/"
        stdout().print(facts([("page", address), ("run", f"{root}: {people:,} people")]), soft_wrap=True)
        stdout().file.flush()  # whoever reads it through a pipe waits for the address
        if opened and _has_screen():
            webbrowser.open(address)
        note("Whoever has the address can read the run. Ctrl-C ends it.")
        await asked_to_end()


def _has_screen() -> bool:
    """Return whether a browser would open a window: without a screen, one that draws in the terminal would take it."""
    if not sys.stdout.isatty():
        return False
    return sys.platform != "linux" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
