"""A set of a thousand tools: one run with scripted replies, in which everything that was made is sound."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from simulator.assembly import simulate_sync
from simulator.exports.formats import FORMATS


def benchmark() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "tools_at_scale", Path(__file__).parents[1] / "benchmarks" / "tools.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_a_thousand_tools_are_one_set(tmp_path: Path) -> None:
    many = benchmark()
    many.write_texts(tmp_path / "texts.jsonl", 1400)
    with simulate_sync(many.scenario(tmp_path, 1400), tmp_path / "run", models=many.models()) as run:
        found = many.check(run)
        for to in ("openai-strict", "mcp", "langchain", "xlam"):
            FORMATS[to].write(run.ledger, tmp_path / "out")
    assert found["unsound"] == 0
    assert found["failed"] == 0
    assert found["tools in the set"] >= 1000
    assert found["merged"] > 100, "what many ask for is there once"
    assert found["asked for most"] > 3
    assert found["replies a check refused"] > 100, "and every tenth was repaired"
    assert found["worked examples"] == 2 * found["tools in the set"]
