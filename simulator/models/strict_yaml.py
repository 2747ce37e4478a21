"""YAML as people write it by hand: no aliases (they can explode), no duplicate keys (one would be lost in silence)."""

from __future__ import annotations

from typing import Any

import yaml

__all__ = ["read_yaml", "yaml_problem"]


class _Loader(yaml.SafeLoader):
    def compose_node(self, parent: Any, index: int) -> Any:
        if self.check_event(yaml.events.AliasEvent):
            event = self.peek_event()  # type: ignore[no-untyped-call]
            raise yaml.MarkedYAMLError(problem="aliases (*name) are not allowed", problem_mark=event.start_mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, str | int | float | bool) and key in seen:
                raise yaml.MarkedYAMLError(problem=f"the key {key!r} stands twice", problem_mark=key_node.start_mark)
            if isinstance(key, str | int | float | bool):
                seen.add(key)
        return super().construct_mapping(node, deep)


def read_yaml(text: str) -> Any:
    """Return what a YAML text holds: plain data only.

    Raises:
        yaml.YAMLError: It is not YAML, has an alias or a key that stands twice, or is nested too deeply.
    """
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader, made stricter
    except RecursionError as error:
        raise yaml.YAMLError("it is nested too deeply") from error


def yaml_problem(error: yaml.YAMLError) -> str:
    """Return what is wrong, with line and column where they are known."""
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error)
    return f"{problem} (line {mark.line + 1}, column {mark.column + 1})" if mark is not None else problem
