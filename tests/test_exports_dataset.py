"""Exports read by their real consumer, the library ``datasets``: what a chat template gets is what was said."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import story
import yaml
from test_exports_conversations import CALLING, PAIR

from simulator.assembly import open_run, simulate_sync
from simulator.cli.main import main
from simulator.exports.conversations import export_conversations
from simulator.exports.formats import FORMATS
from simulator.exports.parquet import table_of

datasets = pytest.importorskip("datasets", reason="the library 'datasets' is not installed")


@pytest.fixture(autouse=True)
def _offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    datasets.disable_progress_bars()


def load(*given: Any, **options: Any) -> Any:
    return datasets.load_dataset(*given, **options)["train"]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("run")
    scenario = story.scenario(
        expand={"hops": 1}, npcs=None, conversations={"exchanges": 2, "count": 4, "system": "Be of help."}
    )
    simulate_sync(scenario, folder, models=story.models()).close()
    with open_run(folder) as opened:
        yield opened


@pytest.mark.parametrize("to", ["messages", "messages-trl", "sharegpt", "alpaca"])
def test_jsonl_loads_without_keys_that_were_not_there(to: str, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    export_conversations(path, [CALLING, PAIR, CALLING], to)  # type: ignore[arg-type]
    rows = load("json", data_files=str(path))
    assert len(rows) == 3
    if to == "alpaca":
        assert rows[0]["instruction"] == "Where is it?"
    if to == "sharegpt":
        assert rows[1]["conversations"] == [
            {"from": "human", "value": "user 0"},
            {"from": "gpt", "value": "assistant 1"},
        ]


def test_the_folder_loads_and_its_card_names_what_is_in_it(run: Any, tmp_path: Path) -> None:
    counts = FORMATS["huggingface"].write(run.ledger, tmp_path)
    talks = load(str(tmp_path))
    assert len(talks) == counts["conversations"] == len(run.conversations) >= 3
    first = run.conversations[0]
    assert talks[0]["messages"] == [
        {"role": "system", "content": "Be of help."},
        *({"role": turn.role, "content": turn.content} for turn in first.turns),
    ]
    assert json.loads(talks[0]["turns"])[0]["content"] == first.turns[0].content
    people = load(str(tmp_path), "personas")
    assert people["text"] == [persona.text for persona in run.personas]
    card = (tmp_path / "README.md").read_text("utf-8")
    assert "synthetic" in card
    assert f"| personas | {len(run.personas)} |" in card
    assert datasets.load_dataset_builder(str(tmp_path)).config.name == "conversations"


def test_the_card_names_the_licence_that_is_given(run: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def header(*more: str) -> dict[str, Any]:
        words = ["export", str(run.directory.root), "--to", "huggingface", "--out", str(tmp_path), *more]
        assert main(words) == 0
        found: dict[str, Any] = yaml.safe_load((tmp_path / "README.md").read_text("utf-8").split("---\n")[1])
        return found

    plain = header()
    assert plain["license"] == "other"
    assert header("--license", "CC-BY-4.0") == {**plain, "license": "cc-by-4.0"}
    assert header("--to", "messages", "--license", "mit")["license"] == "mit"
    assert (tmp_path / "conversations.messages.jsonl").exists()
    for wrong, told in (
        (["--to", "huggingface", "--license", "my own: free\n"], "is no SPDX identifier"),
        (["--to", "messages", "--license", "mit"], "name that format too, with --to huggingface"),
        (["--license", "mit"], "name the format, with --to huggingface"),
    ):
        capsys.readouterr()
        assert main(["export", str(run.directory.root), "--out", str(tmp_path), *wrong]) == 2
        assert told in capsys.readouterr().err


def test_every_kind_is_a_parquet_file(run: Any, tmp_path: Path) -> None:
    counts = FORMATS["parquet"].write(run.ledger, tmp_path)
    for kind in ("personas", "relations", "decisions", "instructions", "conversations", "tools"):
        assert len(load("parquet", data_files=str(tmp_path / f"{kind}.parquet"))) == counts[kind]


def test_what_differs_from_row_to_row_is_a_text_and_not_padded() -> None:
    rows = [{"schema": {"a": 1}, "n": 1, "names": ["x"]}, {"schema": {"b": [2]}, "n": 2.5, "names": []}, {"n": None}]
    back = table_of(rows).to_pylist()
    assert [json.loads(row["schema"]) if row["schema"] else None for row in back] == [{"a": 1}, {"b": [2]}, None]
    assert [row["n"] for row in back] == [1.0, 2.5, None]
    assert back[0]["names"] == ["x"]
