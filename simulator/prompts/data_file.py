"""Files of the package that hold what roles choose from or are judged by: words and weights, and no code."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources

from simulator.models.base import hash_text

__all__ = ["DataFile"]


@dataclass(frozen=True)
class DataFile:
    """One file that comes with the package.

    Attributes:
        package: The package that it stands in.
        name: Its name there.
    """

    package: str
    name: str

    @property
    def text(self) -> str:
        """All of it."""
        return (resources.files(self.package) / self.name).read_text(encoding="utf-8")

    @property
    def version(self) -> str:
        """Its name and the beginning of the hash of its text: another one makes other products of the same replies."""
        return f"{self.name} {hash_text(self.text)[:12]}"
