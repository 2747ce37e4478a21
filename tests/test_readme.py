"""What the README says runs: its Python example, its scenario, its commands, its links."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from story import responder

from simulator.cli.main import main
from simulator.llm.fake_server import FakeServer, in_thread
from simulator.scenario.load import parse_scenario

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = ["README.md", *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))]


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


def commands(page: str) -> list[str]:
    """Return the commands that a page shows in its code blocks, without what is said of them beside."""
    fenced = re.findall(r"^```[a-z]*\n(.*?)^```$", (ROOT / page).read_text("utf-8"), re.MULTILINE | re.DOTALL)
    lines = [line for block in fenced for line in re.sub(r"\\\n\s*", "", block).splitlines()]
    return [re.split(r"\s{2,}", line)[0] for line in lines if line.startswith("sixhop ")]


SHOWN = [(page, command) for page in PAGES for command in commands(page)]


@pytest.mark.parametrize(("page", "command"), SHOWN, ids=[f"{page}: {command}" for page, command in SHOWN])
def test_the_commands_exist_with_their_options(page: str, command: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = shlex.split(command, comments=True)[1:]
    assert main([*words, "--help"]) == 0, capsys.readouterr().err
    assert "Usage: sixhop " in capsys.readouterr().out


def test_the_readme_shows_commands() -> None:
    assert len(commands("README.md")) >= 20


def test_the_map_names_every_room() -> None:
    tree = (ROOT / "docs/architecture.md").read_text("utf-8").split("```")[1]
    map_ = next(block for block in blocks("") if block.startswith("simulator/"))
    rooms = {path.parent.name for path in (ROOT / "simulator").glob("*/__init__.py")}
    assert rooms == set(re.findall(r"\w+", map_.split("graphs/")[0].partition("up:")[2]))
    assert rooms <= set(re.findall(r"(\w+)/", tree))
    pages = {path.name for path in (ROOT / "docs").glob("*.md")}
    assert pages == set(re.findall(r"\(docs/(\w+\.md)\)", README))


def test_the_two_commands_are_targets() -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert {"demo", "test"} <= set(targets)
    assert "make demo" in README
    assert "make test" in README


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text):
        if not target.startswith("http"):
            assert ((ROOT / page).parent / target).exists(), f"{page}: {target}"
