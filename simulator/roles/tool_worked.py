"""Checks of what a tool says beyond its name: constraints, the result's fields, errors, effect, worked examples.

They judge only what was said: the small prompt asks for none of it, and :mod:`simulator.tools.derive` makes what it
can.
"""

from __future__ import annotations

import json
import re
from typing import Any

from pydantic import ValidationError

from simulator.models.base import normalise_text
from simulator.models.tool import Tool, ToolError, ToolExample, ToolField, ToolParameter
from simulator.population.tokens import word_list
from simulator.roles.role import Check
from simulator.roles.tool_draft import ExampleDraft, FieldDraft, ToolBrief, ToolDraft
from simulator.tools.schema import argument_flaw, result_flaw
from simulator.tools.words import effect_of

__all__ = ["built", "worked_checks"]

_CODE = re.compile(r"[a-z][a-z0-9_]{0,39}")
_EXAMPLES = 2
_READS = frozenset(
    word_list("check compare detect estimate fetch find get list locate look measure monitor read search")
)


def worked_checks() -> tuple[Check[ToolBrief, ToolDraft], ...]:
    """Return the checks, in the order of trying."""
    return (
        Check("constraints", _constraints, "parameters"),
        Check("result", _result, "result"),
        Check("errors", _errors, "errors"),
        Check("effect", _effect, "effect"),
        Check("dependencies", _dependencies, "dependencies"),
        Check("examples", _examples, "examples"),
    )


def built(draft: ToolDraft, **fixed: Any) -> Tool:
    """Return the tool that a draft describes.

    Args:
        draft: It passed :func:`worked_checks`.
        fixed: ``id`` and ``personas``.

    Raises:
        ValidationError: A name, type or constraint is not sound.
        ValueError: An example is not JSON.
    """
    return Tool(
        **{"id": "f-draft", "personas": (), **fixed},
        name=draft.name,
        description=draft.description,
        parameters=tuple(ToolParameter(**_mended(one), required=one.required) for one in draft.parameters),
        returns=draft.returns,
        result=tuple(ToolField(**_mended(one)) for one in draft.result),
        many=draft.many and bool(draft.result),
        errors=tuple(ToolError(code=one.code, when=normalise_text(one.when)) for one in draft.errors),
        effect=draft.effect,
        changes=normalise_text(draft.changes) if draft.effect != "reads" else "",
        dependencies=tuple(text for one in draft.dependencies if (text := normalise_text(one))),
        examples=tuple(_example(one) for one in draft.examples),
    )


def _mended(draft: FieldDraft) -> dict[str, Any]:
    """Return the field's values without constraints that say nothing (``""`` where others write ``null``)."""
    said = {name: getattr(draft, name) for name in FieldDraft.model_fields}
    if draft.type == "array":
        said["items"] = draft.items or "string"
    elif draft.items is not None:
        said["items"] = None
    return {**said, "pattern": draft.pattern or None, "description": normalise_text(draft.description)}


def _example(draft: ExampleDraft) -> ToolExample:
    return ToolExample(
        query=normalise_text(draft.query), arguments=_object(draft.arguments), result=_object(draft.result)
    )


def _object(text: str) -> dict[str, Any]:
    value = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError(f"{text[:60]!r} is not a JSON object")  # noqa: TRY004 - a flaw of the reply
    return value


def _constraints(_brief: ToolBrief, draft: ToolDraft) -> str | None:
    for parameter in draft.parameters:
        try:
            ToolParameter(**_mended(parameter), required=parameter.required)
        except ValidationError as error:
            return f"parameter {parameter.name!r} is not sound: {_first(error)}"
    return None


def _result(_brief: ToolBrief, draft: ToolDraft) -> str | None:
    if not draft.result:
        return "result names no field of what comes back" if draft.worked else None
    names = [field.name for field in draft.result]
    if len(set(names)) < len(names):
        return f"result has two fields of one name: {names}"
    for field in draft.result:
        try:
            ToolField(**_mended(field))
        except ValidationError as error:
            return f"result field {field.name!r} is not sound: {_first(error)}"
    return None


def _errors(_brief: ToolBrief, draft: ToolDraft) -> str | None:
    if draft.worked and not draft.errors:
        return "errors are missing: at least one way in which the call fails"
    codes = [one.code for one in draft.errors]
    if wrong := next((code for code in codes if not _CODE.fullmatch(code)), None):
        return f"error code {wrong!r} is not in snake_case"
    if len(set(codes)) < len(codes):
        return f"an error code stands twice: {codes}"
    vague = next((one.code for one in draft.errors if len(word_list(one.when)) < 2), None)
    return f"error {vague!r} does not say when it happens" if vague else None


def _effect(_brief: ToolBrief, draft: ToolDraft) -> str | None:
    if not draft.worked:
        return None
    if draft.effect is None:
        return "effect is missing: reads, adds, changes or removes"
    if draft.effect != "reads" and draft.name.partition("_")[0] in _READS:
        return f"effect is {draft.effect!r}, but {draft.name!r} says that it only reads"
    if draft.effect == "reads" and effect_of(draft.name) != "reads":
        return f"effect is 'reads', but {draft.name!r} says that it {effect_of(draft.name)} something"
    if draft.effect != "reads" and len(word_list(draft.changes)) < 2:
        return f"changes does not say what a call {draft.effect}"
    return None


def _dependencies(_brief: ToolBrief, draft: ToolDraft) -> str | None:
    named = [one for one in draft.dependencies if word_list(one)]
    return "dependencies name no service, data or device" if draft.worked and not named else None


def _examples(_brief: ToolBrief, draft: ToolDraft) -> str | None:
    if not draft.worked:
        return None
    if len(draft.examples) != _EXAMPLES:
        return f"there are {len(draft.examples)} examples; exactly {_EXAMPLES} are wanted"
    try:
        tool = built(draft)
    except (ValidationError, ValueError) as error:
        told = _first(error) if isinstance(error, ValidationError) else str(error)
        return f"examples do not hold JSON objects that fit: {told}"
    if tool.examples[0].arguments == tool.examples[1].arguments and tool.parameters:
        return "both examples have the same arguments"
    return next((flaw for one in tool.examples if (flaw := _example_flaw(tool, one))), None)


def _example_flaw(tool: Tool, example: ToolExample) -> str | None:
    if tool.name in example.query or len(word_list(example.query)) < 3:
        return f"the query {example.query!r} is not what a person would ask"
    if flaw := argument_flaw(tool, example.arguments):
        return f"the arguments of the example {example.query!r} do not fit the parameters: {flaw}"
    if flaw := result_flaw(tool, example.result):
        shape = '; its shape is {"rows": [{...}]}' if tool.many else ""
        return f"the result of the example {example.query!r} does not fit the result's fields: {flaw}{shape}"
    return None


def _first(error: ValidationError) -> str:
    return str(error.errors(include_url=False)[0]["msg"]).removeprefix("Value error, ")
