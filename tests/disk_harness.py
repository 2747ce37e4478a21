"""Runs on a disk that is full, at one size after another: the error, and what the run is worth afterwards.

    python tests/disk_harness.py --way tmpfs

``tmpfs`` mounts a small file system (root only): every write to every file of the run meets the full disk. ``rlimit``
caps the size of each file. In both, a child of a warm process runs the scripted story until it fails; then there is
room again, a second child goes on, and its products are compared with those of a run that always had room.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import kill_child
import story
from kill_story import warm

from simulator.assembly import simulate
from simulator.errors import SixhopError
from simulator.runs.ledger import Ledger

KIB = 1024
SIZES = {
    "tmpfs": [40, 72, 128, 200, 280, 400, 640, 800, 960],
    "rlimit": [2, 24, 64, 90, 130, 170],
}
"""In KiB: from where not even the ledger can be laid out to where only the end of the run has no room."""


def run_small(root: Path) -> None:
    scenario = story.scenario(
        texts={"paths": "scenarios/texts", "limit": 6},
        expand={"hops": 1, "per_persona": 1},
        cast={"size": 4},
        conversations={"exchanges": 2, "count": 2},
    )
    asyncio.run(simulate(scenario, root, models=story.models())).close()


def attempt(root: Path, told: Path, limit: int | None) -> None:
    """Run; write down how it ended."""
    if limit is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    try:
        run_small(root)
    except SixhopError as error:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        told.write_text(json.dumps({"error": type(error).__name__, "message": str(error)}))
    else:
        told.write_text(json.dumps({"error": None, "message": ""}))


@contextmanager
def room(way: str, folder: Path, size: int) -> Iterator[None]:
    """Have ``folder`` on a file system of ``size`` bytes, if that is the way."""
    if way != "tmpfs":
        yield
        return
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "sixhop-test", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


def more_room(way: str, folder: Path) -> None:
    if way == "tmpfs":
        subprocess.run(["mount", "-o", "remount,size=256m", folder], check=True)


def products(root: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((root / "products").iterdir())}


def check_ledger(root: Path) -> None:
    """The ledger opens and is whole, whatever happened."""
    if (root / "ledger.sqlite").exists():
        with Ledger.open(root / "ledger.sqlite") as ledger:
            assert next(ledger.rows("PRAGMA integrity_check"))[0] == "ok"


def in_child(work: object) -> int | None:
    return kill_child.ended(kill_child.forked(work), kill_child.PATIENCE_S)  # type: ignore[arg-type]


def one(way: str, size: int, folder: Path, whole: dict[str, bytes]) -> dict[str, object]:
    """Run at one size, then with room; return what was told."""
    told, home = folder / "told", folder / "home"
    home.mkdir(exist_ok=True)
    root = home / f"run-{size}"
    with room(way, home, size):
        code = in_child(lambda: attempt(root, told, size if way == "rlimit" else None))
        if code != 0:
            raise AssertionError(f"at {size} bytes the run ended with {code} instead of an error of ours")
        seen: dict[str, object] = {"size": size, **json.loads(told.read_text())}
        more_room(way, home)
        if in_child(lambda: check_ledger(root)) != 0:
            raise AssertionError(f"the ledger of the run at {size} bytes is damaged ({seen})")
        if in_child(lambda: run_small(root)) != 0:
            raise AssertionError(f"the run at {size} bytes did not go on ({seen})")
        if products(root) != whole:
            raise AssertionError(f"the run at {size} bytes has other products ({seen})")
    return seen


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--way", choices=SIZES, default="rlimit")
    way = parser.parse_args().way
    warm()
    with tempfile.TemporaryDirectory(prefix="sixhop-disk-") as name:
        folder = Path(name)
        if in_child(lambda: run_small(folder / "whole")) != 0:
            sys.exit("the undisturbed run failed")
        whole = products(folder / "whole")
        print(json.dumps([one(way, size * KIB, folder, whole) for size in SIZES[way]], indent=1))


if __name__ == "__main__":
    main()
