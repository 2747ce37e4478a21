"""A text file that somebody wrote by hand: a regular file, of a size that fits that, in UTF-8."""

from __future__ import annotations

import stat
from pathlib import Path

__all__ = ["read_text_file"]


def read_text_file(path: Path, most: int) -> str:
    """Return the text of ``path``, without a byte order mark.

    A device or a pipe has no size to check and may never end, so only regular files are read.

    Args:
        path: The file.
        most: Bytes.

    Raises:
        ValueError: It is no regular file, has more than ``most`` bytes, is not UTF-8, or is no path.
        OSError: It cannot be read.
    """
    found = path.stat()
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(21, "Is a directory", str(path))
    if not stat.S_ISREG(found.st_mode):
        raise ValueError("it is not a regular file")
    with path.open("rb") as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise ValueError(f"it has over {most:,} bytes, which nobody writes by hand")
    return data.decode("utf-8-sig")
