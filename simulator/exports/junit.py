"""JUnit XML: what continuous integration reads. One test case for each conversation."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from xml.etree import ElementTree as Xml

from simulator.exports.atomic import atomic_file
from simulator.models.conversation import Conversation, Turn
from simulator.models.outcome import Outcome
from simulator.models.unit import Failure

__all__ = ["write_junit"]

_ILLEGAL = re.compile("[^\\t\\n\\r\\x20-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")
"""What XML 1.0 cannot hold, not even escaped."""


def write_junit(
    path: Path,
    suite: str,
    outcomes: Iterable[Outcome],
    talks: Mapping[str, Conversation],
    people: Mapping[str, str],
    lost: Iterable[Failure] = (),
    properties: Mapping[str, str] | None = None,
    whose: Mapping[str, str] | None = None,
) -> int:
    """Write one ``testcase`` per conversation, and return how many.

    A conversation that did not pass is a ``failure``, with its transcript. One whose check failed itself, or that the
    simulated user could not hold, is an ``error``: it says nothing about the assistant.

    Args:
        path: The file.
        suite: The scenario's name.
        outcomes: Of the conversations.
        talks: The conversations by id.
        people: The personas' texts by id.
        lost: Conversations that were not held.
        properties: Of the suite (threshold, pass rate, ...).
        whose: Whose doing it is that a conversation did not pass, by id.

    Raises:
        ExportError: It cannot be written.
    """
    root = Xml.Element("testsuites")
    top = Xml.SubElement(root, "testsuite", name=_legal(suite))
    if properties:
        listed = Xml.SubElement(top, "properties")
        for name, value in properties.items():
            Xml.SubElement(listed, "property", name=_legal(name), value=_legal(value))
    counts = {"tests": 0, "failures": 0, "errors": 0}
    for outcome in outcomes:
        talk, who = talks[outcome.conversation], people.get(outcome.persona, outcome.persona)
        _case(top, suite, outcome, talk, who, counts, (whose or {}).get(talk.id, ""))
    for failure in lost:
        counts["tests"] += 1
        counts["errors"] += 1
        case = Xml.SubElement(top, "testcase", classname=_legal(suite), name=failure.unit)
        Xml.SubElement(case, "error", type=_legal(failure.cause), message=_legal(failure.message))
    for element in (root, top):
        element.attrib |= {name: str(count) for name, count in counts.items()}
    Xml.indent(root)
    with atomic_file(path) as file:
        Xml.ElementTree(root).write(file, encoding="utf-8", xml_declaration=True)
    return counts["tests"]


def _case(
    top: Xml.Element,
    suite: str,
    outcome: Outcome,
    talk: Conversation,
    who: str,
    counts: dict[str, int],
    whose: str,
) -> None:
    counts["tests"] += 1
    group = f"{suite}.{outcome.situation}" if outcome.situation else suite
    case = Xml.SubElement(top, "testcase", classname=_legal(group), name=_legal(f"{who} [{outcome.conversation}]"))
    if outcome.passed:
        return
    failed = [check for check in outcome.checks if not check.passed]
    broken = all(check.broken for check in failed)
    counts["errors" if broken else "failures"] += 1
    message = "; ".join(f"{check.name}: {check.evidence}" for check in failed)
    message = f"{whose}: {message}" if whose else message
    found = Xml.SubElement(case, "error" if broken else "failure", type=_legal(failed[0].name), message=_legal(message))
    said = [line for turn in talk.turns for line in (f"{turn.role}: {turn.content}", *_labels(turn))]
    found.text = _legal("\n".join([*said, f"(ended: {talk.stop}: {talk.reason})"]))


def _labels(turn: Turn) -> list[str]:
    return [f"  ! {label.detector}: {label.evidence}" for label in turn.labels]


def _legal(text: str) -> str:
    return _ILLEGAL.sub("\ufffd", text)
