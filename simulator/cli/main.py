"""The entry point of ``sixhop``: the commands, and what becomes of an error.

This module and the command modules import nothing heavy; each command imports what it needs when it runs.
"""

from __future__ import annotations

import codecs
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated

import typer

from simulator import __version__
from simulator.cli.chat import chat
from simulator.cli.check_card import check_card
from simulator.cli.compare import compare
from simulator.cli.dedup import dedup
from simulator.cli.doctor import doctor
from simulator.cli.explore import explore
from simulator.cli.export import export
from simulator.cli.fork import fork
from simulator.cli.graph import graph
from simulator.cli.import_ import import_
from simulator.cli.lint import lint
from simulator.cli.plan import plan
from simulator.cli.report import report
from simulator.cli.resume import resume
from simulator.cli.retry import retry
from simulator.cli.run import run
from simulator.cli.schema import schema
from simulator.cli.serve import serve
from simulator.cli.serve_tools import serve_tools
from simulator.cli.show import show
from simulator.cli.trial import trial
from simulator.cli.validate import validate
from simulator.errors import RunStopped, SixhopError
from simulator.redaction import Redactor

__all__ = ["app", "main"]

_PLAIN = {"█": "#", "│": "|", "─": "-", "→": ">", "←": "<", "…": "..."}
"""What bars, edges and cuts are drawn with, for encodings that lack it."""

app = typer.Typer(
    name="sixhop",
    help="From any text to its people, up to six hops away, and to what they say, ask for and play.",
    epilog="A model SPEC is local, gguf:PATH, openai:MODEL or URL#MODEL.  Exit codes: 0 done, 1 failed, 2 bad usage "
    "or input, 3 stopped and resumable.",
    no_args_is_help=True,
    rich_markup_mode=None,  # plain help is faster, and easier to read and to search
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _command in (run, resume, retry, compare, validate, plan, show, fork, report, export, dedup, doctor, schema):
    app.command()(_command)
app.command("import")(import_)
app.command("check-card")(check_card)
app.command("test")(trial)
app.command("lint")(lint)
app.command("chat")(chat)
app.command("explore")(explore)
app.command("serve")(serve)
app.command("serve-tools")(serve_tools)
app.add_typer(graph)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"sixhop {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_print_version)
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error. Stands anywhere.")] = False,
) -> None:
    """Taken by typer; ``--debug`` is taken out before it, wherever it stands."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code.

    Args:
        arguments: Without the program's name; those of the process by default.

    Returns:
        0 done, 1 failed, 2 bad usage or input, 3 stopped and resumable.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given
    _write_whatever_comes()
    try:
        code = _invoke([word for word in given if word != "--debug"])
        sys.stdout.flush()
    except BrokenPipeError:
        return _reader_left()
    except KeyboardInterrupt:
        return _complain("interrupted", code=3)
    except Exception as error:  # noqa: BLE001 - the edge of the program: every error becomes a line and an exit code
        return _explain(error, debug)
    return code


def _invoke(arguments: list[str]) -> int:
    group = typer.main.get_command(app)
    if "_SIXHOP_COMPLETE" in os.environ:  # asked by a shell that completes
        group.main(arguments, prog_name="sixhop")
    try:
        with group.make_context("sixhop", arguments) as context:
            group.invoke(context)
    except typer.Exit as end:
        return int(end.exit_code)
    return 0


def _explain(error: Exception, debug: bool) -> int:
    if debug:
        sys.stderr.write(Redactor.from_environ().strike(traceback.format_exc()))
    if isinstance(error, RunStopped):
        return _complain(f"stopped: {error}", error.exit_code, "bold yellow", error)
    if isinstance(error, SixhopError):
        return _complain(str(error), error.exit_code, cause=error)
    if isinstance(error, typer.Abort):
        return _complain("interrupted", code=3)
    shape = getattr(error, "format_message", None)
    if shape is not None and type(error).__name__ == "NoArgsIsHelpError":  # nothing was asked for: its text is the help
        sys.stderr.write(f"{shape().rstrip()}\n")
        return 2
    if shape is not None:  # typer's own: the command line was wrong
        path = getattr(getattr(error, "ctx", None), "command_path", "sixhop")
        said = shape().rstrip(".")
        return _complain(f"{said}{'' if said.endswith('?') else '.'} See '{path} --help'", code=2)
    hint = "" if debug else " Run it again with --debug and report what it prints"
    return _complain(f"this is a bug in Sixhop: {type(error).__name__}: {error}.{hint}", code=1)


def _complain(message: str, code: int, style: str = "bold red", cause: Exception | None = None) -> int:
    from simulator.cli.screen.console import stderr, words

    console = stderr()
    console.print(words(Redactor.from_environ().strike(f"sixhop: {message}"), style), soft_wrap=True)
    for note in getattr(cause, "__notes__", ()):
        console.print(words(note), soft_wrap=True)
    return code


def _write_whatever_comes() -> None:
    """Let a terminal that cannot show a character show one like it or its escape; an encoding is no reason to fail."""
    codecs.register_error("sixhop", _spelled)
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="sixhop")


def _spelled(error: UnicodeError) -> tuple[str | bytes, int]:
    """Write what screens are drawn with in ASCII, and everything else as an escape; a handler of codecs."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    one = _PLAIN.get(error.object[error.start])
    if one is not None:
        return one, error.start + 1
    alone = UnicodeEncodeError(error.encoding, error.object, error.start, error.start + 1, error.reason)
    return codecs.backslashreplace_errors(alone)


def _reader_left() -> int:
    """End quietly when the reader of a pipe (``| head``) has seen enough."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())  # so that the interpreter's last flush has somewhere to go
    os.close(nowhere)
    return 0
