"""Opening the assistant under test: from ``conversations.assistant`` to a subject, with its tools."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simulator.errors import InputError, ScenarioError
from simulator.llm.meter import Meter
from simulator.llm.protocol import ChatModel, ReplyStore
from simulator.llm.spec import refuse_code
from simulator.models.base import content_hash
from simulator.models.message import Reply, Sampling
from simulator.models.unit import Unit
from simulator.roles.role import RoleContext
from simulator.roles.tool_player import PlayedCall, PlayerInput
from simulator.scenario.schema import Scenario
from simulator.scenario.subject import SubjectSpec, ToolSpec
from simulator.subjects.checks import Examine, python_check
from simulator.subjects.function import FunctionSubject
from simulator.subjects.graph import GraphSubject, is_graph
from simulator.subjects.model import ModelSubject
from simulator.subjects.protocol import Subject
from simulator.subjects.stored import StoredSubject
from simulator.subjects.toolbox import Called, Perform, Tool, Toolbox, canned, user_function
from simulator.subjects.user_code import is_code, load_code, source_hash
from simulator.subjects.workshop import Workshop
from simulator.tools.schema import schema_flaw

__all__ = [
    "Workbench",
    "check_code",
    "check_subject",
    "code_name",
    "open_checks",
    "open_subject",
    "plays_tools",
    "runs_code",
    "same_code",
    "subject_model",
]

STAGE = "converse"

_CHECK_S = 60.0
"""Seconds for a check by a function, where no assistant under test has a limit of its own."""


@dataclass(frozen=True)
class Workbench:
    """What a subject is made with.

    Attributes:
        base: The scenario's folder.
        store: Keeps answers.
        meter: Counts them.
        workshop: Where code of the user's runs.
        model: The model that the assistant is, with its replies kept; ``None`` when it is code.
        player: Plays the tools that are simulated; ``None`` when none is.
    """

    base: Path
    store: ReplyStore
    meter: Meter
    workshop: Workshop
    model: ChatModel | None = None
    player: RoleContext[Any, Any] | None = None


def subject_model(spec: SubjectSpec) -> str | None:
    """Return the model SPEC of an assistant that is a model and names one."""
    return None if runs_code(spec) else spec.use


def runs_code(spec: SubjectSpec) -> bool:
    """Return whether the assistant is code of the user's, and no model."""
    return spec.use is not None and is_code(spec.use)


def plays_tools(scenario: Scenario) -> bool:
    """Return whether a tool of the assistant under test, or of an NPC, is simulated by a model."""
    talks = scenario.conversations
    if talks is None:
        return False
    if talks.tools is not None:
        return talks.tools.results == "model"
    return bool(talks.assistant and any(tool.returns is not None for tool in talks.assistant.tools))


def code_name(spec: SubjectSpec, base: Path) -> str:
    """Return the identity of a function or graph: what names it, and its version or else the hash of its file.

    Raises:
        InputError: It cannot be loaded.
    """
    assert spec.use is not None  # noqa: S101 - for the type checker: it is code
    return f"python:{spec.use}" + (f"@{spec.version}" if spec.version else f"#{source_hash(spec.use, base)}")


def check_code(scenario: Scenario) -> dict[str, str]:
    """Return the hash of the file of each check that is a function of the user's, by what names it.

    Raises:
        InputError: One cannot be loaded.
    """
    talks = scenario.conversations
    return (
        {check.python: source_hash(check.python, scenario.base) for check in talks.checks if check.python}
        if talks
        else {}
    )


def same_code(before: str, now: str) -> bool:
    """Return whether two identities name the same assistant, whose code, or that of its tools, is all that differs."""
    return _but_for_code(before) == _but_for_code(now)


def _but_for_code(name: str) -> str:
    return name.partition("#")[0] if name.startswith("python:") else name.partition("+tools-")[0]


def open_subject(spec: SubjectSpec, bench: Workbench) -> Subject:
    """Return the assistant under test.

    Raises:
        InputError: Code that it names cannot be loaded.
        ScenarioError: It has tools that it cannot use, or a schema that is none.
    """
    if runs_code(spec):
        return StoredSubject(_code(spec, bench), bench.store, meter=bench.meter, stage=STAGE)
    tools = Toolbox([_tool(tool, spec, bench) for tool in spec.tools])
    identity = content_hash([tool.model_dump(mode="json") for tool in spec.tools], _tools_version(spec, bench.base))
    sampling = Sampling(temperature=spec.temperature, max_tokens=spec.max_tokens)
    assert bench.model is not None  # noqa: S101 - for the type checker: it is no code
    model = ModelSubject(bench.model, tools, identity=identity, rounds=spec.tool_rounds, sampling=sampling)
    if not any(tool.python for tool in spec.tools):
        return model  # its replies, and those of who plays its tools, are kept one by one
    return StoredSubject(model, bench.store, meter=Meter(), stage=STAGE)  # its replies are counted one by one


