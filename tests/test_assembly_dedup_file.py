"""``sixhop dedup``: any file of texts; what is kept, what is not and why, in files that add up."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from population_cases import short_texts, texts_with_duplicates

from simulator.assembly.dedup_file import dedup_file
from simulator.cli.main import main
from simulator.embeddings.many import embed_many
from simulator.embeddings.wordllama import WordLlamaEmbedder
from simulator.errors import InputError
from simulator.population.dedup import deduplicator
from simulator.population.dedup.verdict import DedupSettings
from simulator.population.tokens import jaccard, word_grams

PILOT = "a harbour pilot who guides freighters past a sandbar that moves every winter"
SHARED = Path(__file__).parents[1].parent / "shared" / "data" / "personahub_tools.jsonl"

Shown = pytest.CaptureFixture[str]


def write(path: Path, lines: list[Any]) -> Path:
    path.write_bytes(b"\n".join(x if isinstance(x, bytes) else json.dumps(x).encode() for x in lines) + b"\n")
    return path


def read(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


@pytest.fixture
def people(tmp_path: Path) -> Path:
    return write(
        tmp_path / "people.jsonl",
        [
            {"persona": PILOT, "n": 1},
            {"persona": PILOT.replace(" ", "  "), "n": 2},
            b'{"persona": "cut off',
            {"persona": "A night nurse in a small hospital who knits during the quiet hours.", "n": 4},
            {"name": "no persona here"},
            b"",
            {"persona": 7},
            {"persona": PILOT.upper() + " \ud800", "n": 8},
            {"persona": " "},
            ["a", "list"],
            {"persona": "--", "n": 11},
            {"persona": f"winter: {PILOT}", "n": 12, "more": {"kept": ["as", "it", "is"]}},
            {"persona": "A nurse who knits at night during quiet hours in a little hospital", "n": 13},
        ],
    )


def test_every_row_is_kept_rejected_or_failed_with_its_line(people: Path, tmp_path: Path, capsys: Shown) -> None:
    assert main(["dedup", str(people), "--out", str(tmp_path / "out"), "--cosine", "0.85", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["rows"] == 12 == told["kept"] + sum(told["rejected"].values()) + told["failed"]
    kept, rejected = read(tmp_path / "out" / "kept.jsonl"), read(tmp_path / "out" / "rejected.jsonl")
    lines = people.read_bytes().splitlines()
    assert (tmp_path / "out" / "kept.jsonl").read_bytes().splitlines() == [lines[0], lines[3], lines[10]]
    assert [row["n"] for row in kept] == [1, 4, 11]
    assert [(row["line"], row["stage"], row["survivor"]["line"]) for row in rejected] == [
        (2, "exact", 1),
        (8, "minhash", 1),
        (12, "minhash", 1),
        (13, "embedding", 4),
    ]
    assert rejected[0]["survivor"]["text"] == PILOT
    assert rejected[2]["score"] == 1.0
    assert 0.85 <= rejected[3]["score"] < 1.0
    failures = read(tmp_path / "out" / "failures.jsonl")
    assert [row["line"] for row in failures] == [3, 5, 7, 9, 10]
    for row, reason in zip(
        failures, ["not JSON", "no field 'persona'", "is a number", "empty", "not an object"], strict=True
    ):
        assert reason in row["problem"]
    assert read_summary(tmp_path / "out") == told


def read_summary(folder: Path) -> Any:
    return json.loads((folder / "summary.json").read_text())


def test_in_a_terminal_it_reads_well(people: Path, capsys: Shown) -> None:
    assert main(["dedup", str(people), "--no-semantic", "--quiet"]) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    assert all(len(line) <= 80 for line in shown.out.splitlines()[:-1])
    assert "Jaccard of the words 0.9 or more" in shown.out
    assert "embedding" not in shown.out
    assert (people.parent / "people.dedup" / "summary.json").exists()


def test_parquet_gives_the_same_rows(people: Path, tmp_path: Path, capsys: Shown) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    texts = [PILOT, f"a {PILOT}", None, "somebody else altogether"]
    table = pyarrow.table({"text": texts, "when": pyarrow.array([1, 2, 3, 4], pyarrow.timestamp("s"))})
    parquet.write_table(table, tmp_path / "people.parquet")
    assert main(["dedup", str(tmp_path / "people.parquet"), "--out", str(tmp_path / "out"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rejected"] == {"exact": 0, "minhash": 1, "embedding": 0}
    assert read(tmp_path / "out" / "kept.jsonl") == [
        {"text": PILOT, "when": "1970-01-01T00:00:01"},
        {"text": "somebody else altogether", "when": "1970-01-01T00:00:04"},
    ]
    assert read(tmp_path / "out" / "failures.jsonl")[0]["line"] == 3
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 no")
    assert main(["dedup", str(tmp_path / "broken.parquet")]) == 2
    assert "not a Parquet file" in capsys.readouterr().err


def test_a_row_of_parquet_that_is_no_text_costs_only_itself(tmp_path: Path, capsys: Shown) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    columns = {
        "text": pyarrow.array([b"a baker", b"\xff tailor", b"a smith", b"a piper"], pyarrow.binary()).view(
            pyarrow.string()
        ),
        "when": pyarrow.array([1, 2, 2**62, 4], pyarrow.timestamp("us")),
    }
    parquet.write_table(pyarrow.table(columns), tmp_path / "people.parquet")
    assert main(["dedup", str(tmp_path / "people.parquet"), "--no-semantic", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["kept"] == 2
    failures = read(tmp_path / "people.dedup" / "failures.jsonl")
    assert [failure["line"] for failure in failures] == [2, 3]
    assert "its column 'text' cannot be read" in failures[0]["problem"]
    assert "its column 'when' cannot be read" in failures[1]["problem"]


def test_a_sweep_shows_what_would_remain_and_writes_nothing(people: Path, capsys: Shown) -> None:
    assert main(["dedup", str(people), "--sweep", "0.5:0.9:0.2", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [row["threshold"] for row in told] == [0.5, 0.7, 0.9]
    assert [row["kept"] for row in told] == sorted(row["kept"] for row in told)
    assert main(["dedup", str(people), "--sweep", "0.5:0.9"]) == 0
    assert capsys.readouterr().out.count("\n") == 11
    assert not (people.parent / "people.dedup").exists()


@pytest.mark.parametrize("proposer", ["prefix", "minhash"])
def test_datasketch_may_propose_what_is_verified(
    people: Path, tmp_path: Path, capsys: Shown, monkeypatch: pytest.MonkeyPatch, proposer: str
) -> None:
    made = list[float]()

    class Seen(deduplicator.MinHashIndex):
        def __init__(self, threshold: float, mode: Any) -> None:
            made.append(threshold)
            super().__init__(threshold, mode)

    monkeypatch.setattr(deduplicator, "MinHashIndex", Seen)
    given = ["dedup", str(people), "--out", str(tmp_path / "out"), "--no-semantic", "--json", "--proposer", proposer]
    assert main(given) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["proposer"], told["rejected"]) == (proposer, {"exact": 1, "minhash": 2, "embedding": 0})
    assert made == ([0.9] if proposer == "minhash" else [])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["none.jsonl"], "is missing"),
        (["."], "allowed: .jsonl, .parquet"),
        (["people.txt"], "not a file of rows"),
        (["people.jsonl", "--field", "name"], None),
        (["people.jsonl", "--field", "nobody"], "no field 'nobody'"),
        (["fields.jsonl"], "'a', 'b': name the one that holds the text with --field"),
        (["empty.jsonl"], "no row that can be read"),
        (["people.jsonl", "--jaccard", "1.5"], "jaccard threshold 1.5 is out of range"),
        (["people.jsonl", "--sweep", "half"], "not a range of thresholds"),
        (["people.jsonl", "--sweep", "0.9:0.5"], "sweep"),
        (["people.jsonl", "--mode", "fast"], "fast"),
        (["people.jsonl", "--proposer", "luck"], "luck"),
        (["out/kept.jsonl", "--out", "out"], "would be overwritten"),
        (["people.jsonl", "--out", "people.jsonl"], "is a file"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(
    people: Path, monkeypatch: pytest.MonkeyPatch, capsys: Shown, arguments: list[str], message: str | None
) -> None:
    monkeypatch.chdir(people.parent)
    write(Path("fields.jsonl"), [{"a": 1, "b": 2}])
    write(Path("empty.jsonl"), [b"", b"{"])
    Path("people.txt").touch()
    Path("out").mkdir()
    write(Path("out") / "kept.jsonl", [{"text": "x"}])
    assert main(["dedup", *arguments, "--quiet"]) == (0 if message is None else 2)
    shown = capsys.readouterr().err
    assert shown.count("\n") == (0 if message is None else 1)
    assert message is None or message in shown


def test_what_no_earlier_dedup_wrote_is_not_overwritten(people: Path, tmp_path: Path, capsys: Shown) -> None:
    out = tmp_path / "out"
    out.mkdir()
    asked = ["dedup", str(people), "--out", str(out), "--no-semantic", "--quiet"]
    assert main(asked) == 0, "an empty folder is free"
    assert main(asked) == 0, "an earlier dedup is written anew"
    (out / "summary.json").write_text('{"kept": 3}')
    (out / "kept.jsonl").write_text("mine\n")
    capsys.readouterr()
    assert main(asked) == 2
    assert (
        "'kept.jsonl', 'rejected.jsonl', ..., and the summary.json of an earlier dedup is not there"
        in capsys.readouterr().err
    )
    assert (out / "kept.jsonl").read_text() == "mine\n"


def test_a_sweep_says_everything_once_and_draws_in_ascii(people: Path) -> None:
    asked = ["dedup", str(people), "--no-semantic", "--sweep", "0.5:0.9:0.2"]
    done = subprocess.run(
        [sys.executable, "-c", "import sys; from simulator.cli.main import main; sys.exit(main())", *asked],
        capture_output=True, text=True, check=True, env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )  # fmt: skip
    assert "##" in done.stdout
    assert "\\u" not in done.stdout
    assert "0.7" not in done.stderr


def test_a_file_that_changes_meanwhile_is_noticed_and_nothing_looks_complete(people: Path, tmp_path: Path) -> None:
    def change(_: str) -> None:
        write(people, [{"persona": "somebody new"}, {"persona": "and another"}])

    asyncio.run(dedup_file(people, tmp_path / "out", settings=DedupSettings(cosine=None)))
    with pytest.raises(InputError, match="changed while it was read"):
        asyncio.run(dedup_file(people, tmp_path / "out", settings=DedupSettings(cosine=None), say=change))
    assert list((tmp_path / "out").iterdir()) == []


@settings(max_examples=20)
@given(
    texts=st.lists(st.one_of(short_texts, st.text(max_size=12)), min_size=1, max_size=25),
    threshold=st.sampled_from([0.5, 0.9]),
)
def test_any_texts_add_up_and_every_rejected_row_has_a_kept_survivor(
    texts: list[str], threshold: float, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("any")
    file = write(folder / "rows.jsonl", [{"text": text} for text in texts])
    try:
        told = asyncio.run(dedup_file(file, folder / "out", settings=DedupSettings(jaccard=threshold, cosine=None)))
    except InputError:
        assert not any(text.replace("\0", " ").strip() for text in texts)
        return
    kept = {row["text"] for row in read(folder / "out" / "kept.jsonl")}
    assert told.rows == len(texts) == told.kept + sum(told.rejected.values()) + told.failed
    grams = [word_grams(text.replace("\0", " ").strip()) for text in kept]
    assert all(jaccard(a, b) < threshold for place, a in enumerate(grams) for b in grams[:place])
    for row in read(folder / "out" / "rejected.jsonl"):
        assert row["survivor"]["line"] < row["line"]
        assert texts[row["survivor"]["line"] - 1] in kept
        if row["stage"] == "minhash":
            score = jaccard(word_grams(row["text"]), word_grams(row["survivor"]["text"]))
            assert row["score"] == score >= threshold


def test_texts_without_a_meaning_have_zeros_and_the_others_their_own_vector() -> None:
    class Picky(WordLlamaEmbedder):
        async def embed(self, texts: Any) -> Any:
            if any("!" in text for text in texts):
                raise InputError("nothing in it has a meaning")
            return await super().embed(texts)

    texts = ["!", "a lock keeper", "!!", "a midwife", "a baker", "!"]
    vectors = asyncio.run(embed_many(Picky(), texts))
    alone = asyncio.run(WordLlamaEmbedder().embed(texts[3:4]))
    assert np.array_equal(vectors[3], alone[0])
    assert np.flatnonzero(np.abs(vectors).sum(axis=1) == 0).tolist() == [0, 2, 5]
    assert asyncio.run(embed_many(Picky(), ["!", "!"])).shape == (2, 0)


def test_the_file_does_not_depend_on_how_many_rows_a_chunk_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(tmp_path / "rows.jsonl", [{"text": text} for text in texts_with_duplicates(300, seed=4)])
    files = []
    for chunk in (7, 8_192):
        monkeypatch.setattr("simulator.embeddings.many.CHUNK", chunk)
        asyncio.run(dedup_file(file, tmp_path / f"{chunk}", embedder=WordLlamaEmbedder()))
        files.append([(tmp_path / f"{chunk}" / name).read_bytes() for name in ("kept.jsonl", "rejected.jsonl")])
    assert files[0] == files[1]


@pytest.mark.skipif(not SHARED.exists(), reason="the real rows are not beside the repository")
def test_persona_hub_rows_as_released(tmp_path: Path) -> None:
    told = asyncio.run(dedup_file(SHARED, tmp_path / "out", embedder=WordLlamaEmbedder()))
    assert (told.field, told.rows, told.failed) == ("input persona", 2_500, 0)
    assert (tmp_path / "out" / "kept.jsonl").read_bytes().count(b"\n") == told.kept
