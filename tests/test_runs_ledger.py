"""The ledger keeps what it was given, wholly or not at all, and says clearly why it cannot."""

import asyncio
import os
import platform
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.errors import LedgerBusy, LedgerError, LedgerUnwritable, RunDirectoryError
from simulator.models.decision import Decision
from simulator.models.instruction import Instruction
from simulator.models.message import Reply, Usage
from simulator.models.persona import Persona, persona_id
from simulator.models.relation import Relation
from simulator.models.unit import Failure, Unit, UnitResult
from simulator.runs.directory import RunDirectory
from simulator.runs.entry import Entry, Product
from simulator.runs.ledger import Ledger
from simulator.runs.part import Part


def persona(text: str, hop: int = 0) -> Persona:
    return Persona(id=persona_id(text), text=text, hop=hop, origin="text", source="t-1", question="read")


def unit(number: int = 0) -> Unit:
    return Unit(stage="extract", role="extractor", inputs={"text": f"text {number}"}, seed=number)


def entry(number: int = 0) -> Entry:
    first, second = persona(f"a lock keeper {number}"), persona(f"a ferry pilot {number}", hop=1)
    return Entry(
        unit=unit(number),
        result=UnitResult(value={"persona": first.text}),
        personas=(first, second),
        relations=(Relation(source=first.id, target=second.id, name="old friend", kind="friend", hop=1),),
        decisions=(Decision(subject="persona", candidate=first.id, text=first.text, admitted=True),),
        products=(
            Product(
                "instruction", f"i-{number}", first.id, Instruction(id=f"i-{number}", persona=first.id, text="Why?")
            ),
        ),
    )


def test_what_is_committed_is_read_back(tmp_path: Path) -> None:
    with Ledger.open(tmp_path / "ledger.sqlite", create=True) as ledger:
        asyncio.run(ledger.commit([entry(0), entry(1)]))
    with Ledger.open(tmp_path / "ledger.sqlite", writable=False) as ledger:
        assert list(ledger.personas()) == [*entry(0).personas, *entry(1).personas]
        assert list(ledger.relations()) == [*entry(0).relations, *entry(1).relations]
        assert list(ledger.decisions()) == [*entry(0).decisions, *entry(1).decisions]
        assert [p["id"] for p in ledger.products("instruction")] == ["i-0", "i-1"]
        assert ledger.ended("extract") == {unit(0).id, unit(1).id}
        assert [ended for ended, _ in ledger.results("extract")] == [unit(0), unit(1)]


def test_an_entry_is_written_wholly_or_not_at_all(tmp_path: Path) -> None:
    bad = Entry(unit=unit(5), result=UnitResult(value={}), personas=(persona("a lock keeper 0"),))
    with Ledger.open(tmp_path / "ledger.sqlite", create=True) as ledger:
        asyncio.run(ledger.commit([entry(0)]))
        with pytest.raises(LedgerError, match="UNIQUE"):
            asyncio.run(ledger.commit([bad]))
        assert ledger.ended("extract") == {unit(0).id}
        asyncio.run(ledger.commit([entry(2)]))
        assert ledger.ended("extract") == {unit(0).id, unit(2).id}


def test_one_bad_piece_does_not_take_its_neighbours_with_it(tmp_path: Path) -> None:
    async def main(ledger: Ledger) -> list[BaseException | None]:
        pieces = [ledger.commit([entry(n)]) for n in (0, 1, 1, 2)]
        return await asyncio.gather(*pieces, return_exceptions=True)

    with Ledger.open(tmp_path / "ledger.sqlite", create=True) as ledger:
        outcomes = asyncio.run(main(ledger))
        assert [type(outcome) for outcome in outcomes] == [type(None), type(None), LedgerError, type(None)]
        assert len(ledger.ended("extract")) == 3


def test_text_that_cannot_be_stored_is_an_error_and_the_writer_lives(tmp_path: Path) -> None:
    with Ledger.open(tmp_path / "ledger.sqlite", create=True) as ledger:
        with pytest.raises(LedgerError, match="surrogates"):
            asyncio.run(ledger.put_reply("k", Reply(text="\ud800", finish="stop", model="m"), role="r", stage="s"))
        asyncio.run(ledger.put_reply("k", Reply(text="fine", finish="stop", model="m"), role="r", stage="s"))
        assert asyncio.run(ledger.get_reply("k")).text == "fine"