def check_subject(scenario: Scenario) -> str:
    """Load what the scenario names of the user's code, and return who is tested; empty when nobody is.

    Raises:
        InputError: Code cannot be loaded.
        ScenarioError: It has tools that it cannot use, or a schema that is none.
    """
    talks = scenario.conversations
    open_checks(scenario, Workshop())
    if talks is None or talks.assistant is None:
        return ""
    spec, workshop = talks.assistant, Workshop()
    if runs_code(spec):
        bench = Workbench(scenario.base, _Nowhere(), Meter(), workshop)
        return open_subject(spec, bench).name
    refuse_code(spec.use or "")
    for tool in spec.tools:
        _check_tool(tool)
        if tool.python is not None:
            load_code(tool.python, scenario.base)
    return spec.use or "the model of the role assistant"


class _Nowhere:
    """A store for what is only looked at."""

    async def get_reply(self, key: str) -> Reply | None:
        return None

    async def put_reply(self, key: str, reply: Reply, *, role: str, stage: str) -> None:
        return None


def open_checks(scenario: Scenario, workshop: Workshop) -> dict[str, Examine]:
    """Return the scenario's checks by functions of the user's, by what names them.

    Raises:
        InputError: One cannot be loaded.
    """
    talks = scenario.conversations
    names = [check.python for check in talks.checks if check.python] if talks else []
    found = {name: load_code(name, scenario.base) for name in names}
    for name, function in found.items():
        if not callable(function):
            raise InputError(f"the check {name!r} is a {type(function).__name__} and not a function")
    limit = talks.assistant.timeout_s if talks and talks.assistant else _CHECK_S
    return {name: python_check(function, workshop, limit) for name, function in found.items()}


def _code(spec: SubjectSpec, bench: Workbench) -> Subject:
    assert spec.use is not None  # noqa: S101 - for the type checker: the caller has looked
    if spec.tools:
        raise ScenarioError(f"conversations.assistant.tools go with a model; {spec.use!r} brings its own tools")
    code, name = load_code(spec.use, bench.base), code_name(spec, bench.base)
    if is_graph(code):
        return GraphSubject(code, name, bench.workshop, spec.timeout_s)
    return FunctionSubject(code, name, bench.workshop, spec.timeout_s)


def _tools_version(spec: SubjectSpec, base: Path) -> str:
    """Return the version that the scenario names, or else what stands for the files of its tools."""
    if spec.version:
        return spec.version
    files = {tool.python: source_hash(tool.python, base) for tool in spec.tools if tool.python}
    return content_hash(files) if files else ""


def _tool(spec: ToolSpec, subject: SubjectSpec, bench: Workbench) -> Tool:
    _check_tool(spec)
    return Tool(spec.name, spec.description, spec.parameters, _perform(spec, subject, bench))


def _check_tool(spec: ToolSpec) -> None:
    for place, schema in (("parameters", spec.parameters), ("returns", spec.returns)):
        problem = schema_flaw(schema) if schema is not None else None
        if problem:
            raise ScenarioError(f"the tool {spec.name!r}: {place} is no JSON Schema: {problem}")


def _perform(spec: ToolSpec, subject: SubjectSpec, bench: Workbench) -> Perform:
    if spec.python is not None:
        return user_function(load_code(spec.python, bench.base), bench.workshop, subject.timeout_s)
    if spec.canned:
        return canned([(one.when, one.result) for one in spec.canned])
    assert bench.player is not None  # noqa: S101 - for the type checker: plays_tools said that one is needed
    return _played(spec, bench.player)


def _played(spec: ToolSpec, player: RoleContext[Any, Any]) -> Perform:
    async def perform(called: Called) -> str:
        from graphs.role import perform_unit  # LangGraph: seconds that a command which only reads has not

        inputs = PlayerInput(
            name=spec.name,
            description=spec.description,
            returns=spec.returns or {},
            arguments=called.arguments,
            earlier=tuple(PlayedCall(call=call, result=result) for call, result in called.earlier),
        )
        unit = Unit(stage=STAGE, role="tool_player", inputs=inputs.model_dump(mode="json"), seed=called.seed)
        result = await perform_unit(unit, player)
        if result.value is None:
            raise LookupError("the tool gave no answer" if result.failure is None else result.failure.message)
        return str(result.value["result"])

    return perform
