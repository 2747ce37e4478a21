"""``sixhop lint``: what a trainer would choke on in a file of chat messages."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer

from simulator.cli.options import Json, Limit

__all__ = ["lint"]

_SHOWN = 20  # findings, unless --limit says otherwise


def lint(
    file: Annotated[Path, typer.Argument(help="JSON Lines with 'messages'.", metavar="FILE", show_default=False)],
    fix: Annotated[
        Path | None, typer.Option("--fix", metavar="FILE", help="Write the rows that are left, mended, to this file.")
    ] = None,
    limit: Limit = None,
    as_json: Json = False,
) -> None:
    """Name the rows that a trainer would choke on.

    Exits with 1 if there are any."""
    from simulator.cli.screen.console import note, one_line, print_json, stdout, words
    from simulator.cli.screen.layout import table
    from simulator.exports.jsonl import write_jsonl
    from simulator.exports.lint import Linted, lint_file, linted

    found = [(number, one) for number, _, wrong in lint_file(file) for one in wrong]
    told: dict[str, Any] = {"findings": len(found), "rules": dict(Counter(one.rule for _, one in found))}
    if fix is not None:
        counts = Linted()
        rows = (row for _, row, _ in lint_file(file) if row is not None)
        told |= {"written": write_jsonl(fix, linted(rows, counts)), **counts.counts()}
    if as_json:
        lines = [
            {"line": number, "rule": one.rule, "message": one.place, "evidence": one.evidence} for number, one in found
        ]
        print_json({**told, "lines": lines})
    else:
        most = _SHOWN if limit is None else limit or len(found)
        made = table("line>", "message>", "rule", "evidence*")
        for number, one in found[:most]:
            place = str(one.place + 1) if one.place >= 0 else ""
            made.add_row(str(number), place, words(one.rule, "yellow"), words(one_line(one.evidence, 80)))
        if found:
            stdout().print(made)
        if len(found) > most:
            note(f"{len(found) - most:,} more; --limit 0 prints all")
        note("; ".join(f"{name}: {value}" for name, value in told.items() if name != "rules"))
    if found and fix is None:
        raise typer.Exit(1)
