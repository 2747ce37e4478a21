"""``sixhop schema``: the scenario's JSON Schema."""

from __future__ import annotations

__all__ = ["schema"]


def schema() -> None:
    """Print the JSON Schema of scenario files, for editors."""
    from simulator.cli.screen.console import print_json
    from simulator.scenario.load import json_schema

    print_json({"$schema": "https://json-schema.org/draft/2020-12/schema", **json_schema()})
