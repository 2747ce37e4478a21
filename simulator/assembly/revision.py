"""A scenario that was edited between two executions: what the edit invalidates, and what is done about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, get_args

from simulator.assembly.choices import stage_of
from simulator.assembly.fingerprint import Change
from simulator.assembly.inputs import INPUT_KINDS
from simulator.assembly.subject import same_code
from simulator.errors import RunDirectoryError
from simulator.runs.directory import RunDirectory
from simulator.runs.forgetting import PLAN, forgetting
from simulator.runs.ledger import Ledger
from simulator.runs.writer import Statement

__all__ = ["OnChange", "checked", "first_invalid", "only_code", "refuse", "revise", "set_aside"]

OnChange = Literal["refuse", "reuse", "fresh"]
"""What to do with a run whose scenario is not what it was: nothing; derive anew what depends on the change, with every
reply that was paid for and still fits; begin anew."""

_ALL = "import"  # the first stage: what depends on everything


def checked(value: str) -> OnChange:
    """Return what a caller gave, if it is one of the three.

    Raises:
        RunDirectoryError: It is not.
    """
    found = next((choice for choice in get_args(OnChange) if choice == value), None)
    if found is None:
        raise RunDirectoryError(f"on-change is {value!r}; allowed: {', '.join(get_args(OnChange))}")
    choice: OnChange = found
    return choice


def refuse(changes: Sequence[Change], directory: RunDirectory) -> RunDirectoryError:
    """Return the error that names what changed and the ways on."""
    root = str(directory.root)
    if changes[0].place == "name":
        return RunDirectoryError(
            f"{root!r} holds the run of another scenario ({changes[0].before}, and this is {changes[0].now}); "
            f"name another folder with --out"
        )
    lines = "\n".join(f"  {change}" for change in changes)
    return RunDirectoryError(
        f"{root!r} holds a run of this scenario as it was before. What changed:\n{lines}\n"
        f"Say what becomes of it: --on-change reuse does anew what depends on the change and pays only for what is "
        f"new; --on-change fresh begins anew and sets the old record aside; another folder (--out) leaves it alone"
    )


def only_code(changes: Iterable[Change], before: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Return whether nothing changed but code of the user's: the scenario still says the same.

    Args:
        changes: What changed.
        before: What the run depended on.
        now: What it depends on.
    """
    models = [one["models"].get("assistant", "") for one in (before, now)]
    return all(
        change.place.startswith("code.") or (change.place == "models.assistant" and same_code(*models))
        for change in changes
    )


def first_invalid(changes: Iterable[Change], order: Sequence[str], sections: dict[str, str]) -> str:
    """Return the first stage whose results depend on a change; everything after it follows from those.

    Args:
        changes: What changed.
        order: The stages in the story's order.
        sections: The stage of each section of the scenario that has one.
    """
    stages = [_stage(change.place, sections) for change in changes if change.place != "name"]
    return min((order[0] if stage is None else stage for stage in stages), key=order.index)


def _stage(place: str, sections: dict[str, str]) -> str | None:
    """Return the stage that ``place`` belongs to; ``None`` when everything depends on it (the seed, the thresholds)."""
    part, _, rest = place.partition(".")
    if part in ("models", "prompts", "data", "candidates"):
        return stage_of(rest.split(".")[0])
    return sections.get(part)


def revise(ledger: Ledger, stage: str, order: Sequence[str]) -> list[Statement]:
    """Return what makes the ledger forget all that ``stage`` and the stages after it made, and the inputs.

    Replies stay: they were paid for, and what is done anew finds those that still fit.
    """
    kept = order[: order.index(stage)]
    gone = [name for name in ledger.stages() if _base(name, order) not in kept]
    plans = [kind for kind in ledger.kinds() if kind.startswith(PLAN)]
    inputs = [*INPUT_KINDS, *(kind for kind in plans if _base(kind.removeprefix(PLAN), order) not in kept)]
    return list(forgetting(gone, inputs, [] if "cast" in kept else ["cast"]))


def _base(stage: str, order: Sequence[str]) -> str:
    return stage if stage in order else stage.rpartition("-")[0]


def set_aside(directory: RunDirectory) -> str:
    """Rename the ledger, so that the run begins anew; return its new name.

    Raises:
        RunDirectoryError: It cannot be renamed.
    """
    Ledger.open(directory.ledger).close()  # what stands in its log goes into the file
    number = 1
    while (aside := directory.root / f"ledger-{number}.sqlite").exists():
        number += 1
    try:
        directory.ledger.rename(aside)
    except OSError as error:
        raise RunDirectoryError(f"{str(directory.ledger)!r} cannot be set aside: {error.strerror}") from error
    return aside.name
