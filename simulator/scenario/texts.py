"""The texts that Text-to-Persona starts from: read, checked, and every bad one recorded with its place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from simulator.errors import InputError
from simulator.models.base import Record, content_id, normalise_text
from simulator.models.text_file import read_text_file
from simulator.models.unit import Failure
from simulator.scenario.places import DEAD_LINK, files_at
from simulator.scenario.rows import ROW_SUFFIXES, clean_text, each_once, field_text, read_rows, relative_name
from simulator.scenario.sources import Texts
from simulator.scenario.visible import unseen

__all__ = ["SourceText", "read_texts", "text_id"]

_SUFFIXES = (".txt", ".md", *ROW_SUFFIXES)
_MAX_FILE = 8_000_000  # bytes of a file that is one text: more than any text may have


class SourceText(Record):
    """One text. ``id`` is its content hash; ``source`` says where it stood (file, or file and line)."""

    id: str
    text: str
    source: str


def text_id(text: str) -> str:
    """Return the id of a text; white space and Unicode form do not matter."""
    return content_id("t", normalise_text(text))


def read_texts(section: Texts, base: Path) -> tuple[list[SourceText], list[Failure]]:
    """Read the texts of a scenario.

    Args:
        section: The scenario's ``texts``.
        base: The folder that its paths are relative to.

    Returns:
        The texts in order (files sorted by name within a folder or glob), and a failure for each bad row.

    Raises:
        InputError: A path is missing or of an unknown kind, or no text is left.
    """
    texts: dict[str, SourceText] = {}
    failures: list[Failure] = []
    for place, text, problem in _every(section, base):
        id_, problem = text_id(text), problem or unseen(text)
        if problem is None and id_ in texts:
            problem = f"the same text as {texts[id_].source}"
        if problem is None:
            texts[id_] = SourceText(id=id_, text=text, source=place)
        else:
            failures.append(_failure(place, problem))
        if len(texts) == section.limit:
            break
    if not texts:
        reasons = "; ".join(f"{failure.unit.removeprefix('row ')}: {failure.message}" for failure in failures[:3])
        raise InputError(f"texts.paths {list(section.paths)}: no text to start from ({reasons or 'no rows'})")
    return list(texts.values()), failures


def _every(section: Texts, base: Path) -> Iterator[tuple[str, str, str | None]]:
    """Yield place, text and problem of each text, of each file once."""
    files = each_once(path for pattern in section.paths for path in _files(pattern, base))
    names = Counter(path.name for path in files)
    for path in files:
        # Two files of one name in different folders must not be taken for one another.
        label = path.name if names[path.name] == 1 else relative_name(path, base)
        for place, text, problem in _texts_of(path, section.field):
            yield label + place.removeprefix(path.name), text, problem


def _files(pattern: str, base: Path) -> list[Path]:
    found = files_at(pattern, base, _SUFFIXES, "texts.paths")
    for file in found:
        if file.suffix not in _SUFFIXES:
            raise InputError(f"texts.paths: {file.name!r} is not a text file; allowed: {', '.join(_SUFFIXES)}")
        if file.exists() and not file.is_file():  # a device or a pipe may never end
            raise InputError(f"texts.paths: {str(file)!r} is not a regular file")
    return found


def _texts_of(path: Path, field: str) -> Iterator[tuple[str, str, str | None]]:
    """Yield place, text and problem of each text in a file."""
    if not path.exists():
        yield path.name, "", DEAD_LINK
        return
    if path.suffix in ROW_SUFFIXES:
        for row in read_rows(path):
            yield row.place, *field_text(row, field)
        return
    try:
        yield path.name, *clean_text(read_text_file(path, _MAX_FILE))
    except UnicodeDecodeError as error:
        yield path.name, "", f"it is not UTF-8: {error.reason} at byte {error.start}"
    except ValueError as error:
        yield path.name, "", f"{error}; cut it into texts"
    except OSError as error:
        raise InputError(f"{str(path)!r} cannot be read: {error.strerror or error}") from error


def _failure(place: str, problem: str) -> Failure:
    return Failure(unit=f"row {place}", stage="extract", role="reader", cause="input", message=problem)
