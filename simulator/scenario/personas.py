"""Personas that were made elsewhere: read from rows, in the forms that are released, and every bad row recorded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from simulator.models.unit import Failure
from simulator.scenario.rows import Row, field_text, first_field, read_rows
from simulator.scenario.visible import unseen

__all__ = ["PERSONA_FIELDS", "SourcePersona", "personas_in"]

PERSONA_FIELDS = ("persona", "input persona")
"""Where the persona stands in a plain or an elite row, and in a row of Persona Hub that holds a product."""

_LONGEST = 200  # characters of an attribute: longer values are texts
_ABSENT = ("", "None", "nan", "N/A")  # what released tables hold where there is no value


@dataclass(frozen=True, slots=True)
class SourcePersona:
    """One persona of a file or of another run.

    Attributes:
        text: Its description.
        source: Where it stood: file and line, or run and id.
        attributes: What else the source says of the person.
    """

    text: str
    source: str
    attributes: Mapping[str, str] = field(default_factory=dict)


def personas_in(
    path: Path, label: str, name: str | None = None, attributes: Sequence[str] | None = None
) -> Iterator[SourcePersona | Failure]:
    """Yield the personas of a ``.jsonl`` or ``.parquet`` file, in order, and a failure for each bad row.

    Args:
        path: The file.
        label: What the file is called in the personas' sources.
        name: The field of the persona; by default the one of :data:`PERSONA_FIELDS` that the first row has.
        attributes: The columns that are kept as attributes. By default all short ones (the domains of elite rows), but
            none of a row that holds a product: its other columns are about that.

    Raises:
        InputError: The file cannot be read, or its first row has no such field.
    """
    chosen = name or first_field(path, PERSONA_FIELDS)
    for row in read_rows(path):
        text, problem = field_text(row, chosen)
        place = f"{label}:{row.number}"
        problem = problem or unseen(text)
        if problem is None:
            yield SourcePersona(text, place, _attributes(row, chosen, attributes))
        else:
            yield Failure(unit=f"row {place}", stage="import", role="reader", cause="input", message=problem)


def _attributes(row: Row, name: str, wanted: Sequence[str] | None) -> dict[str, str]:
    if wanted is None and name == PERSONA_FIELDS[1]:
        return {}
    columns = [column for column in row.value if column != name] if wanted is None else wanted
    found = ((column, _told(row.value.get(column))) for column in columns)
    return {str(column): told for column, told in found if told is not None}


def _told(value: Any) -> str | None:
    """Return a value as an attribute; ``None`` for what is none: nothing, a structure, a text."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return str(value).lower() if isinstance(value, bool) else None
    told = str(value).encode("utf-8", "replace").decode().strip()
    return None if told in _ABSENT or len(told) > _LONGEST else told
