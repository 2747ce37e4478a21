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
_LEVELS = (
    (logging.INFO, logging.WARNING, logging.WARNING),
    (logging.DEBUG, logging.INFO, logging.WARNING),
    (logging.DEBUG, logging.DEBUG, logging.DEBUG),
)
"""By verbosity: the level of ours, of the libraries, and of texts."""

_PLAIN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}

log = logging.getLogger(__name__)


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
    ours, others, texts = _LEVELS[min(verbosity, 2)]
    levels = {"": others, **dict.fromkeys(_OURS, ours), TEXTS: texts}
    before = {name: logging.getLogger(name).level for name in levels}
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    logging.getLogger().addHandler(handler)
    try:
        yield
    except BaseException as error:
        traced = verbosity > 0 or not isinstance(error, SixhopError)  # what is none of ours is a bug
        log.error("the execution ended with %s", type(error).__name__, exc_info=traced, extra={"why": str(error)})
        raise
    finally:
        logging.getLogger().removeHandler(handler)
        with suppress(OSError, ValueError):  # what it could not write it cannot write now
            handler.close()
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)


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
