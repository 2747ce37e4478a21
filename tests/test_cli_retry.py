"""``retry`` and ``--on-change`` as they are typed: exit codes, counts, and what is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import story

from simulator.cli.main import main
from simulator.llm.fake_server import FakeServer, in_thread


def write_scenario(path: Path, **changes: Any) -> str:
    sections = {
        "texts": {"paths": str(story.ROOT / "scenarios" / "texts"), "limit": 3},
        "cast": {"size": 2},
        "tools": {},
    }
    path.write_text(json.dumps({"name": "small", **sections, **changes}), encoding="utf-8")
    return str(path)


def test_what_failed_is_tried_again_with_counts_and_an_edit_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stubborn = True

    def respond(body: dict[str, Any]) -> str:
        said = story.responder(body)
        return "I would rather not." if stubborn and '"need"' in said else said

    scenario, out = write_scenario(tmp_path / "small.yaml"), str(tmp_path / "run")
    with in_thread(FakeServer(respond, keep=False)) as server:
        model = ["--model", f"{server.url}#fake", "--quiet"]
        assert main(["run", scenario, "--out", out, *model]) == 1
        assert "0 of 2 tools" in capsys.readouterr().out
        assert main(["retry", out, "--quiet"]) == 1
        assert "0 of 2 failed units are done now, 2 failed again" in capsys.readouterr().out
        stubborn = False
        assert main(["retry", out, "--quiet", "--json"]) == 0
        told = json.loads(capsys.readouterr().out)
        assert told["state"] == "done"
        assert told["retried"] == {"failed": 2, "done": 2, "failed_again": 0, "followed": 0, "bad_rows": 0}
        assert main(["retry", out]) == 0
        assert "Nothing failed" in capsys.readouterr().out
        calls = server.count
        write_scenario(tmp_path / "small.yaml", cast={"size": 3})
        assert main(["run", scenario, "--out", out, *model]) == 2
        assert "cast.size: 2 -> 3" in capsys.readouterr().err
        assert server.count == calls
        assert main(["run", scenario, "--out", out, "--on-change", "reuse", *model]) == 0
        assert main(["run", scenario, "--out", out, "--on-change", "maybe", *model]) == 2
        assert main(["retry", str(tmp_path / "nowhere")]) == 2
