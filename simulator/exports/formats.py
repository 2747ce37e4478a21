"""The table of formats that a run can be exported to: what ``sixhop export --to`` offers is read from here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from simulator.exports.jsonl import export_jsonl

if TYPE_CHECKING:
    from simulator.runs.ledger import Ledger

__all__ = ["FORMATS", "Format"]


@dataclass(frozen=True)
class Format:
    """One format.

    Attributes:
        name: As the user types it.
        about: What comes out, in a few words.
        folder: Where it goes within the run directory, unless the user names another place.
        write: Writes the rows of a ledger into a folder and returns how many rows each file or kind got.
    """

    name: str
    about: str
    folder: str
    write: Callable[[Ledger, Path], Mapping[str, int]]


FORMATS: Mapping[str, Format] = {
    format_.name: format_
    for format_ in (Format("jsonl", "every kind of record, one file per kind", "products", export_jsonl),)
}
