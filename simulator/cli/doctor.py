"""``sixhop doctor``: does everything that a run needs work here?"""

from __future__ import annotations

from typing import Annotated

import typer

from simulator.cli.options import Json, Model

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

    from simulator.cli.checkup import examine
    from simulator.cli.screen.console import print_json, stdout
    from simulator.cli.screen.health import health_view
    from simulator.settings import Settings

    settings = Settings.from_environ()
    checks = asyncio.run(examine(settings, model, key_env, embedder))
    if as_json:
        print_json([asdict(check) for check in checks])
    else:
        stdout().print(health_view(checks))
    if any(check.state == "failed" for check in checks):
        raise typer.Exit(1)
