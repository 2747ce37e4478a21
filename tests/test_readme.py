"""What the README says runs: its Python example, its scenario, its commands, its links."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from story import responder

from simulator.llm.fake_server import FakeServer, in_thread
from simulator.scenario.load import parse_scenario

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    fenced = re.findall(r"^```([a-z]*)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    return [text for name, text in fenced if name == language]


@pytest.mark.slow
def test_the_python_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (example,) = blocks("python")
    assert len(example.splitlines()) <= 24
    (tmp_path / "scenarios").symlink_to(ROOT / "scenarios")
    with in_thread(FakeServer(responder)) as server:
        monkeypatch.setenv("SIXHOP_MODEL", f"{server.url}#fake")
        done = subprocess.run(
            [sys.executable, "-c", example], cwd=tmp_path, capture_output=True, text=True, timeout=120
        )
    assert done.returncode == 0, done.stderr
    assert "people within two hops of" in done.stdout
    assert "assistant: " in done.stdout


def test_the_scenarios_are_valid() -> None:
    people, desk = (parse_scenario(text, base=ROOT) for text in blocks("yaml"))
    assert people.models.roles["assistant"].spec.endswith("#llama3.2")
    assert desk.conversations is not None
    assert desk.conversations.situations[0].success.said == ("saturday",)


def test_the_commands_exist() -> None:
    lines = [line for block in blocks("") for line in block.splitlines() if line.startswith("sixhop ")]
    assert len(lines) >= 6
    for name in {shlex.split(line, comments=True)[1] for line in lines}:
        done = subprocess.run(
            [str(Path(sys.executable).with_name("sixhop")), name, "--help"], capture_output=True, cwd=ROOT
        )
        assert done.returncode == 0, name
        assert b"Usage" in done.stdout


def test_the_two_commands_are_targets() -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert {"demo", "test"} <= set(targets)
    assert "make demo" in README
    assert "make test" in README


@pytest.mark.parametrize("page", ["README.md", *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))])
def test_links_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text):
        if not target.startswith("http"):
            assert ((ROOT / page).parent / target).exists(), f"{page}: {target}"
