"""The Chroma index finds true neighbours and is built again whenever its folder is not what it was."""

from __future__ import annotations

import random
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import chromadb
import chromadb.config
import numpy as np
import pytest

from simulator.errors import InputError
from simulator.population.index.chroma import open_or_rebuild
from simulator.population.index.memory import NearPersonas
from simulator.population.vectors.unit import cosine, unit_vectors

COUNT, DIMENSIONS = 1_300, 16
IDS = [f"p-{number:04}" for number in range(COUNT)]
TEXTS = [f"the person of number {number}" for number in range(COUNT)]
VECTORS = unit_vectors(np.random.default_rng(4).standard_normal((COUNT, DIMENSIONS)))


def opened(folder: Path, count: int = COUNT, embedder: str = "own") -> NearPersonas:
    return open_or_rebuild(folder, IDS[:count], TEXTS[:count], VECTORS[:count], embedder)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed, whole index."""
    folder = tmp_path_factory.mktemp("built") / "index"
    opened(folder).close()
    return folder


@pytest.fixture
def folder(built: Path, tmp_path: Path) -> Path:
    """A copy of the closed index, to be harmed."""
    return Path(shutil.copytree(built, tmp_path / "index"))


def assert_whole(index: NearPersonas, count: int = COUNT) -> None:
    assert len(index) == count
    for row in (0, count // 2, count - 1):
        hits = index.query(VECTORS[row], 3)
        assert hits[0].id == IDS[row]
        assert hits[0].text == TEXTS[row]
        assert hits[0].score == pytest.approx(1.0)


def test_the_nearest_come_first_with_their_true_cosine(folder: Path) -> None:
    with opened(folder) as index:
        query = unit_vectors(np.ones((1, DIMENSIONS)))[0]
        hits = index.query(query, 10)
        scores = [cosine(query, vector) for vector in VECTORS]
        best = sorted(range(COUNT), key=lambda row: -scores[row])[:10]
        assert [hit.id for hit in hits] == [IDS[row] for row in best]
        # Chroma normalises what it stores once more, in float32.
        assert [hit.score for hit in hits] == pytest.approx([scores[row] for row in best], abs=1e-6)


def test_a_whole_folder_is_opened_as_it_is(folder: Path) -> None:
    for _ in range(2):
        with opened(folder) as index:
            assert index.rebuilt == ""
            assert_whole(index)


def test_what_is_added_is_found_and_survives(folder: Path, tmp_path: Path) -> None:
    home = tmp_path / "growing"
    with opened(home, 1_000) as index:
        index.add(IDS[1_000:], TEXTS[1_000:], VECTORS[1_000:])
        assert_whole(index)
    with opened(home) as index:
        assert index.rebuilt == ""
        assert_whole(index)


def test_a_population_that_grew_gets_only_the_new_ones(folder: Path, tmp_path: Path) -> None:
    home = tmp_path / "growing"
    opened(home, 700).close()
    generation = next(home.glob("g-*"))
    with open_or_rebuild(
        home, IDS, TEXTS, np.concatenate([np.zeros_like(VECTORS[:700]), VECTORS[700:]]), "own"
    ) as index:
        assert index.rebuilt == ""
        assert_whole(index)
    assert next(home.glob("g-*")) == generation


def test_a_folder_that_cannot_be_made_is_no_reason_to_fail(tmp_path: Path) -> None:
    (tmp_path / "index").write_text("a file where the folder should be")
    with opened(tmp_path / "index") as index:
        assert "cannot be used" in index.rebuilt
        assert_whole(index)


def test_a_missing_folder_is_rebuilt(folder: Path) -> None:
    shutil.rmtree(folder)
    with opened(folder) as index:
        assert "missing" in index.rebuilt
        assert_whole(index)


def test_a_folder_removed_under_an_open_index_is_rebuilt(folder: Path) -> None:
    first = opened(folder)
    shutil.rmtree(folder)
    with opened(folder) as index:
        assert "missing" in index.rebuilt
        assert_whole(index)
    del first


@pytest.mark.parametrize("victim", ["data_level0.bin", "index_metadata.pickle", "chroma.sqlite3", "seal.json", "*"])
def test_random_bytes_in_a_file_are_noticed(folder: Path, victim: str) -> None:
    generator = random.Random(9)
    for path in [path for path in folder.rglob(victim) if path.is_file()]:
        content = bytearray(path.read_bytes())
        for _ in range(max(8, len(content) // 50)):
            content = content or bytearray(8)
            content[generator.randrange(len(content))] = generator.randrange(256)
        path.write_bytes(content)
    with opened(folder) as index:
        assert index.rebuilt != ""
        assert_whole(index)
    with opened(folder) as index:
        assert index.rebuilt == ""


@pytest.mark.parametrize("victim", ["chroma.sqlite3", "data_level0.bin", "link_lists.bin"])
def test_a_truncated_file_is_noticed(folder: Path, victim: str) -> None:
    path = next(folder.rglob(victim))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 3])
    with opened(folder) as index:
        assert victim in index.rebuilt
        assert_whole(index)


def test_other_personas_or_another_embedder_mean_another_index(folder: Path) -> None:
    with opened(folder, COUNT - 1) as index:
        assert "other personas" in index.rebuilt
        assert_whole(index, COUNT - 1)
    with opened(folder, COUNT - 1, embedder="another") as index:
        assert "'own'" in index.rebuilt
        assert_whole(index, COUNT - 1)
    assert len([path for path in folder.iterdir() if path.is_dir()]) == 1


HOLD_INDEX = """
import sys, numpy as np
from pathlib import Path
from tests.test_population_index import opened
index = opened(Path(sys.argv[1]))
index.query(np.ones(16, dtype=np.float32))
print("ready", flush=True)
sys.stdin.read()
"""

HOLD_DATABASE = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN EXCLUSIVE")
print("ready", flush=True)
sys.stdin.read()
"""


