"""Code for tools: looked at before it may run, run shut in, never without leave; whole runs with scripted replies."""

import asyncio
import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
import story
from role_cases import perform

from simulator.assembly import Overrides, open_run, simulate_sync
from simulator.cli.main import main
from simulator.errors import ScenarioError
from simulator.models.tool import Tool, ToolExample, ToolField, ToolParameter
from simulator.roles.tool_coder import code_brief, tool_coder
from simulator.scenario.load import dump_scenario
from simulator.tools import code_run
from simulator.tools.code_check import code_flaw, code_of
from simulator.tools.code_run import RefusedError, lint_flaw, run_calls, try_code

TOOL = Tool(
    id="f-1",
    personas=("p-1",),
    name="count_beds",
    description="Counts the beds of a ward.",
    parameters=(
        ToolParameter(name="ward", type="string", description="Which ward"),
        ToolParameter(name="free", type="boolean", description="Only the free ones", required=False),
    ),
    result=(ToolField(name="beds", type="integer", description="How many", minimum=0),),
    examples=(
        ToolExample(query="How many on A?", arguments={"ward": "A"}, result={"beds": 4}),
        ToolExample(query="And free on B?", arguments={"ward": "B", "free": True}, result={"beds": 1}),
    ),
)
GOOD = 'import math\n\nBEDS = {"A": 4, "B": 6}\n\n\ndef count_beds(ward, free=False):\n    return {"beds": math.ceil(BEDS[ward] / (6 if free else 1))}\n'


def able() -> str:
    try:
        asyncio.run(run_calls("def f():\n    return {}\n", "f", [{}]))
    except RefusedError as error:
        return str(error)
    return ""


WHY_NOT = able()
shut_in = pytest.mark.skipif(bool(WHY_NOT), reason=f"code cannot be shut in here: {WHY_NOT}")


def test_sound_code_passes() -> None:
    assert code_flaw(GOOD, TOOL) is None
    assert code_of(f"Here it is:\n```python\n{GOOD}```\nDone.") == GOOD
    assert code_of(GOOD) == GOOD


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("def count_beds(ward", "cannot be parsed"),
        ("(" * 3000 + ")" * 3000, "cannot be parsed"),
        ("x = 1\n" * 9000, "characters"),
        ("print('hello')\n" + GOOD, "only imports, constants"),
        ("import os\n" + GOOD, "'os' may not be imported"),
        ("import math, socket\n" + GOOD, "'socket' may not be imported"),
        ("from subprocess import run\n" + GOOD, "may not be imported from"),
        ("from . import x\n" + GOOD, "may not be imported from"),
        (GOOD.replace("BEDS[ward]", "eval(ward)"), "'eval' may not be used"),
        (GOOD.replace("BEDS[ward]", "open(ward)"), "'open' may not be used"),
        (GOOD.replace("BEDS[ward]", "__builtins__"), "'__builtins__' may not be used"),
        (GOOD.replace("BEDS[ward]", "ward.__class__"), "the attribute '__class__'"),
        (GOOD.replace("BEDS[ward]", "math._x"), "the attribute '_x'"),
        (GOOD.replace("count_beds", "count"), "must define the function 'count_beds'"),
        (GOOD.replace("(ward, free=False)", "(ward)"), "takes ward; it must take ward, free"),
        (GOOD.replace("(ward, free=False)", "(**said)"), "it must take ward, free"),
        (GOOD.replace("free=False", "free"), "optional and needs a default"),
        (GOOD.replace("def ", "async def "), "only imports, constants"),
        (GOOD.replace('"beds":', '"beds": 1, "rows":'), "line 7: the result has beds, rows; it must have beds"),
        (GOOD.replace('"beds":', '"bed":'), "the result has bed; it must have beds"),
    ],
)
def test_what_may_not_run_is_refused_without_running(source: str, message: str) -> None:
    flaw = code_flaw(source, TOOL)
    assert flaw is not None
    assert message in flaw


def test_the_linter_finds_what_the_parser_does_not() -> None:
    said = asyncio.run(lint_flaw("import math\n\n\ndef f(a, b=[]):\n    return {'x': undefined}\n"))
    assert said is not None
    assert "F821" in said
    assert asyncio.run(lint_flaw(GOOD)) is None


@shut_in
def test_the_examples_run_and_what_goes_wrong_is_told() -> None:
    assert asyncio.run(try_code(TOOL, GOOD)).flaw is None
    for change, cause, message in (
        (("BEDS[ward]", "BEDS['C']"), "run", "raised KeyError: 'C' (line 7)"),
        (("{\"beds\": ", "{\"bed\": ward} if free else {\"beds\": "), "result", "('bed' was unexpected)"),
        (("math.ceil(", "-math.ceil("), "result", "beds: -4 is less than the minimum of 0"),
        (("math.ceil(", "str(math.pi + "), "result", "is not of type 'integer'"),
        (("BEDS[ward]", "BEDZ[ward]"), "lint", "F821"),
    ):  # fmt: skip
        trial = asyncio.run(try_code(TOOL, GOOD.replace(*change)))
        assert trial.cause == cause
        assert message in (trial.flaw or "")