def test_a_reply_keeps_its_first_text(tmp_path: Path) -> None:
    first = Reply(text="one", finish="stop", model="m", usage=Usage(prompt=3, completion=2, cached=1))
    with Ledger.open(tmp_path / "ledger.sqlite", create=True) as ledger:
        asyncio.run(ledger.put_reply("k", first, role="r", stage="s"))
        asyncio.run(ledger.put_reply("k", first.model_copy(update={"text": "two"}), role="r", stage="s"))
        assert asyncio.run(ledger.get_reply("k")) == first
        assert asyncio.run(ledger.get_reply("other")) is None


def test_failures_are_rows(tmp_path: Path) -> None:
    failure = Failure(
        unit=unit().id, stage="extract", role="extractor", cause="cut", message="m", raw="half a", attempts=3
    )
    with Ledger.open(tmp_path / "ledger.sqlite", create=True) as ledger:
        asyncio.run(ledger.commit([Entry(unit=unit(), result=UnitResult(failure=failure))]))
        assert list(ledger.failures()) == [failure]


def test_a_full_disk_is_a_clear_error_and_the_ledger_opens_afterwards(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    with Ledger.open(path, create=True) as ledger:
        asyncio.run(ledger.commit([entry(0)]))
        pages = next(ledger.rows("PRAGMA page_count"))[0]
        ledger._writing()._connection.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(LedgerUnwritable, match="full"):
            for number in range(1, 2000):
                asyncio.run(ledger.commit([entry(number)]))
    with Ledger.open(path, writable=False) as ledger:
        assert unit(0).id in ledger.ended("extract")
        assert next(ledger.rows("PRAGMA integrity_check"))[0] == "ok"


def test_files_that_are_not_a_ledger_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RunDirectoryError, match="not a run directory"):
        Ledger.open(tmp_path / "ledger.sqlite")
    (tmp_path / "text.sqlite").write_text("not a database at all, but long enough to be looked at" * 40)
    with pytest.raises(LedgerError, match="not a ledger"):
        Ledger.open(tmp_path / "text.sqlite")
    sqlite3.connect(tmp_path / "other.sqlite").execute("CREATE TABLE x (y)").connection.close()
    with pytest.raises(RunDirectoryError, match="not a Sixhop ledger"):
        Ledger.open(tmp_path / "other.sqlite")


def test_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    Ledger.open(path, create=True).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 999")
    connection.close()
    with pytest.raises(RunDirectoryError, match="version 999"):
        Ledger.open(path)


def test_commits_survive_a_sigkill(tmp_path: Path) -> None:
    """A child commits numbers for ever and prints each after its commit; what it printed must be in the ledger."""
    code = textwrap.dedent(
        """
        import asyncio, sys
        sys.path.insert(0, "tests")
        from test_runs_ledger import Ledger, entry, Path
        ledger = Ledger.open(Path(sys.argv[1]), create=True)
        async def main():
            number = 0
            while True:
                await ledger.commit([entry(number)])
                print(number, flush=True)
                number += 1
        asyncio.run(main())
        """
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "ledger.sqlite")],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parent.parent,
        env={**os.environ, "PYTHONPATH": "."},
    )
    printed = [int(child.stdout.readline()) for _ in range(50)]
    child.send_signal(signal.SIGKILL)
    printed += [int(line) for line in child.stdout.read().split()]
    child.wait()
    with Ledger.open(tmp_path / "ledger.sqlite") as ledger:
        stored = ledger.ended("extract")
        assert {unit(number).id for number in printed} <= stored
        assert len(stored) <= len(printed) + 1


def test_the_second_process_is_told_who_holds_the_directory(tmp_path: Path) -> None:
    directory = RunDirectory(tmp_path / "run")
    directory.create()
    with directory.held():
        code = f"from pathlib import Path; from simulator.runs.directory import *; RunDirectory(Path({str(directory.root)!r})).held().__enter__()"
        second = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            cwd=Path(__file__).parent.parent,
            env={**os.environ, "PYTHONPATH": "."},
        )
        told = re.escape(f"in use by process {os.getpid()} on {platform.node()!r} since 20")
        assert re.search(told + r"\d\d-\d\d-\d\d \d\d:\d\d:\d\d", second.stderr)
    with directory.held():
        pass


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("precious")
    with pytest.raises(RunDirectoryError, match=r"thesis\.tex"):
        RunDirectory(tmp_path).create()


def test_the_lock_error_is_a_ledger_error() -> None:
    assert issubclass(LedgerBusy, LedgerError)


