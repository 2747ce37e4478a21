"""The log of a run: JSON lines, quiet by default, rotated, and no key in it however it is written."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import story
from hypothesis import given
from hypothesis import strategies as st

from simulator.assembly import simulate, simulate_sync
from simulator.redaction import Redactor
from simulator.runs import journal as module
from simulator.runs.journal import LOG, journal

KEY = "sk-canary-5f3c9a~7b/21+e8==d4"


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / LOG).read_text().splitlines()]


def small() -> Any:
    return story.scenario(expand={"hops": 0}, conversations=None, npcs=None, tools=None)


@pytest.mark.parametrize("verbosity", [0, 1, 2])
def test_a_run_logs_as_much_as_it_is_asked_to(
    tmp_path: Path, verbosity: int, capfd: pytest.CaptureFixture[str]
) -> None:
    root = logging.getLogger()
    before = (root.level, list(root.handlers), logging.getLogger("simulator").level)
    simulate_sync(small(), tmp_path, models=story.models(), verbosity=verbosity).close()
    assert (root.level, list(root.handlers), logging.getLogger("simulator").level) == before
    said = lines(tmp_path / "logs")
    assert all(set(line) >= {"at", "level", "logger", "said"} for line in said)
    assert next(line["said"] for line in said if "ended" in line["said"]) == "extract ended" or verbosity
    assert any(line["said"] == "a call was answered" for line in said) == (verbosity >= 1)
    assert any("answered" in line for line in said) == (verbosity >= 2)
    assert len(said) < 20 or verbosity
    assert capfd.readouterr() == ("", "")


def test_two_runs_in_one_process_have_a_log_each(tmp_path: Path) -> None:
    async def both() -> None:
        first = simulate(small(), tmp_path / "a", models=story.models(), verbosity=1)
        second = simulate(small(), tmp_path / "b", models=story.models(), verbosity=1)
        for run in await asyncio.gather(first, second):
            run.close()

    asyncio.run(both())
    said = [[line["said"] for line in lines(tmp_path / name / "logs")] for name in "ab"]
    assert said[0].count("a call was answered") == said[1].count("a call was answered") > 0
    assert [one.count("extract started") for one in said] == [1, 1]


def test_what_ends_a_run_is_in_its_log(tmp_path: Path) -> None:
    def broken(request: Any) -> str:
        raise ZeroDivisionError(f"with {KEY} in its words")

    with pytest.raises(ZeroDivisionError), pytest.MonkeyPatch.context() as environ:
        environ.setenv("CANARY_KEY", KEY)
        simulate_sync(small(), tmp_path, models=story.models(extractor=broken))
    last = lines(tmp_path / "logs")[-1]
    assert last["said"] == "the execution ended with ZeroDivisionError"
    assert "with *** in its words" in last["why"]
    assert "Traceback" in last["traceback"]
    assert KEY not in (tmp_path / "logs" / LOG).read_text()


def test_the_log_is_rotated_and_goes_on_in_the_next_execution(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_BYTES", 2000)
    for _ in range(2):
        with journal(tmp_path / "logs"):
            for number in range(100):
                logging.getLogger("simulator.test").info("line %d", number)
    files = sorted(path.name for path in (tmp_path / "logs").iterdir())
    assert files == [LOG, *(f"{LOG}.{number}" for number in range(1, 5))]
    assert all(path.stat().st_size <= 2000 for path in (tmp_path / "logs").iterdir())


def test_a_log_that_cannot_be_written_ends_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "logs").write_text("a file where the folder should be")
    with journal(tmp_path / "logs"):
        logging.getLogger("simulator.test").info("unheard")
    with journal(tmp_path / "more"):
        handler = next(one for one in logging.getLogger().handlers if isinstance(one, module._File))
        handler.stream.close()
        logging.getLogger("simulator.test").info("unheard as well")
    assert capfd.readouterr().err == ""


def test_a_line_is_one_line_whatever_is_said(tmp_path: Path) -> None:
    with journal(tmp_path / "logs"):
        logging.getLogger("simulator.test").info(
            "two\nlines \ud800 \x1b[31m", extra={"more": {"x": "\u2028"}, "odd": {1}}
        )
    assert (tmp_path / "logs" / LOG).read_bytes().isascii()
    assert [line["said"] for line in lines(tmp_path / "logs")] == ["two\nlines \ud800 \x1b[31m"]


@given(
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Zs"]), min_size=16, max_size=40),
    st.text(max_size=9),
    st.text(max_size=9),
)
def test_a_secret_is_struck_out_in_any_form(secret: str, before: str, after: str) -> None:
    redactor = Redactor([secret])
    data = (before.encode("utf-8", "replace"), secret.encode(), after.encode("utf-8", "replace"))
    for text in (
        f"{before}{secret}{after}",
        f"{quote(before, errors='replace')}{quote(secret, safe='')}{quote(after, errors='replace')}",
        base64.b64encode(b"".join(data)).decode(),
        base64.urlsafe_b64encode(b"".join(data)).decode(),
    ):
        struck = redactor.strike(text)
        assert "***" in struck
        assert secret.strip() not in struck


def test_only_what_is_named_like_a_secret_is_struck_out() -> None:
    environ = {"OPENAI_API_KEY": KEY, "HF_TOKEN": "hf_0123456789", "HOME": "/home/somebody", "OTHER_KEY": "EMPTY"}
    redactor = Redactor.from_environ(environ)
    assert redactor.strike(f"{KEY} hf_0123456789 /home/somebody EMPTY") == "*** *** /home/somebody EMPTY"
    assert Redactor.from_environ({"MINE": KEY}, names=["MINE"]).strike_all([{KEY: [KEY, 1]}]) == [{"***": ["***", 1]}]
