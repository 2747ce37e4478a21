"""What a run starts from besides its scenario: texts, personas made elsewhere, a world, prompts of the user's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from simulator.assembly.personas import read_personas
from simulator.errors import InputError, PromptError
from simulator.models.text_file import read_text_file
from simulator.models.unit import Failure
from simulator.models.world import World
from simulator.prompts.template import MAX_BYTES
from simulator.runs.ledger import Ledger
from simulator.scenario.personas import SourcePersona
from simulator.scenario.places import place_of
from simulator.scenario.schema import Scenario
from simulator.scenario.texts import SourceText, read_texts
from simulator.scenario.transcripts import Transcript, read_transcripts
from simulator.scenario.world import load_world, world_path

__all__ = ["INPUT_KINDS", "Inputs", "kept_inputs", "read_inputs", "read_talks"]

INPUT_KINDS = ("text", "persona", "world", "prompt", "transcript")
"""The kinds under which the ledger keeps them."""


@dataclass(frozen=True)
class Inputs:
    """The inputs of one run.

    Attributes:
        texts: Where Text-to-Persona starts.
        failures: Rows that are no text, with the reason.
        world: Of the NPCs.
        personas: Personas made elsewhere.
        transcripts: Talks that the conversations go on from.
        prompts: The text of each prompt that the scenario overrides, by role.
    """

    texts: tuple[SourceText, ...] = ()
    failures: tuple[Failure, ...] = ()
    world: World | None = None
    prompts: Mapping[str, str] = field(default_factory=dict)
    personas: tuple[SourcePersona, ...] = ()
    transcripts: tuple[Transcript, ...] = ()

    def rows(self) -> Iterator[tuple[str, list[tuple[str, Any]]]]:
        """Yield them as the ledger keeps them: kind, and rows of id and body."""
        yield "text", [(text.id, text.model_dump(mode="json")) for text in self.texts]
        yield "persona", [(one.source, {"text": one.text, "attributes": one.attributes}) for one in self.personas]
        yield "world", [(self.world.name, self.world.model_dump(mode="json"))] if self.world is not None else []
        yield "prompt", list(self.prompts.items())
        yield "transcript", [(one.id, one.model_dump(mode="json")) for one in self.transcripts]


def read_inputs(scenario: Scenario) -> Inputs:
    """Read what ``scenario`` names.

    Raises:
        InputError: A text, a persona, a transcript or the world is missing or malformed.
        PromptError: A prompt cannot be read.
    """
    texts, failures = read_texts(scenario.texts, scenario.base) if scenario.texts is not None else ([], [])
    world = load_world(world_path(scenario.npcs, scenario.base)) if scenario.npcs is not None else None
    personas, bad = read_personas(scenario.personas, scenario.base) if scenario.personas is not None else ([], [])
    talks, unread = read_talks(scenario)
    failures = _apart([*bad, *failures, *unread])
    return Inputs(tuple(texts), tuple(failures), world, dict(_prompts(scenario)), tuple(personas), tuple(talks))


def _apart(failures: Sequence[Failure]) -> list[Failure]:
    """Return the failures under names of their own: files of two sections may have the same name."""
    known: set[str] = set()
    found = []
    for one in failures:
        if one.unit in known:
            one = one.model_copy(update={"unit": f"{one.unit} ({one.stage})"})
        known.add(one.unit)
        found.append(one)
    return found


def kept_inputs(ledger: Ledger) -> Inputs:
    """Return what the ledger keeps of an earlier execution's inputs."""
    texts = tuple(SourceText.model_validate(body) for _, body in ledger.inputs("text"))
    worlds = [World.model_validate(body) for _, body in ledger.inputs("world")]
    failures = tuple(failure for failure in ledger.failures() if failure.cause == "input")
    personas = tuple(SourcePersona(body["text"], id_, body["attributes"]) for id_, body in ledger.inputs("persona"))
    talks = tuple(Transcript.model_validate(body) for _, body in ledger.inputs("transcript"))
    return Inputs(texts, failures, worlds[0] if worlds else None, dict(ledger.inputs("prompt")), personas, talks)


def read_talks(scenario: Scenario) -> tuple[list[Transcript], list[Failure]]:
    """Return the transcripts that the scenario's conversations go on from, and a failure for each bad row.

    Raises:
        InputError: The file cannot be read, or has no talk to go on from.
    """
    talks = scenario.conversations
    if talks is None or talks.transcripts is None:
        return [], []
    path = place_of(talks.transcripts, scenario.base, "conversations.transcripts")
    found, failures = read_transcripts(path, talks.exchanges)
    if not found:
        why = f"; the first row: {failures[0].message}" if failures else ""
        raise InputError(f"conversations.transcripts: {talks.transcripts!r} has no talk to go on from{why}")
    return found, failures


def _prompts(scenario: Scenario) -> Iterator[tuple[str, str]]:
    for role, name in scenario.prompts.items():
        path = place_of(name, scenario.base, f"prompts.{role}")
        try:
            yield role, read_text_file(path, MAX_BYTES)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise PromptError(f"prompts.{role}: {str(path)!r} cannot be read: {reason}") from error