READ_AS_NOBODY = """
import os, sys
from pathlib import Path
from simulator.runs.ledger import Ledger  # before the rights go: the interpreter's own files may be another's
Path.cwd().as_uri()  # which Python 3.13 imports something for
if os.getuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
try:
    with Ledger.open(Path(sys.argv[1]), writable=False) as ledger:
        print(ledger.meta("state"))
except Exception as error:
    print(type(error).__name__, error)
"""


@pytest.fixture
def unwritable(tmp_path: Path) -> Iterator[Path]:
    """A folder that everybody may enter; the test closes it to writing."""
    with tempfile.TemporaryDirectory() as name:  # pytest's own folders are closed to other users
        folder = Path(name)
        yield folder
        folder.chmod(0o755)


def read_without_rights(folder: Path) -> str:
    for file in folder.iterdir():
        file.chmod(0o444)
    folder.chmod(0o555)
    command = [sys.executable, "-c", READ_AS_NOBODY, str(folder / "ledger.sqlite")]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.skipif(platform.system() != "Linux", reason="who may write a folder")
@pytest.mark.parametrize("was_read", [True, False])
def test_a_ledger_in_a_folder_that_cannot_be_written_is_read(tmp_path: Path, unwritable: Path, was_read: bool) -> None:
    with Ledger.open(tmp_path / "ledger.sqlite", create=True) as ledger:
        ledger.put_meta(state="done")
    shutil.copy(tmp_path / "ledger.sqlite", unwritable)
    if was_read:
        (unwritable / "ledger.sqlite-wal").touch()  # as a reader leaves it
    assert read_without_rights(unwritable) == "done"


@pytest.mark.skipif(platform.system() != "Linux", reason="who may write a folder")
@pytest.mark.parametrize("closed_once", [True, False])
def test_a_ledger_whose_log_cannot_be_read_is_refused(tmp_path: Path, unwritable: Path, closed_once: bool) -> None:
    """Without its log the ledger would be as it was some time ago, or nothing at all."""
    path = tmp_path / "ledger.sqlite"
    if closed_once:
        with Ledger.open(path, create=True) as ledger:
            ledger.put_meta(state="stopped")
    with Ledger.open(path, create=True) as ledger:
        ledger.put_meta(state="done")
        for name in ("ledger.sqlite", "ledger.sqlite-wal"):  # as a kill leaves it
            shutil.copy(tmp_path / name, unwritable)
    told = read_without_rights(unwritable)
    assert told.startswith("RunDirectoryError")
    assert "copy the whole folder to a writable place" in told


def test_a_part_of_a_table_is_read_and_counted(tmp_path: Path) -> None:
    with Ledger.open(tmp_path / "ledger.sqlite", create=True) as ledger:
        asyncio.run(ledger.commit([entry(number) for number in range(5)]))
        some = Part("text LIKE ?", ("%keeper%",))
        assert ledger.count("decisions", some) == ledger.count("decisions") == 5
        assert [one.text for one in ledger.decisions(some.page(2, 3))] == ["a lock keeper 3", "a lock keeper 4"]
        assert ledger.count("decisions", some.page(2, 3)) == 5
        narrow = some.of("text LIKE ? OR text LIKE ?", "%1", "%2")
        assert [one.text[-1] for one in ledger.decisions(narrow)] == ["1", "2"]
        assert [body["id"] for body in ledger.products("instruction", Part("id = ?", ("i-4",)))] == ["i-4"]
        assert list(ledger.products("npc", Part("id = ? OR 1", ("i-4",)))) == [], "a part stays within the kind"
        assert [made.seed for made, _ in ledger.results(None, Part("id = ?", (unit(3).id,)))] == [3]
        assert [made.seed for made, _ in ledger.results("extract", Part(most=2))] == [0, 1]


def test_snapshots_within_one_another_are_of_one_moment(tmp_path: Path) -> None:
    with Ledger.open(tmp_path / "ledger.sqlite", create=True) as writer:
        asyncio.run(writer.commit([entry(0)]))
        with Ledger.open(tmp_path / "ledger.sqlite", writable=False) as reader:
            with reader.snapshot():
                assert reader.count("personas") == 2
                asyncio.run(writer.commit([entry(1)]))
                with reader.snapshot():
                    assert reader.count("personas") == 2
                assert reader.count("personas") == 2, "the inner one does not end the outer one"
            assert reader.count("personas") == 4
