"""Instructions and users' turns: how different they are, by hand on small sets and in a whole run."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import numpy as np
import pytest
import story

from simulator.assembly import simulate_sync
from simulator.cli.main import main
from simulator.evidence import variety
from simulator.models.instruction import Instruction


class Axes:
    """An embedder whose vectors are those of the first letter."""

    name = "axes"

    async def embed(self, texts: list[str]) -> np.ndarray:
        return np.asarray([[float(text[0].lower() == letter) for letter in "abc"] for text in texts], dtype=np.float32)


class Texts:
    """A ledger of instructions."""

    def __init__(self, *texts: str) -> None:
        self.texts = texts

    def products(self, kind: str) -> list[dict[str, str]]:
        assert kind == "instruction"
        return [Instruction(id=str(n), persona="p", text=text).model_dump() for n, text in enumerate(self.texts)]


def of(*texts: str) -> variety.Variety | None:
    return asyncio.run(variety.instruction_variety(Texts(*texts), Axes(), 3))  # type: ignore[arg-type]


def test_figures_of_three_texts() -> None:
    found = of("a b c d", "A b, c e", "b c")
    assert found is not None
    assert (found.texts, found.compared) == (3, 3)
    assert found.likeness is not None
    assert found.likeness.mean_pair == pytest.approx(1 / 3, abs=1e-3)
    assert found.distinct_1 == 0.5, "a b c d e of ten words"
    assert found.distinct_2 == round(4 / 7, 4), "ab bc cd ce of seven pairs"
    assert found.repeated_openings == round(2 / 3, 4)


def test_few_and_many(monkeypatch: pytest.MonkeyPatch) -> None:
    assert of() is None
    alone = of("a b")
    assert alone is not None
    assert alone.likeness is None
    monkeypatch.setattr(variety, "_MOST", 5)
    many = of(*(f"a {n}" for n in range(20)))
    assert many is not None
    assert (many.texts, many.compared) == (20, 5)
    assert many == of(*(f"a {n}" for n in range(20))), "drawn by the seed"
    assert "of 5 drawn from 20" in variety.variety_told(many)


def test_a_run_reports_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wanted = story.scenario(npcs=None, tools=None)
    with simulate_sync(wanted, tmp_path / "run", models=story.models()) as run:
        page = (run.directory.report / "report.md").read_text()
    assert "Variety of the instructions: cosine" in page
    assert "Variety of the users' turns: cosine" in page
    capsys.readouterr()
    assert main(["report", str(tmp_path / "run")]) == 0
    assert "begin with the same three words" in " ".join(capsys.readouterr().out.split())
    assert main(["report", str(tmp_path / "run"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["instruction_variety"]["texts"] == told["products"]["instruction"]
    assert 0 < told["turn_variety"]["distinct_2"] <= 1
