"""A child process: a full run on hostile texts, with an audit hook that writes down what the interpreter is made to do.

python tests/audit_child.py URL RUNDIR REPORT
"""

from __future__ import annotations

import json
import sys
import traceback
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
SEEN: dict[str, list[Any]] = {"unpickled": [], "executed": [], "connected": [], "started": [], "hostile": []}
STARTS = {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.startfile", "pty.spawn"}


def hook(event: str, arguments: tuple[Any, ...]) -> None:
    if event in ("pickle.find_class", "shelve.open"):
        SEEN["unpickled"].append([event, *map(str, arguments), _caller()])
    elif event in ("exec", "compile"):
        _executed(event, arguments)
    elif event == "socket.connect":
        SEEN["connected"].append(str(arguments[1]))
    elif event == "socket.getaddrinfo":
        SEEN["connected"].append(str(arguments[:2]))
    elif event in STARTS:
        SEEN["started"].append([event, str(arguments)[:300]])


def _executed(event: str, arguments: tuple[Any, ...]) -> None:
    source = arguments[0]
    text = source if isinstance(source, str) else source.decode("utf-8", "replace") if isinstance(source, bytes) else ""
    if "zanzibarattack" in text and "MARK" not in text:  # but for the file that the marks stand in
        SEEN["hostile"].append([event, text[:200]])
    # A module's own code is executed by the import system. All else that is executed on behalf of ours is told.
    frame: Any = sys._getframe(2)
    if frame is not None and frame.f_code.co_filename.startswith((str(ROOT / "simulator"), str(ROOT / "graphs"))):
        SEEN["executed"].append([event, str(source)[:200], frame.f_code.co_filename, frame.f_lineno])


def _caller() -> list[str]:
    return [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_stack()[-8:-2]]


sys.addaudithook(hook)


def main() -> None:
    url, rundir, report = sys.argv[1:]
    from attack_cases import ATTACKS

    from simulator.cli.main import main as sixhop

    folder = Path(rundir).parent
    rows = [
        {"text": f"A letter from the harbour office, number {n}. {text}"} for n, text in enumerate(ATTACKS.values())
    ]
    (folder / "texts.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    scenario = {
        "name": "hostile",
        "texts": {"paths": str(folder / "texts.jsonl")},
        "expand": {"hops": 1, "per_persona": 1},
        "cast": {"size": 30},
        "instructions": {},
        "conversations": {"exchanges": 1, "count": 4},
        "npcs": {"world": str(ROOT / "scenarios" / "worlds" / "saltmere"), "count": 4},
        "tools": {"count": 4},
    }
    (folder / "hostile.yaml").write_text(json.dumps(scenario))  # JSON is YAML
    run = ["run", str(folder / "hostile.yaml"), "--out", rundir, "--model", f"{url}#fake", "-vv", "--quiet"]
    codes = [sixhop(run)]
    for command in (["resume", rundir, "--quiet"], ["show", rundir], ["report", rundir], ["graph", rundir, "stats"]):
        codes.append(sixhop(command))
    from simulator.exports.formats import FORMATS

    for to in FORMATS:
        codes.append(sixhop(["export", rundir, "--to", to]))
    Path(report).write_text(json.dumps({**SEEN, "codes": codes}))


main()