def second_process(script: str, argument: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(argument)],
        cwd=Path(__file__).parents[1],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "ready"
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("held", ["index", "database"])
def test_a_folder_that_another_process_has_is_left_alone(folder: Path, held: str) -> None:
    script, argument = (HOLD_INDEX, folder) if held == "index" else (HOLD_DATABASE, next(folder.rglob("*.sqlite3")))
    for _ in second_process(script, argument):
        with opened(folder) as index:
            assert "another process" in index.rebuilt
            assert_whole(index)
        assert [path.name for path in folder.parent.iterdir()] == [folder.name]
    with opened(folder) as index:
        assert index.rebuilt == ""
        assert_whole(index)


def test_a_reader_that_was_killed_leaves_a_usable_folder(folder: Path) -> None:
    for process in second_process(HOLD_INDEX, folder):
        process.send_signal(signal.SIGKILL)
        process.wait()
    with opened(folder) as index:
        assert index.rebuilt == ""
        assert_whole(index)


def test_a_writer_that_was_killed_leaves_a_folder_that_is_rebuilt(folder: Path) -> None:
    script = HOLD_INDEX.replace("opened(Path(sys.argv[1]))", "opened(Path(sys.argv[1]), 700)")
    for process in second_process(script, folder):
        process.send_signal(signal.SIGKILL)
        process.wait()
    with opened(folder) as index:
        assert "unfinished" in index.rebuilt
        assert_whole(index)


def test_a_changed_id_is_noticed_although_the_database_is_sound(folder: Path) -> None:
    connection = sqlite3.connect(next(folder.rglob("*.sqlite3")))
    connection.execute("UPDATE embeddings SET embedding_id = 'p-somebody-else' WHERE id = 7")
    connection.commit()
    connection.close()
    with opened(folder) as index:
        assert "damaged" in index.rebuilt
        assert_whole(index)


def test_the_folder_is_a_chroma_collection_in_cosine_space_without_an_embedding_function(folder: Path) -> None:
    client = chromadb.PersistentClient(
        str(next(folder.glob("g-*"))), settings=chromadb.config.Settings(anonymized_telemetry=False)
    )
    collection = client.get_collection("personas", embedding_function=None)
    assert collection.configuration["hnsw"]["space"] == "cosine"
    assert "default" not in str(collection.configuration["embedding_function"])
    held = collection.get(ids=[IDS[3]], include=["embeddings", "documents"])
    assert np.allclose(held["embeddings"], VECTORS[3:4])
    assert held["documents"] == [None], "texts are the ledger's; Chroma would index them too"
    client.close()


def test_an_empty_index_answers_with_nothing(tmp_path: Path) -> None:
    with opened(tmp_path / "index", 0) as index:
        assert index.query(VECTORS[0]) == []


def test_wrong_questions_are_refused(folder: Path) -> None:
    with opened(folder) as index:
        with pytest.raises(InputError, match="16 dimensions"):
            index.query(np.ones(3, dtype=np.float32))
        with pytest.raises(InputError, match="at least 1"):
            index.query(VECTORS[0], 0)
        with pytest.raises(InputError, match="Lengths differ"):
            index.add(["p-x"], [], VECTORS[:1])
