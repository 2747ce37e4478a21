"""A run of many NPCs with scripted replies: time, memory, and whether the cast is a whole.

Usage: python benchmarks/npcs.py [COUNT]

COUNT people (by default 1,200) become NPCs of the world Saltmere; who knows whom comes from the relationship graph.
Then all that can be checked is checked again. Nothing is asked of a language model.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

import story
from npc_cases import cast_of, flaws_of_all, writer

from simulator.assembly import open_run, simulate_sync
from simulator.exports.formats import FORMATS


def main(count: int, root: Path) -> None:
    """Run, check, export and print a table."""
    began, cpu = time.perf_counter(), time.process_time()
    simulate_sync(cast_of(count, root), root / "run", models=story.models(npc_writer=writer)).close()
    told = [("run", time.perf_counter() - began, time.process_time() - cpu)]
    with open_run(root / "run") as run:
        began, cpu = time.perf_counter(), time.process_time()
        flaws = flaws_of_all(run)
        told.append(("check all", time.perf_counter() - began, time.process_time() - cpu))
        began, cpu = time.perf_counter(), time.process_time()
        for name in ("card-v2", "card-v3", "ink"):
            FORMATS[name].write(run.ledger, root / "exports")
        told.append(("three exports", time.perf_counter() - began, time.process_time() - cpu))
        npcs = run.npcs
        units = next(run.ledger.rows("SELECT COUNT(*) FROM units WHERE stage = 'npcs'"))[0]
        repaired = sum(bool(result.rejected) for _, result in run.ledger.results("npcs"))
        counts = {
            "units": units,
            "NPCs": len(npcs),
            "replies a check refused": repaired,
            "acquainted with somebody": sum(bool(npc.ties) for npc in npcs),
            "quests for another NPC": sum(bool(npc.steps) and npc.steps[-1].to != npc.id for npc in npcs),
            "flaws": len(flaws),
        }
    for name, seconds, busy in told:
        print(f"{name:14} {seconds:8.1f} s {busy:8.1f} s CPU")
    print(f"memory         {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:8.0f} MB at most")
    for name, value in counts.items():
        print(f"{name:26} {value:8,}")
    for flaw in flaws[:10]:
        print(flaw)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 1200, Path(folder))
