"""Limits of code that a model wrote: how it ends at them, that it says the same each time, and what is kept of it."""

import asyncio
import json
import os
from pathlib import Path

import pytest
import story
from test_tools_code import GOOD, TOOL, coder, jails, scenario, shut_in

from simulator.assembly import Overrides, open_run, simulate_sync
from simulator.assembly.simulate import resume
from simulator.errors import EndpointError
from simulator.models.tool import Tool
from simulator.tools import code_run
from simulator.tools.code_run import LimitError, RefusedError, Trial, lint_flaw, run_calls, try_code

ENDLESS = "def f():\n    while True:\n        pass\n"


@shut_in
def test_code_that_does_not_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(LimitError, match="within 2 s of CPU"):
        asyncio.run(run_calls(ENDLESS, "f", [{}]))
    monkeypatch.setattr(code_run, "_WALL_S", 1.0)
    with pytest.raises(LimitError, match="within 1 s"):
        asyncio.run(run_calls("import time\ndef f():\n    time.sleep(600)\n", "f", [{}]))
    monkeypatch.setattr(code_run.jail, "CPU_S", 1)
    source = GOOD.replace("    return", "    while True:\n        pass\n    return")
    trial = asyncio.run(try_code(TOOL, source))
    assert (trial.cause, trial.flaw) == ("limit", "it did not end within 1 s")


@shut_in
def test_code_that_ends_its_process_is_told_how(monkeypatch: pytest.MonkeyPatch) -> None:
    (outcome,) = asyncio.run(run_calls("import os\ndef f():\n    os.abort()\n", "f", [{}]))
    assert "was ended by SIG" in outcome["error"]
    (outcome,) = asyncio.run(run_calls("import os\ndef f():\n    os._exit(3)\n", "f", [{}]))
    assert "ended without an answer" in outcome["error"]
    (outcome,) = asyncio.run(run_calls("def f():\n    return {'x': 'y' * 5_000_000}\n", "f", [{}]))
    assert "ended without an answer" in outcome["error"], "more than is read; nobody waits for the rest"


@shut_in
def test_what_is_ended_from_outside_is_no_verdict_on_the_code() -> None:
    async def go() -> None:
        running = asyncio.create_task(run_calls("import time\ndef f():\n    time.sleep(600)\n", "f", [{}]))
        while len(found := sorted(map(int, jails(os.getpid())))) < 2:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.3)  # the code is read after the walls stand
        os.kill(found[-1], 9)  # as the system does that has no memory left
        await running

    with pytest.raises(RefusedError, match="from outside"):
        asyncio.run(go())


@shut_in
def test_the_same_code_says_the_same_each_time() -> None:
    source = (
        "import random\n"
        "def f(how):\n"
        "    if how:\n"
        "        raise ValueError(f'{object()} {f}')\n"
        "    return {'order': list({f'k{n}' for n in range(40)}), 'drawn': random.random(), 'hash': hash('a')}\n"
    )
    said = [asyncio.run(run_calls(source, "f", [{"how": 0}, {"how": 1}])) for _ in range(3)]
    assert said[0] == said[1] == said[2]
    assert len(said[0][0]["value"]["order"]) == 40
    assert "object at 0x..." in said[0][1]["error"]


def test_a_linter_that_did_not_look_is_not_taken_for_one_that_found_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "ruff"
    broken.write_text("#!/bin/sh\nexit 2\n")
    broken.chmod(0o755)
    monkeypatch.setattr(code_run, "_linter", lambda: str(broken))
    with pytest.raises(RefusedError, match="ended with 2 and did not look"):
        asyncio.run(lint_flaw(GOOD))
    broken.write_text("#!/bin/sh\nexec sleep 60\n")
    monkeypatch.setattr(code_run, "_LINT_S", 0.2)
    with pytest.raises(RefusedError, match=r"did not end within 0\.2 s"):
        asyncio.run(lint_flaw(GOOD))
    broken.write_text("no program\n")
    broken.chmod(0o644)
    with pytest.raises(RefusedError, match="could not be started"):
        asyncio.run(lint_flaw(GOOD))


LEAVE = Overrides(allow_code=True)


def busy(answers: bool):
    """Return a coder whose first module never ends; with ``answers`` it writes another one that does."""

    def code(request) -> str:
        text = request.messages[-1].content
        tool = json.loads(text.split("<tool>\n")[1].split("\n</tool>")[0])
        names = ", ".join(tool["parameters"]["properties"])
        if "Your last module failed" not in text:
            return f"def {tool['name']}({names}):\n    while True:\n        pass\n"
        if not answers:
            return EndpointError("the endpoint is gone")
        return f"def {tool['name']}({names}):\n    return {tool['examples'][0]['result']!r}\n"

    return {**story.models(), "tool_coder": story.ScriptedModel(code)}


@shut_in
def test_code_that_was_judged_on_a_busy_machine_is_not_judged_anew_on_an_idle_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = {"cast": {"size": 2}, "expand": {"hops": 0}, "conversations": None, "npcs": None, "instructions": None}
    wanted = story.scenario(**few, tools={"code": True, "per_persona": 1}, concurrency=1)
    monkeypatch.setattr(code_run.jail, "CPU_S", 1)
    simulate_sync(wanted, tmp_path / "run", models=busy(answers=False), overrides=LEAVE).close()
    with open_run(tmp_path / "run") as run:
        assert {one.cause for one in run.failures if one.stage == "code"} == {"endpoint"}
    tried = []

    async def fast(tool: Tool, source: str) -> Trial:
        tried.append(source)
        return Trial(None, "", linted=True)

    monkeypatch.setattr("graphs.stages.code.try_code", fast)
    asyncio.run(resume(tmp_path / "run", models=busy(answers=True), overrides=LEAVE)).close()
    with open_run(tmp_path / "run") as run:
        results = [result for _, result in run.ledger.results("code")]
        report = json.loads((run.directory.report / "report.json").read_text())
    assert len(results) == len(tried) == 2
    assert not any("while True" in source for source in tried)
    for result in results:
        assert [(one.flaw, one.message) for one in result.rejected] == [("limit", "it did not end within 1 s of CPU")]
    assert report["flaws"]["tool_coder"] == {"limit": 2}


@shut_in
def test_code_that_the_machine_did_not_run_is_tried_again_by_a_resume_and_nobody_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(tool: Tool, source: str) -> Trial:
        raise RefusedError("its process was ended from outside, as the system does when memory runs out")

    models = {**story.models(), "tool_coder": story.ScriptedModel(coder)}
    with monkeypatch.context() as patch:
        patch.setattr("graphs.stages.code.try_code", full)
        simulate_sync(scenario(), tmp_path / "run", models=models, overrides=LEAVE).close()
    with open_run(tmp_path / "run") as run:
        assert {one.cause for one in run.failures if one.stage == "code"} == {"not_run"}
    first = {request.key("x") for request in models["tool_coder"].requests}
    models["tool_coder"].requests.clear()
    asyncio.run(resume(tmp_path / "run", models=models, overrides=LEAVE)).close()
    with open_run(tmp_path / "run") as run:
        assert {one.cause for one in run.failures} <= {"result"}
        assert any(tool.code for tool in run.tools)
    assert not first & {request.key("x") for request in models["tool_coder"].requests}
