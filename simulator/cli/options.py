"""The arguments and options that several commands share, so that they mean and look the same everywhere."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

if TYPE_CHECKING:
    from simulator.assembly import Overrides

__all__ = [
    "AllowCode",
    "Assistant",
    "CastOf",
    "Concurrency",
    "Conduct",
    "Cosine",
    "Jaccard",
    "Json",
    "Junit",
    "Limit",
    "MaxCalls",
    "MaxUsd",
    "Model",
    "OnChange",
    "Out",
    "Quiet",
    "RunDir",
    "ScenarioFile",
    "Seed",
    "Threshold",
    "conducted",
]

ScenarioFile = Annotated[Path, typer.Argument(help="The scenario file.", metavar="SCENARIO", show_default=False)]
Out = Annotated[
    Path | None, typer.Option("--out", "-o", help="Run directory.", metavar="RUNDIR", show_default="runs/NAME")
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
    int | None, typer.Option("--concurrency", "-c", metavar="N", min=1, max=4096, help="Calls in flight at once.")
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
Threshold = Annotated[
    float | None,
    typer.Option(
        "--threshold", metavar="SHARE", min=0, max=1, help="Share of conversations that must pass, 0 to 1: 0.9 is 90 %."
    ),
]
Junit = Annotated[Path | None, typer.Option("--junit", metavar="FILE", help="Write the outcomes as JUnit XML.")]
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
Jaccard = Annotated[float, typer.Option(metavar="X", help="Duplicates share this much of their words.")]
Cosine = Annotated[float, typer.Option(metavar="Y", help="Duplicates' embeddings are this near.")]
Limit = Annotated[
    int | None,
    typer.Option("--limit", "-n", metavar="N", min=0, help="Most rows; 0 is all. By default 40, and all as JSON."),
]


@dataclass(frozen=True)
class Conduct:
    """How one execution of a run is to go: the options that ``run``, ``resume``, ``retry`` and ``test`` all have."""

    concurrency: Concurrency = None
    max_calls: MaxCalls = None
    max_tokens: MaxTokens = None
    max_minutes: MaxMinutes = None
    max_usd: MaxUsd = None
    allow_code: AllowCode = False
    verbose: Verbose = 0
    quiet: Quiet = False
    as_json: Json = False

    def overrides(self, **others: Any) -> Overrides:
        """Return what is said instead of the scenario, ``others`` included."""
        from simulator.assembly import Overrides

        return Overrides(
            concurrency=self.concurrency,
            max_calls=self.max_calls,
            max_tokens=self.max_tokens,
            max_minutes=self.max_minutes,
            max_usd=self.max_usd,
            allow_code=self.allow_code,
            **others,
        )


def conducted(command: Callable[..., None]) -> Callable[..., None]:
    """Return ``command`` with the options of :class:`Conduct` in place of its parameter ``conduct``.

    Typer reads a command's options from its signature, one parameter each.
    """
    hints = get_type_hints(command, include_extras=True)
    options = get_type_hints(Conduct, include_extras=True)
    own = [
        one.replace(annotation=hints[one.name])
        for one in inspect.signature(command).parameters.values()
        if one.name != "conduct"
    ]
    shared = [
        inspect.Parameter(
            one.name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=one.default, annotation=options[one.name]
        )
        for one in fields(Conduct)
    ]

    @wraps(command)
    def spread(**values: Any) -> None:
        conduct = Conduct(**{one.name: values.pop(one.name) for one in shared})
        command(**values, conduct=conduct)

    spread.__signature__ = inspect.Signature([*own, *shared])  # type: ignore[attr-defined]
    spread.__annotations__ = {one.name: one.annotation for one in (*own, *shared)}
    return spread
