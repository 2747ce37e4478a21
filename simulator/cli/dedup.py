"""``sixhop dedup``: deduplicate a file of texts, without a run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from simulator.cli.options import Cosine, Jaccard, Json, Quiet
from simulator.errors import UsageError

if TYPE_CHECKING:
    from simulator.embeddings.protocol import Embedder
    from simulator.population.dedup.verdict import DedupSettings

__all__ = ["dedup"]

_STEP = 0.05


Mode = Annotated[
    Literal["exact", "paper"],
    typer.Option("--mode", help="exact: the true Jaccard decides; paper: the 128-permutation MinHash estimate."),
]
Proposer = Annotated[
    Literal["prefix", "minhash"],
    typer.Option(
        "--proposer", help="Who proposes the pairs that exact verifies: an index that misses none, or datasketch's LSH."
    ),
]
Spec = Annotated[
    str | None, typer.Option(metavar="SPEC", help="wordllama, openai:MODEL or URL#MODEL.", show_default="wordllama")
]
Exhaustive = Annotated[
    bool, typer.Option("--exhaustive", help="Over 50,000 rows too, compare every embedding with every other.")
]
Sweep = Annotated[
    str | None,
    typer.Option(metavar="A:B[:STEP]", help="Write nothing; show how many would remain at each threshold."),
]


def dedup(
    file: Annotated[Path, typer.Argument(help="Rows: .jsonl or .parquet.", metavar="FILE", show_default=False)],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="DIR", help="Folder.", show_default="FILE.dedup"),
    ] = None,
    field: Annotated[
        str | None,
        typer.Option("--field", metavar="NAME", help="Field of the text.", show_default="persona, input persona, text"),
    ] = None,
    mode: Mode = "exact",
    proposer: Proposer = "prefix",
    jaccard: Jaccard = 0.9,
    cosine: Cosine = 0.9,
    no_lexical: Annotated[bool, typer.Option("--no-lexical", help="Do not compare words.")] = False,
    no_semantic: Annotated[bool, typer.Option("--no-semantic", help="Do not compare embeddings.")] = False,
    embedder: Spec = None,
    exhaustive: Exhaustive = False,
    sweep: Sweep = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Find near-duplicates in a file of texts.

    Of two like texts the earlier one stays. Writes kept.jsonl, rejected.jsonl (survivor, stage and score of each),
    failures.jsonl and summary.json.
    """
    from simulator.cli.screen.console import note
    from simulator.population.bulk.sweep import thresholds_between
    from simulator.population.dedup.verdict import DedupSettings

    chosen = DedupSettings(mode, None if no_lexical else jaccard, None if no_semantic else cosine, proposer)
    wanted = None if sweep is None else thresholds_between(*_bounds(sweep))

    def say(told: str) -> None:
        if not quiet:
            note(told)

    shared: dict[str, Any] = {"field": field, "settings": chosen, "say": say}
    if wanted is None:
        folder = out if out is not None else file.parent / f"{file.stem}.dedup"
        _dedup(file, folder, chosen, embedder, as_json, {**shared, "exhaustive": exhaustive})
    else:
        _sweep(file, wanted, chosen, embedder, as_json, shared)


def _dedup(
    file: Path, folder: Path, chosen: DedupSettings, spec: str | None, as_json: bool, options: dict[str, Any]
) -> None:
    import asyncio
    from dataclasses import asdict

    from simulator.assembly.dedup_file import DedupSummary, dedup_file
    from simulator.cli.screen.console import print_json, stdout
    from simulator.cli.screen.dedup import dedup_view

    async def work() -> DedupSummary:
        embedder = _embedder(spec, chosen)
        try:
            return await dedup_file(file, folder, embedder=embedder, **options)
        finally:
            await _closed(embedder)

    summary = asyncio.run(work())
    if as_json:
        print_json(asdict(summary))
    else:
        stdout().print(dedup_view(summary))


def _sweep(
    file: Path, thresholds: list[float], chosen: DedupSettings, spec: str | None, as_json: bool, options: dict[str, Any]
) -> None:
    import asyncio

    from simulator.assembly.dedup_file import sweep_file
    from simulator.cli.screen.console import print_json, stdout
    from simulator.cli.screen.dedup import sweep_view

    async def work() -> list[tuple[float, dict[str, int]]]:
        embedder = _embedder(spec, chosen)
        try:
            return await sweep_file(file, thresholds, embedder=embedder, **options)
        finally:
            await _closed(embedder)

    found = asyncio.run(work())
    if as_json:
        print_json([{"threshold": threshold, **counts} for threshold, counts in found])
    else:
        stdout().print(sweep_view(found, chosen))


def _embedder(spec: str | None, chosen: DedupSettings) -> Embedder | None:
    from simulator.embeddings.load import embedder_from
    from simulator.settings import Settings

    if chosen.cosine is None:
        return None
    settings = Settings.from_environ()
    return embedder_from(settings.embedder_spec(spec), settings)


async def _closed(embedder: Any) -> None:
    if embedder is not None:
        await embedder.aclose()


def _bounds(given: str) -> list[float]:
    """Return the first and last threshold of a sweep, and the step between them."""
    try:
        bounds = [float(part) for part in given.split(":")]
    except ValueError:
        bounds = []
    if len(bounds) not in (2, 3):
        raise UsageError(f"--sweep {given!r} is not a range of thresholds; write for example 0.5:0.95 or 0.5:0.95:0.1")
    return bounds if len(bounds) == 3 else [*bounds, _STEP]
