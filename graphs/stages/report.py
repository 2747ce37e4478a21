"""The end of a run: the index of the population, the exported products, the report. All of it made from the ledger."""

from __future__ import annotations

from pathlib import Path

import orjson

from graphs.context import ProductionContext
from graphs.stage import Counts
from simulator.errors import ExportError, RunUnwritable, SixhopError
from simulator.evidence.mentions import build_mentions
from simulator.evidence.report import build_report, to_markdown
from simulator.evidence.tool_report import build_tool_report
from simulator.exports.jsonl import export_jsonl, write_jsonl
from simulator.population.index.chroma import open_or_rebuild
from simulator.population.index.memory import MemoryIndex
from simulator.runs.directory import RunDirectory, write_atomically
from simulator.runs.events import Note, StageEnded, StageStarted

__all__ = ["report"]

STAGE = "report"


async def report(context: ProductionContext) -> Counts:
    """Bring the index, the exported products and the report to the state of the ledger."""
    context.listener(StageStarted(STAGE, 0))
    directory = RunDirectory(context.ledger.path.parent)
    _export(context, directory.products)
    tools, served = await build_tool_report(context.ledger, context.embedder)
    if served:
        write_jsonl(directory.report / "tool_coverage.jsonl", served)
    mentioned, spoken = build_mentions(context.ledger)
    if spoken:
        write_jsonl(directory.report / "mentions.jsonl", spoken)
    ledger, scenario = context.ledger, context.scenario
    made = await build_report(ledger, context.embedder, tools, scenario.language, mentioned, scenario.seed)
    body = orjson.dumps(made.model_dump(mode="json"), option=orjson.OPT_INDENT_2)
    write_atomically(directory.report / "report.json", body)
    write_atomically(directory.report / "report.md", to_markdown(made, context.scenario.name).encode("utf-8"))
    _index(context, directory.index)
    counts = Counts(admitted=sum(made.products.values()))
    context.listener(StageEnded(STAGE, counts.admitted, 0, 0))
    return counts


def _index(context: ProductionContext, folder: Path) -> None:
    personas, vectors = context.population.personas, context.population.vectors
    if not personas or len(vectors) != len(personas):
        return
    ids, texts = [persona.id for persona in personas], [persona.text for persona in personas]
    new = not folder.exists()
    try:
        with open_or_rebuild(folder, ids, texts, vectors, context.embedder.name) as index:
            if index.rebuilt and not new:
                done = "left alone" if isinstance(index, MemoryIndex) else "built"
                context.listener(Note(f"the index of the population was {done}: {index.rebuilt}"))
    except SixhopError:
        raise
    except Exception as error:
        # Chroma raises errors of its own, of SQLite, of Rust and of the system.
        raise RunUnwritable(
            f"the index in {str(folder)!r} cannot be written ({error}); everything else of the run is there: make room "
            f"or give access, then resume"
        ) from error


def _export(context: ProductionContext, folder: Path) -> None:
    try:
        export_jsonl(context.ledger, folder)
    except ExportError as error:  # nobody asked for this export, so it is not the usage that is wrong
        raise RunUnwritable(f"{error}; make room or give access, then resume") from error
