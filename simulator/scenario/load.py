"""From a YAML file to a checked :class:`~simulator.scenario.schema.Scenario`, or a message that names the place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from simulator.errors import InputError, ScenarioError
from simulator.models.strict_yaml import read_yaml, yaml_problem
from simulator.models.text_file import read_text_file
from simulator.scenario.places import place_of
from simulator.scenario.schema import Scenario
from simulator.scenario.wrong import wrong_values

__all__ = ["dump_scenario", "json_schema", "load_scenario", "parse_scenario"]

_MAX_BYTES = 1_000_000  # a scenario is written by hand; anything larger is a wrong file


def load_scenario(path: Path | str) -> Scenario:
    """Read and check a scenario file.

    Args:
        path: The YAML file; the paths in it are relative to its folder.

    Raises:
        ScenarioError: The file is missing, not YAML, or has a value that is not allowed; the message names each
            place (``expand.hops: ...``).
    """
    path = Path(path)
    try:
        text = read_text_file(path, _MAX_BYTES)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ScenarioError(f"the scenario {str(path)!r} cannot be read: {reason}") from error
    return parse_scenario(text, base=path.parent, where=str(path))


def parse_scenario(text: str, base: Path, where: str = "scenario") -> Scenario:
    """Check a scenario given as YAML text; ``base`` is the folder that its paths are relative to.

    Raises:
        ScenarioError: As for :func:`load_scenario`.
    """
    try:
        data = read_yaml(text)
    except yaml.YAMLError as error:
        raise ScenarioError(f"{where} is not valid YAML: {yaml_problem(error)}") from error
    if not isinstance(data, dict):
        raise ScenarioError(f"{where} must hold a mapping of sections (name, texts, expand, ...), got {_kind(data)}")
    data = dict(data)
    if "base" in data:
        raise ScenarioError(f"{where}: base: unknown key")
    talks = data.get("conversations")
    if isinstance(talks, dict) and isinstance(talks.get("situations"), str):
        data["conversations"] = {**talks, "situations": _listed_in(talks["situations"], base, where)}
    try:
        return Scenario.model_validate({**data, "base": base})
    except ValidationError as error:
        raise ScenarioError(
            f"{where} is not a valid scenario:\n" + "\n".join(wrong_values(error, Scenario, "scenario"))
        ) from error


def _listed_in(given: str, base: Path, where: str) -> list[Any]:
    """Return the list in a YAML file that the scenario names, so that the resolved scenario needs the file no more."""
    try:
        path = place_of(given, base, "conversations.situations")
    except InputError as error:
        raise ScenarioError(f"{where}: {error}") from error
    place = f"{where}: conversations.situations: the file {str(path)!r}"
    try:
        rows = read_yaml(read_text_file(path, _MAX_BYTES))
    except (OSError, ValueError) as error:
        raise ScenarioError(f"{place} cannot be read: {getattr(error, 'strerror', None) or error}") from error
    except yaml.YAMLError as error:
        raise ScenarioError(f"{place} is not valid YAML: {yaml_problem(error)}") from error
    if not isinstance(rows, list):
        raise ScenarioError(f"{place} must hold a list of situations, got {_kind(rows)}")
    return rows


def dump_scenario(scenario: Scenario) -> str:
    """Return the resolved scenario as YAML, every default written out."""
    return yaml.safe_dump(scenario.model_dump(mode="json"), sort_keys=False, allow_unicode=True)


def json_schema() -> dict[str, Any]:
    """Return the scenario's JSON Schema, for editors."""
    schema = Scenario.model_json_schema()
    schema["properties"].pop("base", None)
    talks = schema["$defs"]["Conversations"]["properties"]
    talks["situations"] = {"anyOf": [{"type": "string"}, talks["situations"]]}  # a list, or the file that holds it
    return schema


def _kind(value: Any) -> str:
    return "an empty file" if value is None else f"a {type(value).__name__}"
