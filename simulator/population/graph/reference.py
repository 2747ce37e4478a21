"""How people name a persona: by its id, the beginning of it, its text or a part of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from simulator.errors import InputError
from simulator.models.base import normalise_text

__all__ = ["resolve"]

_LISTED = 8
"""Candidates that an ambiguity lists: they fit a small screen below the error."""

_LETTERS = 70
"""Of each candidate's text, so that it stays on a line of 80 columns behind its id."""

_QUOTES = "\"'“”‘’«»"

Person = tuple[str, str]


def resolve(reference: str, people: Iterable[Person]) -> str:
    """Return the id of the one persona that ``reference`` names.

    It is taken for an id, then for the beginning of one (if it starts with ``p-``), for a text, for a part of a text,
    and for the beginning of an id without ``p-``, in this order; the first that fits somebody counts. Of texts, case,
    white space and quotes around them do not matter.

    Args:
        reference: What the user typed.
        people: Id and text of every persona.

    Raises:
        InputError: Nobody fits, or several do; then its notes list them.
    """
    known = list(people)
    if any(id == reference for id, _ in known):
        return reference
    for fits in _readings(reference.strip()):
        fitting = [(id, text) for id, text in known if fits(id, text)]
        if len(fitting) == 1:
            return fitting[0][0]
        if fitting:
            raise _ambiguous(reference, fitting)
    raise InputError(
        f"No persona has the id, the beginning of an id or a part of the text {reference!r} among {len(known):,}: "
        f"look for one in other words with 'sixhop graph RUNDIR find \"...\"'"
    )


def _readings(reference: str) -> Iterable[Callable[[str, str], bool]]:
    if not reference:
        return
    if reference.startswith("p-"):
        yield lambda id, text: id.startswith(reference)
    wanted = _plain(reference.strip(_QUOTES))
    if wanted:
        yield lambda id, text: wanted in text.lower() and _plain(text) == wanted
        # Texts of a run are normalised when they are made; only what the user typed may need it.
        yield lambda id, text: wanted in text.lower()
        yield lambda id, text: wanted in _plain(text)
    yield lambda id, text: id.removeprefix("p-").startswith(reference)


def _plain(text: str) -> str:
    return normalise_text(text).lower()


def _ambiguous(reference: str, fitting: list[Person]) -> InputError:
    error = InputError(f"{len(fitting):,} personas fit {reference!r}: give more of the id or of the text")
    for id, text in fitting[:_LISTED]:
        line = " ".join(text.split())
        error.add_note(f"  {id[:10]}  {line if len(line) <= _LETTERS else line[: _LETTERS - 1].rstrip() + '…'}")
    if len(fitting) > _LISTED:
        error.add_note(f"  ... and {len(fitting) - _LISTED:,} more")
    return error
