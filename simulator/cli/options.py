"""The arguments and options that several commands share, so that they mean and look the same everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "AllowCode",
    "Assistant",
    "CastOf",
    "Concurrency",
    "Json",
    "Limit",
    "MaxCalls",
    "MaxMinutes",
    "MaxTokens",
    "MaxUsd",
    "Model",
    "OnChange",
    "Quiet",
    "RunDir",
    "Seed",
    "Verbose",
]

RunDir = Annotated[Path, typer.Argument(help="The run directory.", metavar="RUNDIR", show_default=False)]

Model = Annotated[
    str | None,
    typer.Option(
        "--model",
        "-m",
        metavar="SPEC",
        help="Model for every role, instead of the scenario's: local, gguf:PATH, openai:MODEL or URL#MODEL.",
    ),
]
Assistant = Annotated[
    str | None,
    typer.Option(
        "--assistant",
        metavar="WHOM",
        help="Test this one instead: a model SPEC, module:function, or path.py:name of a function or a graph.",
    ),
]
CastOf = Annotated[
    Path | None,
    typer.Option("--cast-of", metavar="RUNDIR", help="Use the frozen cast of this run: the same people, nothing new."),
]
Seed = Annotated[int | None, typer.Option("--seed", metavar="N", min=0, help="Seed, instead of the scenario's.")]
Concurrency = Annotated[
    int | None, typer.Option("--concurrency", "-c", metavar="N", min=1, max=4096, help="Units worked on at once.")
]
MaxCalls = Annotated[int | None, typer.Option("--max-calls", metavar="N", min=0, help="Stop after so many calls.")]
MaxTokens = Annotated[int | None, typer.Option("--max-tokens", metavar="N", min=0, help="Stop after so many tokens.")]
MaxMinutes = Annotated[
    float | None, typer.Option("--max-minutes", metavar="M", min=0, help="Stop after so many minutes.")
]
MaxUsd = Annotated[
    float | None,
    typer.Option("--max-usd", metavar="X", min=0, help="Stop after so many US dollars; every price must be known."),
]
OnChange = Annotated[
    str,
    typer.Option(
        "--on-change",
        metavar="refuse|reuse|fresh",
        help="What to do when the scenario was edited since: refuse; reuse what still fits and do the rest anew; begin "
        "anew.",
    ),
]
AllowCode = Annotated[
    bool, typer.Option("--allow-code", help="Let code that a model writes run, shut in (tools.code).")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")]
Verbose = Annotated[
    int,
    typer.Option(
        "--verbose",
        "-v",
        count=True,
        metavar="",
        show_default=False,
        help="Log more to RUNDIR/logs/run.jsonl: -v every unit and call, -vv every prompt and reply too.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Limit = Annotated[
    int | None,
    typer.Option("--limit", "-n", metavar="N", min=0, help="Most rows; 0 is all. By default 40, and all as JSON."),
]