HOSTILE = {
    "the network": "import socket\ndef f():\n    socket.create_connection(('127.0.0.1', PORT)).send(b'x')\n    return {'done': 1}\n",
    "reading": "def f():\n    return {'done': open('SECRET').read()}\n",
    "listing": "import os\ndef f():\n    return {'done': os.listdir('FOLDER')}\n",
    "writing": "def f():\n    open('FOLDER/made', 'w').write('x')\n    return {'done': 1}\n",
    "removing": "import os\ndef f():\n    os.unlink('SECRET')\n    return {'done': 1}\n",
    "renaming": "import os\ndef f():\n    os.rename('SECRET', 'FOLDER/other')\n    return {'done': 1}\n",
    "a program": "import subprocess\ndef f():\n    return {'done': subprocess.check_output(['/bin/sh', '-c', 'id']).decode()}\n",
    "the parent": "import os\ndef f():\n    os.kill(PARENT, 9)\n    return {'done': 1}\n",
    "memory": "def f():\n    return {'done': len(bytearray(4 * 10**9))}\n",
    "the environment": "import os\ndef f():\n    return {'done': os.environ['SIXHOP_TEST_SECRET']}\n",
    "the end": "import os\ndef f():\n    os._exit(0)\n",
    "no JSON": "def f():\n    return {'done': float('nan')}\n",
}


@shut_in
@pytest.mark.parametrize("what", HOSTILE)
def test_code_that_got_past_the_parser_reaches_nothing(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import socket

    monkeypatch.setenv("SIXHOP_TEST_SECRET", "42")
    secret = tmp_path / "secret"
    secret.write_text("42", encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.2)
        source = HOSTILE[what]
        for name, value in (
            ("PORT", listening.getsockname()[1]),
            ("SECRET", secret),
            ("FOLDER", tmp_path),
            ("PARENT", os.getpid()),
        ):
            source = source.replace(name, str(value)) if f"_{name}" not in source else source
        (outcome,) = asyncio.run(run_calls(source, "f", [{}]))
        with pytest.raises(TimeoutError):
            listening.accept()
    assert "value" not in outcome, outcome
    assert outcome["error"]
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]
    assert secret.read_text("utf-8") == "42"


def jails(parent: int) -> list[str]:
    """Return the processes in which code runs for ``parent``."""
    wanted = f"jail.py\0{parent}\0".encode()
    found = []
    for one in Path("/proc").iterdir():
        with suppress(OSError):
            if one.name.isdigit() and wanted in (one / "cmdline").read_bytes():
                found.append(one.name)
    return found


def _until(holds, within_s: float = 30.0) -> None:
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.01)


@shut_in
@pytest.mark.parametrize("moment", ["at once", "while code runs"])
def test_code_does_not_outlive_the_process_that_runs_it(moment: str) -> None:
    sleeps = "import time\ndef f():\n    time.sleep(600)\n"
    command = f"import asyncio; from simulator.tools.code_run import run_calls; asyncio.run(run_calls({sleeps!r}, 'f', [{{}}]))"
    running = subprocess.Popen([sys.executable, "-c", command])
    try:
        _until(lambda: len(jails(running.pid)) >= (1 if moment == "at once" else 2))
        if moment == "while code runs":
            time.sleep(0.2)  # the code is read after the walls stand
    finally:
        running.kill()
        running.wait()
    _until(lambda: not jails(running.pid))


def test_where_the_walls_are_missing_nothing_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mark = tmp_path / "ran"
    refusing = tmp_path / "jail.py"
    source = Path(code_run.jail.__file__).read_text("utf-8").replace("libc.unshare(", "(lambda _: -1)(")
    refusing.write_text(source, encoding="utf-8")
    monkeypatch.setattr(code_run.jail, "__file__", str(refusing))
    with pytest.raises(RefusedError, match="no namespace without a network"):
        asyncio.run(run_calls(f"open({str(mark)!r}, 'w')\ndef f():\n    return {{}}\n", "f", [{}]))
    assert not mark.exists()
    monkeypatch.setattr(code_run.sys, "platform", "darwin")
    with pytest.raises(RefusedError, match="on Linux only"):
        asyncio.run(run_calls("def f():\n    return {}\n", "f", [{}]))


