"""``sixhop doctor``: does everything that a run needs work here?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from simulator.cli.options import Json, Model

if TYPE_CHECKING:
    from simulator.cli.checkup import Check, Subject

__all__ = ["doctor"]


def doctor(
    model: Model = None,
    key_env: Annotated[
        str | None, typer.Option("--key-env", metavar="NAME", help="Environment variable that holds the model's key.")
    ] = None,
    embedder: Annotated[
        str | None, typer.Option("--embedder", metavar="SPEC", help="wordllama, openai:MODEL or URL#MODEL.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Check whether a run would work on this machine.

    Looks at Python, the libraries, the disk, the model's endpoint, structured output and embeddings; asks the model
    one short question. Exit code 1 when something fails, with what to do about it.
    """
    import asyncio
    from dataclasses import asdict

    from simulator.cli.checkup import Subject
    from simulator.cli.screen.console import print_json
    from simulator.settings import Settings

    subject = Subject.of(Settings.from_environ(), model, key_env, embedder)
    checks = asyncio.run(_examine(subject, show=not as_json))
    if as_json:
        print_json([asdict(check) for check in checks])
    if any(check.state == "failed" for check in checks):
        raise typer.Exit(1)


async def _examine(subject: Subject, *, show: bool) -> list[Check]:
    """Show each check as soon as it is done: a cold model may take a minute to answer."""
    from simulator.cli.checkup import examine
    from simulator.cli.screen.console import stdout
    from simulator.cli.screen.health import check_view, verdict

    checks: list[Check] = []
    async for check in examine(subject):
        checks.append(check)
        if show:
            stdout().print(check_view(check))
    if show:
        stdout().print(verdict(checks))
    return checks
