"""The entry point: what it imports, what it prints where, and how it ends."""

import json
import os
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest
from typer.testing import CliRunner

from simulator import __version__
from simulator.cli import main as entry
from simulator.cli.main import app, main
from simulator.cli.options import Conduct
from simulator.cli.screen.kinds import KINDS
from simulator.errors import LedgerBusy, RunStopped

HEAVY = (
    "langgraph", "langchain_core", "langchain_openai", "openai", "chromadb", "numpy", "networkx", "datasketch",
    "wordllama", "xllamacpp", "aiohttp", "pydantic", "yaml", "sqlite3", "rich.console", "asyncio",
)  # fmt: skip


def sixhop(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own."""
    code = "import sys; from simulator.cli.main import main; sys.exit(main())"
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, **options)  # type: ignore[call-overload, no-any-return]


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from simulator.cli.main import main; code = main(['--help']);"
        f"print([name for name in {HEAVY!r} if name in sys.modules]); sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    "command",
    [
        "run",
        "resume",
        "retry",
        "test",
        "compare",
        "validate",
        "show",
        "fork",
        "report",
        "explore",
        "export",
        "graph",
        "dedup",
        "doctor",
        "schema",
    ],
)
def test_every_command_has_help_that_fits_80_columns(command: str) -> None:
    shown = CliRunner().invoke(app, [command, "--help"])
    assert shown.exit_code == 0
    assert "Usage:" in shown.output
    assert max(map(len, shown.output.splitlines())) <= 80


@pytest.mark.parametrize("command", ["run", "resume", "retry", "test"])
def test_every_command_that_executes_a_run_takes_the_options_of_an_execution(command: str) -> None:
    shown = CliRunner().invoke(app, [command, "--help"]).output
    wanted = {"--" + one.name.removeprefix("as_").replace("_", "-") for one in fields(Conduct)}
    assert not {option for option in wanted if f"{option} " not in shown}


def test_the_list_of_commands_tells_what_each_does_in_one_line() -> None:
    shown = CliRunner().invoke(app, ["--help"])
    listed = shown.output.split("Commands:")[1].split("\n\n")[0].strip().splitlines()
    assert len(listed) >= 8
    assert not [line for line in listed if "..." in line], "a summary is cut"


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"sixhop {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["nonsense"], "No such command 'nonsense'"),
        (["runn", "x.yaml"], "Did you mean 'run'? See 'sixhop --help'"),
        (["run"], "Missing argument 'SCENARIO'"),
        (["run", "x.yaml", "--concurrency", "0"], "'--concurrency'"),
        (["run", "x.yaml", "--seed", "many"], "'--seed'"),
        (["run", "no-such-file.yaml"], "no-such-file.yaml"),
        (["validate", "no-such-file.yaml"], "no-such-file.yaml"),
        (["resume", "no-such-folder"], "is not a run directory"),
        (["show", "no-such-folder"], "is not a run directory"),
        (["report", "no-such-folder"], "is not a run directory"),
        (["graph", "no-such-folder", "stats"], "is not a run directory"),
    ],
)
def test_bad_usage_is_one_line_and_exit_code_2(
    arguments: list[str], part: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert part in shown.err
    assert len(shown.err.splitlines()) == 1
    assert shown.err.startswith("sixhop: ")
    assert list(tmp_path.iterdir()) == [], "bad usage must leave nothing behind"


def test_nothing_asked_for_shows_the_help_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.lstrip().startswith("Usage: sixhop")
    assert "See 'sixhop" not in shown.err


def raising(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    def invoke(_arguments: list[str]) -> int:
        raise error

    monkeypatch.setattr(entry, "_invoke", invoke)


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (LedgerBusy("process 7 holds it"), 1, "sixhop: process 7 holds it"),
        (RunStopped("the budget of 3 calls is used up"), 3, "sixhop: stopped: the budget of 3 calls is used up"),
        (KeyboardInterrupt(), 3, "sixhop: interrupted"),
    ],
)
def test_each_error_has_its_exit_code(
    error: BaseException, code: int, line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    raising(error, monkeypatch)
    assert main([]) == code
    assert capsys.readouterr().err == line + "\n"


def test_what_nobody_expected_is_called_a_bug(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    raising(ZeroDivisionError("by [red]nought[/red]"), monkeypatch)
    assert main([]) == 1
    shown = capsys.readouterr().err
    assert "this is a bug in Sixhop: ZeroDivisionError: by [red]nought[/red]" in shown
    assert "--debug" in shown
    assert "Traceback" not in shown


def test_debug_shows_where_wherever_it_stands(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    raising(LedgerBusy("process 7 holds it"), monkeypatch)
    assert main(["run", "--debug", "x"]) == 1
    shown = capsys.readouterr().err
    assert "Traceback" in shown
    assert shown.splitlines()[-1] == "sixhop: process 7 holds it"


def test_a_message_cannot_draw(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    raising(LedgerBusy("held by \x1b]0;owned\x07[bold]"), monkeypatch)
    main([])
    assert capsys.readouterr().err == "sixhop: held by ␛]0;owned␇[bold]\n"


def test_the_reader_of_a_pipe_may_leave_early() -> None:
    read, write = os.pipe()
    os.close(read)
    code = "import sys; from simulator.cli.main import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", code, "schema"], stdout=write, stderr=subprocess.PIPE, text=True, timeout=60
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (0, "")


def test_an_encoding_that_cannot_say_it_is_no_failure(tmp_path: Path) -> None:
    name = tmp_path / "zoë"
    done = sixhop("show", str(name), env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert done.returncode == 2
    assert "zo\\xeb" in done.stderr


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("sixhop re", ["resume", "retry", "report"]),
        ("sixhop show run con", ["conversations"]),
        ("sixhop export run --to js", ["jsonl"]),
    ],
)
def test_a_shell_can_complete(typed: str, offered: list[str]) -> None:
    place = str(len(typed.split()) - 1)
    done = sixhop(env={**os.environ, "_SIXHOP_COMPLETE": "complete_bash", "COMP_WORDS": typed, "COMP_CWORD": place})
    assert done.stdout.split() == offered


def test_help_names_every_kind_of_record() -> None:
    shown = " ".join(CliRunner().invoke(app, ["show", "--help"]).output.split())
    assert ", ".join(KINDS) in shown


def test_the_schema_is_one_that_editors_can_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    schema = json.loads(capsys.readouterr().out)
    assert schema["$schema"].startswith("https://json-schema.org/")
    assert schema["additionalProperties"] is False
    assert "base" not in schema["properties"]
    assert {"name", "texts", "expand"} <= set(schema["properties"])


@pytest.mark.parametrize("command", ["show", "report", "graph", "export"])
def test_what_only_reads_a_run_imports_no_machine_and_no_index(command: str) -> None:
    code = (
        "import sys, simulator.assembly; from simulator.cli.main import main;"
        f"main([{command!r}, 'nowhere', *(['stats'] if {command!r} == 'graph' else [])]);"
        "print([name for name in ('langgraph', 'langchain_core', 'chromadb', 'networkx') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert "not a run directory" in done.stderr
    assert done.stdout.splitlines()[-1] == "[]"
