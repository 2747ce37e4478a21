"""What ``sixhop dedup`` says of a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from simulator.cli.screen.console import words
from simulator.cli.screen.layout import bar, table

if TYPE_CHECKING:
    from simulator.assembly.dedup_file import DedupSummary
    from simulator.population.dedup.verdict import DedupSettings

__all__ = ["dedup_view", "sweep_view"]

_ABOUT = {
    "exact": "the same text",
    "minhash": "Jaccard of the words {jaccard} or more",
    "embedding": "cosine of the embeddings {cosine} or more",
}


def dedup_view(summary: DedupSummary) -> RenderableType:
    """Return how many rows were kept, rejected (by stage) and bad, and where the files are."""
    made = table("outcome", "rows>", "why*")
    made.add_row(words("kept", "green"), f"{summary.kept:,}", "")
    for stage, count in summary.rejected.items():
        if getattr(summary, {"minhash": "jaccard", "embedding": "cosine"}.get(stage, "mode")) is not None:
            made.add_row(words(stage, "yellow"), f"{count:,}", words(_why(summary, stage), "dim"))
    made.add_row(words("bad", "red"), f"{summary.failed:,}", words("failures.jsonl says why" if summary.failed else ""))
    made.add_row(words("all", "bold"), f"{summary.rows:,}", "")
    parts: list[RenderableType] = [made]
    if summary.cells > 1:
        told = (
            f"Embeddings were compared in {summary.cells} cells: about one near pair in a thousand is not seen there. "
        )
        parts.append(words(told + "--exhaustive compares all.", "dim"))
    return Group(*parts, words(f"in {summary.folder}", "dim"))


def _why(summary: DedupSummary, stage: str) -> str:
    told = _ABOUT[stage].format(jaccard=summary.jaccard, cosine=summary.cosine)
    return f"estimated {told}" if stage == "minhash" and summary.mode == "paper" else told


def sweep_view(found: Sequence[tuple[float, Mapping[str, int]]], settings: DedupSettings) -> Table:
    """Return how many rows would be kept at each threshold, and rejected by each of the stages that are on."""
    stages = ["exact", *(["minhash"] if settings.jaccard else []), *(["embedding"] if settings.cosine else [])]
    made = table("threshold>", "kept>", *(f"{stage}>" for stage in stages), "")
    most = max((counts["kept"] for _, counts in found), default=0)
    digits = max((len(f"{threshold:g}".partition(".")[2]) for threshold, _ in found), default=0)
    for threshold, counts in found:
        cells = [f"{counts[name]:,}" for name in ("kept", *stages)]
        made.add_row(Text(f"{threshold:.{digits}f}"), *cells, bar(counts["kept"], most))
    return made
