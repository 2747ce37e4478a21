"""SIGKILL at random moments of every stage. ``make test-kill`` does it a thousand times and prints the table."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from graphs.production import STAGES

ROOT = Path(__file__).parent.parent
KILLS = 200


@pytest.mark.slow
def test_killed_runs_end_like_undisturbed_ones() -> None:
    """The harness compares every run that it killed, and counts every call (see its first lines)."""
    done = subprocess.run(
        [sys.executable, "tests/kill_harness.py", "--kills", str(KILLS), "--json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"},
    )
    assert done.returncode == 0, done.stderr[-4000:]
    tally = json.loads(done.stdout)
    assert sum(tally["kills"].values()) >= KILLS
    assert {"import", "extract", "expand-1", *STAGES} <= set(tally["stages"]), (
        "a stage of the story is not in the harness"
    )
    assert {f"npc talks: {stage}" for stage in ("npcs", "tools", "converse", "check")} <= set(tally["stages"])
    missed = [stage for stage in tally["stages"] if tally["kills"].get(stage, 0) < 3]
    assert not missed, f"these stages were hardly hit: {missed} in {tally['kills']}"
    assert tally["paid_again"] <= tally["in_flight"]
