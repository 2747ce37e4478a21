"""The log of a run: JSON lines in its directory, quiet by default, rotated, without keys.

The standard library's logging is what every room and every library writes to; here it gets a file for the time that a
run is executed. What people see while it runs (progress, the error at its end) does not come from here.
"""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

from simulator.errors import SixhopError
from simulator.redaction import Redactor
from simulator.runs.events import Event, Listener, Note, RunStarted, StageEnded, StageStarted, UnitEnded

__all__ = ["LOG", "TEXTS", "journal", "recording"]

LOG = "run.jsonl"
TEXTS = "simulator.texts"
"""The logger of what is said to models and by them; it speaks at the second level of verbosity only."""

_BYTES, _FILES = 10_000_000, 5  # of one file before it is rotated, and how many are kept
_OURS = ("simulator", "graphs")


@dataclass(frozen=True)
class _Levels:
    """From which level on ours, the libraries and the texts are heard."""

    ours: int
    others: int
    texts: int

    def of(self, logger: str) -> int:
        if logger == TEXTS:
            return self.texts
        return self.ours if logger.split(".")[0] in _OURS else self.others


_LEVELS = (
    _Levels(logging.INFO, logging.WARNING, logging.WARNING),
    _Levels(logging.DEBUG, logging.INFO, logging.WARNING),
    _Levels(logging.DEBUG, logging.DEBUG, logging.DEBUG),
)
"""By verbosity."""

_open: list[_Levels] = []  # what the logs that are open want
_before: dict[str, int] = {}  # what the loggers were set to before the first of them was opened

_PLAIN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}

log = logging.getLogger(__name__)

_RUN: ContextVar[Path | None] = ContextVar("sixhop_run", default=None)
"""Whose log a task writes to, so that two runs in one process do not get into each other's."""


class _Lines(logging.Formatter):
    """One JSON object a record: when, level, logger, what, whatever else the record was given, and the traceback."""

    def __init__(self, redactor: Redactor) -> None:
        super().__init__()
        self._redactor = redactor

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "said": record.getMessage(),
            **{name: value for name, value in vars(record).items() if name not in _PLAIN},
        }
        if record.exc_info and record.exc_info[0] is not None:
            line["traceback"] = "".join(traceback.format_exception(*record.exc_info))
        return json.dumps(self._redactor.strike_all(line), ensure_ascii=True, default=self._told)

    def _told(self, value: Any) -> str:
        return self._redactor.strike(repr(value))


class _File(RotatingFileHandler):
    """A log that cannot be written is no reason to end a run; the ledger says when the disk is full."""

    def handleError(self, record: logging.LogRecord) -> None:
        self.setLevel(logging.CRITICAL + 1)


@contextmanager
def journal(folder: Path, *, verbosity: int = 0, redactor: Redactor | None = None) -> Iterator[None]:
    """Log to ``folder`` for the time of the block.

    Args:
        folder: Made if it does not exist; the log is ``run.jsonl``, older parts ``run.jsonl.1`` and so on.
        verbosity: 0: what happens to the run. 1: every unit and every call. 2: every prompt and reply, and all that
            the libraries say.
        redactor: Strikes keys out; by default those of the environment.
    """
    handler = _opened(folder)
    if handler is None:
        yield
        return
    handler.setFormatter(_Lines(redactor or Redactor.from_environ()))
    wanted = _LEVELS[min(verbosity, 2)]
    handler.addFilter(lambda record: _RUN.get() in (None, folder) and record.levelno >= wanted.of(record.name))
    _open.append(wanted)
    _set_levels()
    logging.getLogger().addHandler(handler)
    mine = _RUN.set(folder)
    try:
        yield
    except BaseException as error:
        traced = verbosity > 0 or not isinstance(error, SixhopError)  # what is none of ours is a bug
        log.error("the execution ended with %s", type(error).__name__, exc_info=traced, extra={"why": str(error)})
        raise
    finally:
        _RUN.reset(mine)
        logging.getLogger().removeHandler(handler)
        with suppress(OSError, ValueError):  # what it could not write it cannot write now
            handler.close()
        _open.remove(wanted)
        _set_levels()


def _set_levels() -> None:
    """Let every logger say what the most talkative of the open logs wants; as before when none is open."""
    for name in ("", *_OURS, TEXTS):
        logger = logging.getLogger(name)
        before = _before.setdefault(name, logger.level)
        logger.setLevel(min(levels.of(name) for levels in _open) if _open else before)
    if not _open:
        _before.clear()


def _opened(folder: Path) -> _File | None:
    try:
        folder.mkdir(exist_ok=True)
        return _File(folder / LOG, maxBytes=_BYTES, backupCount=_FILES - 1, encoding="utf-8", errors="backslashreplace")
    except OSError:
        return None


def recording(listener: Listener) -> Listener:
    """Return a listener that logs every event and hands it on."""

    def record(event: Event) -> None:
        _record(event)
        listener(event)

    return record


def _record(event: Event) -> None:
    if isinstance(event, RunStarted):
        log.info("the run %s started", event.name)
    elif isinstance(event, StageStarted):
        log.info("%s started", event.stage, extra={"units": event.units, "reused": event.reused})
    elif isinstance(event, StageEnded):
        counts = {"admitted": event.admitted, "rejected": event.rejected, "failed": event.failed}
        log.info("%s ended", event.stage, extra=counts)
    elif isinstance(event, Note):
        log.info("%s", event.text)
    elif isinstance(event, UnitEnded):
        log.debug("a unit of %s ended", event.stage, extra={"failed": event.failed})
