"""The run directory: where it is, who holds it, and what stands in it."""

from __future__ import annotations

import fcntl
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from simulator.errors import LedgerBusy, RunDirectoryError, RunUnwritable
from simulator.runs.connection import instead_of
from simulator.runs.replacing import replacing

__all__ = ["RunDirectory", "write_atomically"]


@dataclass(frozen=True)
class RunDirectory:
    """The paths within one run directory."""

    root: Path

    @classmethod
    def named(cls, root: Path | str | None, name: str) -> RunDirectory:
        """Return the run directory ``root``, or without one that of a scenario's name: ``runs/NAME``."""
        return cls(Path(root) if root is not None else Path("runs") / name)

    @property
    def ledger(self) -> Path:
        """The record of the run."""
        return self.root / "ledger.sqlite"

    @property
    def scenario(self) -> Path:
        """The resolved scenario."""
        return self.root / "scenario.yaml"

    @property
    def manifest(self) -> Path:
        """Fingerprint, versions, models, prompt hashes, counts, usage."""
        return self.root / "manifest.json"

    @property
    def index(self) -> Path:
        """The Chroma index, which can be rebuilt from the ledger."""
        return self.root / "index"

    @property
    def products(self) -> Path:
        """The exported products."""
        return self.root / "products"

    @property
    def report(self) -> Path:
        """The run's report."""
        return self.root / "report"

    @property
    def logs(self) -> Path:
        """The log of the run."""
        return self.root / "logs"

    def create(self) -> None:
        """Make the directory, or check that it may be used.

        Raises:
            RunDirectoryError: It cannot be made or written, or it holds something that is not a run.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            strangers = [path.name for path in self.root.iterdir() if not self._is_ours(path)]
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise RunDirectoryError(f"the run directory {str(self.root)!r} cannot be made: {reason}") from error
        if strangers and not self.ledger.exists() and not any(self.root.glob("ledger-*.sqlite")):
            raise RunDirectoryError(
                f"{str(self.root)!r} is not empty and not a run directory (it holds {sorted(strangers)[0]!r}); "
                f"name a new or empty folder with --out"
            )
        if not os.access(self.root, os.W_OK):
            raise RunDirectoryError(
                f"the run directory {str(self.root)!r} is read-only; give write access or name another"
            )
        self._check_links()

    def _is_ours(self, path: Path) -> bool:
        """Return whether ``path`` may stand in a directory without a ledger: a kill came before that was laid out."""
        if path == self.logs:
            return all(part.name.startswith("run.jsonl") for part in _inside(path))
        return path.name.startswith(".")

    def check(self) -> None:
        """Check that there is a run in it.

        Raises:
            RunDirectoryError: There is none.
        """
        if not self.ledger.exists():
            raise RunDirectoryError(f"{str(self.root)!r} is not a run directory: {instead_of(self.ledger)}")
        self._check_links()

    def _check_links(self) -> None:
        # A directory from somebody else must not make us write to, or remove, files that are not in it.
        parts = (self.ledger, self.scenario, self.manifest, self.index, self.products, self.report, self.logs)
        for path in (*parts, *self.ledger.parent.glob(f"{self.ledger.name}-*"), *_inside(self.logs)):
            if path.is_symlink():
                raise RunDirectoryError(
                    f"{str(path)!r} is a symbolic link; a run directory holds its own files. Copy what it points to"
                )

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the directory for this process; the lock ends with the process, however it ends.

        Raises:
            LedgerBusy: Another process holds it; the message names the process.
            RunDirectoryError: It is not writable.
        """
        try:
            file = os.open(self.root / ".lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o644)
        except OSError as error:
            raise RunDirectoryError(
                f"the run directory {str(self.root)!r} is not writable: {error.strerror}"
            ) from error
        try:
            self._lock(file)
            yield
        finally:
            os.close(file)

    def holder(self) -> str:
        """Return which process holds the directory now, as it said itself; empty when none does."""
        try:
            file = os.open(self.root / ".lock", os.O_RDONLY | os.O_NOFOLLOW)
        except OSError:
            return ""
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return _holder(file).partition(" ")[0]
        else:
            return ""
        finally:
            os.close(file)

    def _lock(self, file: int) -> None:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            whose = _holder(file)
            raise LedgerBusy(
                f"the run directory {str(self.root)!r} is in use by process {whose}; wait for it or end it first"
            ) from error
        since = datetime.now(UTC).isoformat(" ", "seconds")
        told = f"{os.getpid()} on {platform.node() or 'this host'!r} since {since}\n".encode()
        with suppress(OSError):  # on a full disk the directory is held all the same
            os.pwrite(file, told, 0)  # over the last holder's line: whoever reads meanwhile finds a whole one
            os.ftruncate(file, len(told))


def _inside(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() and not folder.is_symlink() else []


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file so that a reader, or a run after a kill, sees the old content or the new, never a part.

    Raises:
        RunUnwritable: The file cannot be written; the old content is intact.
    """
    try:
        with replacing(path) as file:
            file.write(data)
    except OSError as error:
        raise RunUnwritable(f"{str(path)!r} cannot be written: {error.strerror}; make room or give access") from error


def _holder(file: int) -> str:
    """Return what the process that holds the lock wrote of itself."""
    return os.pread(file, 512, 0).decode("utf-8", "replace").split("\n")[0] or "unknown"
