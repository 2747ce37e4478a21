"""A Hugging Face folder, for ``load_dataset(folder)``: Parquet files and a card that says how the data was made."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import yaml

from simulator.errors import UsageError
from simulator.exports.atomic import atomic_file
from simulator.exports.jsonl import KINDS
from simulator.exports.parquet import export_parquet
from simulator.exports.scenario_facts import ScenarioFacts, facts_of

if TYPE_CHECKING:
    from simulator.runs.ledger import Ledger

__all__ = ["card_licence", "export_dataset"]

_SPDX = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]{0,63}")
"""An identifier of the SPDX list; an expression of several has no place in a card."""

_FIRST = ("conversations", "instructions", "personas")
"""The kinds that are the default configuration, the first one that is there."""

_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))


def export_dataset(ledger: Ledger, folder: Path, licence: str = "other") -> dict[str, int]:
    """Write ``data/KIND.parquet`` and ``README.md``, and return the counts.

    Args:
        ledger: The run.
        folder: Where to.
        licence: What the card's header says of the licence (see :func:`card_licence`).

    Raises:
        ExportError: There is nothing to write, or a file cannot be written.
        UsageError: pyarrow is not installed.
    """
    counts = export_parquet(ledger, folder / "data")
    facts = facts_of(ledger)
    kinds = {kind: counts[kind] for kind in KINDS if kind in counts}
    with atomic_file(folder / "README.md") as file:
        header = _header(facts, kinds, licence)
        body = "\n".join(_body(ledger, facts, kinds, counts))
        file.write(f"---\n{header}---\n\n{body}\n".encode())
    return counts


def card_licence(given: str) -> str:
    """Return a licence as the header of a card has it: an SPDX identifier in lower case, such as ``cc-by-4.0``.

    The hub has a list of its own, which grows; a licence that is not on it is ``other``, and explained in the card.

    Raises:
        UsageError: It cannot be an SPDX identifier.
    """
    if not _SPDX.fullmatch(given):
        raise UsageError(
            f"--license {given!r} is no SPDX identifier; write for example cc-by-4.0, cc0-1.0, apache-2.0, mit or other"
        )
    return given.lower()


def _header(facts: ScenarioFacts, kinds: Mapping[str, int], licence: str) -> str:
    default = next((kind for kind in _FIRST if kind in kinds), next(iter(kinds)))
    ordered = [default, *(kind for kind in kinds if kind != default)]
    most = max(kinds.values())
    header: dict[str, Any] = {
        "pretty_name": facts.name,
        "license": licence,
        "language": [facts.language],
        "size_categories": [next((name for size, name in _SIZES if most < size), "n>1M")],
        "tags": ["synthetic", "personas", "sixhop"],
        "configs": [
            {
                "config_name": kind,
                "data_files": f"data/{kind}.parquet",
                **({"default": True} if kind == default else {}),
            }
            for kind in ordered
        ],
    }
    return yaml.safe_dump(header, sort_keys=False, allow_unicode=True)


def _body(ledger: Ledger, facts: ScenarioFacts, kinds: Mapping[str, int], counts: Mapping[str, int]) -> Iterator[str]:
    yield f"# {facts.name}\n"
    if facts.description:
        yield f"{facts.description}\n"
    yield (
        "**All of this is synthetic.** The people are fictional and were described by a language model; what they say "
        "was written by language models too. Nothing here is a fact about anybody, answers may be wrong, and who is "
        "described how often says something about the models and the texts, not about the world.\n"
    )
    yield "## How it was made\n"
    yield (
        "With Sixhop: from texts to the people who would read or write them, to the people around those, and to what "
        "they say.\n"
    )
    # Where a model ran is nobody's business who reads the data; which it was is.
    models = {role: _name(model) for role, model in (ledger.meta("models") or {}).items()}
    yield from _pairs("Models", models)
    prompts = {
        role: f"{one['variant']}, sha256 {one['sha256'][:12]}" for role, one in (ledger.meta("prompts") or {}).items()
    }
    yield from _pairs("Prompts", prompts)
    yield "## What is in it\n"
    yield "| configuration | rows |\n|---|---:|"
    yield from (f"| {kind} | {count} |" for kind, count in kinds.items())
    yield ""
    if "conversations" in kinds:
        yield (
            "`conversations` has the column `messages` in the form that chat templates take; it is null where a row "
            "had nothing that could be trained on.\n"
        )
    yield from _pairs("Mended and dropped for the column `messages`", _rest(counts, kinds))
    yield from _pairs("People by hop", _numbers(ledger, "SELECT hop, COUNT(*) FROM personas GROUP BY hop ORDER BY hop"))
    sql = "SELECT subject || ' by ' || stage, COUNT(*) FROM decisions WHERE NOT admitted GROUP BY 1 ORDER BY 2 DESC"
    yield from _pairs("Rejected as duplicates", _numbers(ledger, sql))
    sql = "SELECT role || ': ' || cause, COUNT(*) FROM failures GROUP BY 1 ORDER BY 2 DESC"
    yield from _pairs("Failed and recorded", _numbers(ledger, sql))
    yield from _diversity(ledger)
    yield "## Limits\n"
    yield (
        "- The models' habits are in it: their favourite words, trades and worries.\n"
        "- Near-duplicates were removed by word overlap and by embedding; paraphrases below the thresholds remain.\n"
        "- The checks are rules and models; they do not know what is true."
    )


def _name(model: str) -> str:
    """Return a model's name without its endpoint's address.

    >>> _name("http://10.1.2.3:8000/v1#llama3.2"), _name("openai:gpt-5-mini"), _name("local")
    ('llama3.2', 'openai:gpt-5-mini', 'local')
    """
    address, found, name = model.partition("#")
    return name if found and address.startswith(("http://", "https://")) else model


def _rest(counts: Mapping[str, int], kinds: Mapping[str, int]) -> dict[str, int]:
    return {name: count for name, count in counts.items() if name not in kinds}


def _numbers(ledger: Ledger, sql: str) -> dict[str, Any]:
    return {str(name): count for name, count in ledger.rows(sql)}


def _pairs(title: str, pairs: Mapping[str, Any]) -> Iterator[str]:
    if pairs:
        yield f"{title}:\n"
        yield from (f"- {name}: {value}" for name, value in pairs.items())
        yield ""


def _diversity(ledger: Ledger) -> Iterator[str]:
    """Yield what the run's report says of diversity, where there is one."""
    path = ledger.path.parent / "report" / "report.json"
    if not path.exists():
        return
    found = orjson.loads(path.read_bytes()).get("diversity") or {}
    numbers = {name: round(value, 3) for name, value in found.items() if isinstance(value, float)}
    yield from _pairs("Diversity of the people (cosines)", numbers)
