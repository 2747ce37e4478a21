"""The error tree. Every error that Sixhop raises on purpose is one of these.

::

    SixhopError
    ├── UsageError                 what the caller gave is wrong (exit code 2)
    │   ├── ScenarioError          a scenario file or one of its values
    │   ├── InputError             a corpus, persona file, world or other input
    │   ├── PromptError            a prompt template or its variables
    │   ├── ModelSpecError         a model SPEC or its key
    │   ├── ExportError            an export that cannot be written, or that has nothing to write
    │   └── RunDirectoryError      a run directory that cannot be used as asked
    ├── EndpointError              a language model or embedding endpoint failed (exit code 1)
    │   ├── EndpointUnreachable    no connection, or no answer in time
    │   ├── EndpointRefused        the request or the key was refused; asking again will not help
    │   └── EndpointBusy           rate limit or server fault that outlasted the retries
    ├── ReplyError                 a reply arrived and cannot be used
    │   ├── CutReply               it was stopped by length
    │   ├── RefusedReply           the model or a content filter refused
    │   └── InvalidReply           it is not of the asked form
    ├── LedgerError                the record of a run cannot be read or written
    │   ├── LedgerBusy             another process holds it
    │   └── LedgerUnwritable       disk full, read-only, I/O error
    ├── EmptyResult                the run is done, and nothing came of something that was asked for
    ├── RunUnwritable              another file of the run directory cannot be written; the ledger is intact
    └── RunStopped                 stopped by a budget or the user; the run is resumable (exit code 3)

A message says what came, what was allowed and what to do. Identifiers stand in ``repr``.
"""

from __future__ import annotations

import shlex
import sys

__all__ = [
    "CutReply",
    "EmptyResult",
    "EndpointBusy",
    "EndpointError",
    "EndpointRefused",
    "EndpointUnreachable",
    "ExportError",
    "InputError",
    "InvalidReply",
    "LedgerBusy",
    "LedgerError",
    "LedgerUnwritable",
    "ModelSpecError",
    "PromptError",
    "RefusedReply",
    "ReplyError",
    "RunDirectoryError",
    "RunStopped",
    "RunUnwritable",
    "ScenarioError",
    "SixhopError",
    "UsageError",
    "install",
]


class SixhopError(Exception):
    """Base of every error that Sixhop raises on purpose."""

    exit_code = 1


class UsageError(SixhopError):
    """What the caller gave is wrong."""

    exit_code = 2


class ScenarioError(UsageError):
    """A scenario file cannot be read, or a value in it is not allowed."""


class InputError(UsageError):
    """A corpus, persona file, world or other input is missing, empty or malformed."""


class PromptError(UsageError):
    """A prompt template is malformed, or its variables and the given values differ."""


class ModelSpecError(UsageError):
    """A model SPEC is malformed, or what it needs (a file, a key) is missing."""


class ExportError(UsageError):
    """An export cannot be written where it was asked for, or has nothing to write."""


class RunDirectoryError(UsageError):
    """A run directory is missing, not writable, or belongs to another scenario."""


class EndpointError(SixhopError):
    """A language model or embedding endpoint failed.

    Attributes:
        hopeless: Whether every further call to this endpoint would fail in the same way (a wrong key).
        raw: What the server answered, as far as it came and is kept.
        attempts: How often the request was sent.
        role: The role that asked, once that is known.
    """

    def __init__(
        self, message: str, *, hopeless: bool = False, raw: str = "", attempts: int = 0, role: str = ""
    ) -> None:
        super().__init__(message)
        self.hopeless = hopeless
        self.raw = raw
        self.attempts = attempts
        self.role = role


class EndpointUnreachable(EndpointError):
    """No connection to the endpoint, or no answer in time."""


class EndpointRefused(EndpointError):
    """The endpoint refused the request or the key; the same request would be refused again."""


class EndpointBusy(EndpointError):
    """The endpoint was rate-limited or faulty for longer than the retries lasted."""


class ReplyError(SixhopError):
    """A reply arrived and cannot be used.

    Attributes:
        raw: The reply's text as it came, kept for the failure row.
    """

    def __init__(self, message: str, raw: str = "") -> None:
        super().__init__(message)
        self.raw = raw


class CutReply(ReplyError):
    """The reply was stopped by a length limit."""


class RefusedReply(ReplyError):
    """The model or a content filter refused to answer."""


class InvalidReply(ReplyError):
    """The reply is not of the form that was asked for."""


class LedgerError(SixhopError):
    """The record of a run cannot be read or written."""


class LedgerBusy(LedgerError):
    """Another process holds the ledger."""


class LedgerUnwritable(LedgerError):
    """The ledger could not be written: disk full, read-only, I/O error. What was stored before is intact."""


class EmptyResult(SixhopError):
    """The run is done and can be read, but nothing came of something that the scenario asked for."""


class RunUnwritable(SixhopError):
    """A file of a run directory that is made from the ledger could not be written; the ledger is intact."""


class RunStopped(SixhopError):
    """The run was stopped by a budget or by the user and can be resumed.

    Attributes:
        waiting: What goes on without it, if anything does: a batch at a provider.
    """

    exit_code = 3

    def __init__(self, message: str, *, waiting: str = "") -> None:
        super().__init__(message)
        self.waiting = waiting


def install(package: str) -> str:
    """Return the command that installs an optional package for this Python, for the message of an error."""
    return f"install it with: {shlex.quote(sys.executable)} -m pip install {package}"