def scenario(**changes):
    small = {"expand": {"hops": 0}, "conversations": None, "npcs": None, "instructions": None, "cast": {"size": 8}}
    return story.scenario(**small, tools={"code": True, "per_persona": 2}, **changes)


def coder(request) -> str:
    text = request.messages[-1].content
    tool = json.loads(text.split("<tool>\n")[1].split("\n</tool>")[0])
    made = {
        name: "2026-01-05" if one.get("type") == "string" else 1 for name, one in tool["result"]["properties"].items()
    }
    names = ", ".join(tool["parameters"]["properties"])
    number = story.number(tool["name"]) % 3
    if number == 0 and "Your last module failed" not in text:
        return f"def {tool['name']}({names}):\n    raise KeyError('first')\n"
    if number == 1:
        return f"```python\ndef {tool['name']}({names}):\n    return dict()\n```"
    return f"def {tool['name']}({names}):\n    return {made!r}\n"


SMALL = [
    (TOOL, 'def count_beds(ward, free=None):\n    return {"beds":', ' len(ward) if free else 12}'),
    (
        TOOL.model_copy(update={"many": True, "parameters": TOOL.parameters[::-1], "examples": ()}),
        'def count_beds(ward, free=None):\n    return {"rows": [{"beds":',
        " 3}, {'beds': 4}]}",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("tool", "begun", "rest"), SMALL)
def test_a_small_prompt_begins_the_module_and_the_model_ends_it(tool: Tool, begun: str, rest: str) -> None:
    result, model = perform(tool_coder(), code_brief(tool), [f"{rest}]", rest, rest, rest], variant="small")
    assert result.value == {"code": f"{begun}{rest}\n"}
    assert [attempt.flaw for attempt in result.rejected] == ["code"], "the first one cannot be parsed"
    assert {request.messages[-1].content for request in model.requests} == {begun}
    asked = model.requests[0].messages[-2].content
    assert "Counts the beds of a ward." in asked
    assert ('ward such as "A"' in asked) == bool(tool.examples)


def test_a_small_prompt_is_told_what_failed() -> None:
    brief = code_brief(TOOL).model_copy(update={"code": "def f(): ...", "flaw": "the example gave -4"})
    _, model = perform(tool_coder(), brief, " 1}", variant="small")
    assert "The last one failed: the example gave -4" in model.requests[0].messages[-2].content


@shut_in
def test_a_run_keeps_code_whose_examples_ran_and_records_the_rest(tmp_path: Path) -> None:
    models = {**story.models(), "tool_coder": story.ScriptedModel(coder)}
    simulate_sync(scenario(), tmp_path / "run", models=models, overrides=Overrides(allow_code=True)).close()
    with open_run(tmp_path / "run") as run:
        tools, failures = run.tools, [one for one in run.failures if one.stage == "code"]
        results = {unit.inputs["tool"]["name"]: result for unit, result in run.ledger.results("code")}
    by_number = {tool.name: story.number(tool.name) % 3 for tool in tools}
    assert set(by_number.values()) == {0, 1, 2}, "the story has tools of each sort"
    for tool in tools:
        assert (tool.code is None) == (by_number[tool.name] == 1)
        if tool.code is not None:
            assert tool.code.examples == 2
            assert code_flaw(tool.code.source, tool) is None
        if by_number[tool.name] == 0:
            assert [attempt.flaw for attempt in results[tool.name].rejected] == ["run"]
    assert {one.cause for one in failures} == {"result"}
    assert len(failures) == sum(number == 1 for number in by_number.values())
    models["tool_coder"].requests.clear()
    simulate_sync(scenario(), tmp_path / "run", models=models, overrides=Overrides(allow_code=True)).close()
    assert models["tool_coder"].requests == [], "what ended is not asked again"
    assert main(["export", str(tmp_path / "run"), "--to", "python", "--out", str(tmp_path / "py")]) == 0
    files = sorted(path.name for path in (tmp_path / "py").glob("*.py"))
    assert files == sorted(f"{tool.id}.py" for tool in tools if tool.code)
    subprocess.run([sys.executable, "-m", "compileall", "-q", str(tmp_path / "py")], check=True)


def test_nothing_is_asked_or_run_without_leave(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    models = story.models()
    with pytest.raises(ScenarioError, match="Allow it with --allow-code"):
        simulate_sync(scenario(), tmp_path / "run", models=models)
    assert not any(model.requests for model in models.values())
    assert not (tmp_path / "run").exists()
    file = tmp_path / "coded.yaml"
    file.write_text(dump_scenario(scenario()), encoding="utf-8")
    assert main(["run", str(file), "--out", str(tmp_path / "run2")]) == 2
    assert "--allow-code" in capsys.readouterr().err
