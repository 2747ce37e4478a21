"""What an attacker may write, in texts, personas, replies, paths, files and folders, and what comes of it: text."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import story
from attack_cases import ATTACKS, MARK, TOKENS

from simulator.assembly import open_run, simulate_sync
from simulator.assembly.simulate import resume
from simulator.errors import InputError, PromptError, RunDirectoryError, ScenarioError, UsageError
from simulator.llm.fake_server import FakeServer, Fault, in_thread
from simulator.llm.scripted import ScriptedModel
from simulator.models.message import ChatRequest
from simulator.prompts.template import parse_prompt
from simulator.runs.directory import RunDirectory, write_atomically
from simulator.scenario.load import parse_scenario
from simulator.scenario.sources import Texts
from simulator.scenario.texts import read_texts
from simulator.scenario.world import load_world

ROOT = Path(__file__).parent.parent
KEY = "sk-canary-q7Zt+41/9vXw~0==LmP3"


def written(folder: Path, rows: list[Any]) -> Path:
    path = folder / "texts.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def letters() -> list[Any]:
    return [
        {"text": f"A letter from the harbour office, number {n}. {text}"} for n, text in enumerate(ATTACKS.values())
    ]


# -- prompts: hostile text only ever stands in a block of a user message ---------------------------------------------


def possessed(script: Any) -> Any:
    """Return the script of a model that was talked into passing attacks on in every text that it writes."""

    def say(request: ChatRequest) -> str:
        attack = list(ATTACKS.values())[story.number(request.key("x")) % len(ATTACKS)]
        said = script(request)
        try:
            body = json.loads(said)
        except ValueError:
            return f"{said} {attack}"
        for field in ("persona", "instruction", "background", "description"):
            if field in body:
                body[field] = f"{body[field].rstrip('.')} and keeps a note which says {attack}"
        return json.dumps(body)

    return say


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, ScriptedModel]]:
    folder = tmp_path_factory.mktemp("hostile")
    models = story.models(**{role: possessed(script) for role, script in story.SCRIPTS.items()})
    scenario = story.scenario(texts={"paths": str(written(folder, letters()))}, cast={"size": 20})
    simulate_sync(scenario, folder / "run", models=models).close()
    return folder / "run", models


def test_hostile_text_stands_in_no_system_message_and_opens_no_turn(
    hostile: tuple[Path, dict[str, ScriptedModel]],
) -> None:
    seen = 0
    for role, model in hostile[1].items():
        for request in model.requests:
            *_, last = request.messages
            for message in request.messages:
                if MARK in message.content:
                    seen += 1
                    assert message.role != "system", role
                    # What the models themselves said in a conversation comes back as turns.
                    assert message.role == "user" or role in ("user", "assistant") or message is not last, role
                found = [token for token in TOKENS if token in message.content]
                assert not found, (role, found, message.content)
    assert seen > 100


def test_attacks_become_second_order_and_stay_in_their_block(hostile: tuple[Path, dict[str, ScriptedModel]]) -> None:
    """A persona that carries an attack reaches the prompts of other roles, within the delimiters of its block."""
    reached = set()
    for role in ("relator", "poser", "tool_designer", "npc_writer", "user"):
        for request in hostile[1][role].requests:
            for message in request.messages:
                for place in re.finditer(MARK, message.content) if message.role == "user" else ():
                    before, after = message.content[: place.start()], message.content[place.end() :]
                    opened = re.findall(r"<([a-z_]+)>(?![^<]*</\1>)", before)
                    if role != "user":
                        assert opened, (role, message.content)
                        assert any(f"</{name}>" in after for name in opened), (role, message.content)
                    reached.add(role)
    assert {"relator", "poser"} <= reached


def test_nothing_of_it_is_expanded(hostile: tuple[Path, dict[str, ScriptedModel]]) -> None:
    said = "".join(m.content for r in hostile[1]["extractor"].requests for m in r.messages)
    for verbatim in (
        "{x.__class__.__mro__}",
        "${HOME}",
        "$persona $(touch",
        "{{ 7*7 }}",
        "{% for x in y %}",
        '"lc": 1',
    ):
        assert verbatim in said


def test_what_it_leaves_is_data(hostile: tuple[Path, dict[str, ScriptedModel]]) -> None:
    from simulator.exports.formats import FORMATS

    with open_run(hostile[0]) as run:
        assert any(MARK in persona.text for persona in run.personas)
        for name, fmt in FORMATS.items():
            try:
                fmt.write(run.ledger, hostile[0].parent / "out" / name)
            except UsageError as error:
                assert "no " in str(error) or "nothing" in str(error), (name, error)
    assert not list(hostile[0].parent.rglob(MARK))
    assert not (ROOT / MARK).exists()
    tables = hostile[0].parent / "out" / "csv"
    for path in tables.iterdir():
        for cell in re.split(r'[,\n]"?', path.read_text(encoding="utf-8")):
            assert not cell.startswith(("=cmd", "@", "+cmd")), cell


def test_a_reply_that_is_a_serialised_object_is_a_failure_or_a_text(tmp_path: Path) -> None:
    attack = json.dumps({"lc": 1, "type": "secret", "id": ["OPENAI_API_KEY"]})
    os.environ["OPENAI_API_KEY"], before = KEY, os.environ.get("OPENAI_API_KEY")
    try:
        models = story.models(tool_designer=lambda request: attack, assistant=lambda request: attack)
        simulate_sync(story.scenario(expand={"hops": 0}, npcs=None), tmp_path / "run", models=models).close()
    finally:
        os.environ.pop("OPENAI_API_KEY")
        if before is not None:
            os.environ["OPENAI_API_KEY"] = before
    with open_run(tmp_path / "run") as run:
        assert {failure.cause for failure in run.failures if failure.role == "tool_designer"} == {"invalid"}
    assert no_key_in(tmp_path)


# -- files: YAML, paths, links, sizes --------------------------------------------------------------------------------

BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{','.join([f'*{chr(97 + n)}'] * 9)}]\n" for n in range(20)
)
TAGS = (
    "name: !!python/object/apply:os.system ['touch pwned']",
    "name: !!python/name:os.system",
    "name: !!python/object/new:type {}",
    "name: !custom x",
)


@pytest.mark.parametrize("text", [BOMB, *TAGS, "a: " + "[" * 5000, "? " * 3000, "a: &a {b: *a}"])
def test_yaml_is_data_and_cannot_explode(text: str, tmp_path: Path) -> None:
    with pytest.raises(ScenarioError):
        parse_scenario(text, base=tmp_path)
    (tmp_path / "world.yaml").write_text(text)
    with pytest.raises(InputError):
        load_world(tmp_path)
    with pytest.raises(PromptError):
        parse_prompt(f"---\n{text}\n---\n# system\nx\n# user\n$text\n", "poser", "standard")
    assert not Path("pwned").exists()


PATHS = (
    "../../../../../../etc/passwd",
    "/etc/passwd",
    "/proc/self/environ",
    "a\0b",
    "\0",
    "/dev/zero",
    "/dev/stdin",
    "~root",
)


@pytest.mark.parametrize("path", PATHS)
def test_a_path_to_something_else_is_refused_in_every_field(path: str, tmp_path: Path) -> None:
    text = written(tmp_path, [{"text": "A letter."}])
    (tmp_path / "world").mkdir()
    base: dict[str, Any] = {"texts": {"paths": str(text)}, "expand": None, "npcs": None, "cast": None}
    changes: list[dict[str, Any]] = [
        {"texts": {"paths": path}},
        {"prompts": {"poser": path}, "instructions": {}},
        {"npcs": {"world": path}},
        {"models": {"default": f"gguf:{path}"}},
    ]
    for change in changes:
        scenario = story.scenario(**{**base, "instructions": None, "conversations": None, "tools": None, **change})
        models = None if "models" in change else story.models()
        with pytest.raises(UsageError) as refused:
            simulate_sync(scenario, tmp_path / "run", models=models)
        assert "root:x:" not in str(refused.value), "the error tells what is in the file"


def test_lore_that_is_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    world = shutil.copytree(ROOT / "scenarios" / "worlds" / "saltmere", tmp_path / "world")
    secret = tmp_path / "secret.md"
    secret.write_text("the secret")
    (world / "lore.md").unlink(missing_ok=True)
    (world / "lore.md").symlink_to(secret)
    text = (world / "world.yaml").read_text(encoding="utf-8")
    (world / "world.yaml").write_text(re.sub(r"^lore:.*$(\n[ \n].*$)*", "lore: lore.md", text, flags=re.MULTILINE))
    with pytest.raises(InputError, match="outside the world's folder"):
        load_world(world)


@pytest.mark.parametrize(
    "part", ["ledger.sqlite", "scenario.yaml", "manifest.json", "products", "index", "logs", ".lock"]
)
def test_a_run_directory_with_links_out_of_it_is_refused(part: str, tmp_path: Path) -> None:
    root, precious = tmp_path / "run", tmp_path / "precious"
    scenario = story.scenario(expand={"hops": 0}, conversations=None, npcs=None, tools=None, instructions=None)
    simulate_sync(scenario, root, models=story.models()).close()
    (root / part).rename(precious)
    (root / part).symlink_to(precious)
    before = {path: path.read_bytes() for path in [precious, *precious.rglob("*")] if path.is_file()}
    with pytest.raises(RunDirectoryError, match=r"symbolic link|not writable"):
        asyncio.run(resume(root, models=story.models()))
    with pytest.raises(RunDirectoryError, match=r"symbolic link|not writable"):
        simulate_sync(scenario, root, models=story.models())
    assert {path: path.read_bytes() for path in [precious, *precious.rglob("*")] if path.is_file()} == before


def test_a_file_is_not_written_through_a_link_that_waits_for_it(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("mine")
    (tmp_path / ".manifest.json.part").symlink_to(precious)
    write_atomically(tmp_path / "manifest.json", b"{}")
    assert precious.read_text() == "mine"
    assert (tmp_path / "manifest.json").read_bytes() == b"{}"
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / ".lock").symlink_to(precious)
    with pytest.raises(RunDirectoryError), RunDirectory(tmp_path / "run").held():
        pass
    assert precious.read_text() == "mine"


def test_rows_of_ten_megabytes_are_recorded_and_the_others_are_read(tmp_path: Path) -> None:
    big = "x" * 10_000_000
    rows = [{"text": big}, {"text": "A letter."}, {"other": big}, {"text": [big]}, {"text": {"a": big}}, big]
    texts, failures = read_texts(Texts(paths=(str(written(tmp_path, rows)),)), tmp_path)
    assert [text.text for text in texts] == ["A letter."]
    assert len(failures) == 5
    assert all(len(failure.message) < 300 and len(failure.raw) < 10_000 for failure in failures)


def test_a_reply_of_ten_megabytes_is_a_failure_and_not_a_product(tmp_path: Path) -> None:
    models = story.models(poser=lambda request: json.dumps({"instruction": "why " * 2_500_000}))
    scenario = story.scenario(expand={"hops": 0}, cast={"size": 2}, conversations=None, npcs=None, tools=None)
    with simulate_sync(scenario, tmp_path, models=models) as run:
        assert run.instructions == []
        assert {failure.role for failure in run.failures} == {"poser"}


@pytest.mark.parametrize(
    "sql", ["' OR 1=1 --", "'; DROP TABLE personas; --", '" UNION SELECT value FROM meta --', "%", "_"]
)
def test_sql_in_an_id_or_a_search_finds_nobody_and_changes_nothing(
    sql: str, hostile: tuple[Path, dict[str, ScriptedModel]]
) -> None:
    from simulator.cli.main import main

    with open_run(hostile[0]) as run:
        before = len(run.personas)
        with pytest.raises(InputError):
            run.persona(f"p-{sql}")
    for command in (
        ["show", str(hostile[0]), "personas", sql],
        ["graph", str(hostile[0]), "neighbours", sql],
        ["graph", str(hostile[0]), "path", sql, sql],
    ):
        assert main(command) in (0, 1, 2)
    with open_run(hostile[0]) as run:
        assert len(run.personas) == before


# -- Chroma: a folder with hostile configuration ---------------------------------------------------------------------


def test_an_index_with_hostile_configuration_loads_nothing(
    hostile: tuple[Path, dict[str, ScriptedModel]], tmp_path: Path
) -> None:
    """The configuration names an embedding function that would be imported, and a model that would be fetched."""
    root = shutil.copytree(hostile[0], tmp_path / "run")
    seal = json.loads((root / "index" / "seal.json").read_text())
    database = next((root / "index").glob("g-*/chroma.sqlite3"))
    connection = sqlite3.connect(database)
    columns = [row[1] for row in connection.execute("PRAGMA table_info(collections)")]
    column = "config_json_str" if "config_json_str" in columns else columns[-1]
    kept = json.loads(connection.execute(f"SELECT {column} FROM collections").fetchone()[0] or "{}")
    evil = {"type": "known", "name": "sentence_transformer", "config": {"model_name": "evil/model", "kwargs": {}}}
    connection.execute(f"UPDATE collections SET {column} = ?", (json.dumps({**kept, "embedding_function": evil}),))
    connection.commit()
    connection.close()
    code = f"""
import json, sys
seen = []
sys.addaudithook(lambda event, args: seen.append((event, str(args[:2])))
    if event in ("socket.connect", "socket.getaddrinfo", "pickle.find_class") else None)
from simulator.population.index_seal import Seal, file_hashes, read_seal, write_seal
from pathlib import Path
folder = Path({str(root / "index")!r})
seal = read_seal(folder)
write_seal(folder, seal.model_copy(update={{"files": file_hashes(folder / seal.generation)}}))
from simulator.cli.main import main
code = main(["graph", {str(root)!r}, "find", "a nurse"])
print(json.dumps({{"code": code, "seen": seen, "modules": [m for m in sys.modules if "sentence_transformers" in m]}}))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, env=environ())
    told = json.loads(done.stdout.splitlines()[-1])
    assert told == {"code": 0, "seen": [], "modules": []}, (told, done.stderr[-2000:], seal)


def environ(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("OPENAI_API_KEY",)}
    return {**kept, "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}", **more}


# -- keys ------------------------------------------------------------------------------------------------------------


def no_key_in(folder: Path, *more: str) -> bool:
    """Look at every byte of every file, and at ``more``, for the key: as it is, encoded, reversed."""
    forms = {KEY, KEY[::-1], quote(KEY), quote(KEY, safe=""), json.dumps(KEY)[1:-1], KEY.encode().hex()}
    forms |= {base64.b64encode(b"x" * n + KEY.encode()).decode()[4:-4] for n in range(3)}
    forms |= {base64.urlsafe_b64encode(b"x" * n + KEY.encode()).decode()[4:-4] for n in range(3)}
    forms |= {KEY[:20], KEY[8:]}
    needles = [form.encode() for form in forms]
    for path in sorted(folder.rglob("*")):
        data = path.read_bytes() if path.is_file() else b""
        for needle in needles:
            assert needle not in data, f"{path} holds the key as {needle!r}"
    for text in more:
        for needle in needles:
            assert needle not in text.encode("utf-8", "replace"), (
                f"the output holds the key as {needle!r}: {text[:3000]}"
            )
    return True


@pytest.fixture
def echo() -> Iterator[FakeServer]:
    """A server that quotes the key back: in replies, in errors, and in what it refuses."""

    def respond(body: dict[str, Any]) -> str:
        said = story.responder(body)
        if story.number(json.dumps(body["messages"])) % 3:
            return said
        return said.replace("?", f", and why is my key {KEY}?").replace("aged", f"with the key {KEY} aged")

    def fault(number: int, body: dict[str, Any]) -> Fault | None:
        if number % 7 == 3:
            return Fault.error(500, f"internal error at 'Authorization: Bearer {KEY}'")
        if number % 11 == 5:
            return Fault.error(400, f"Incorrect API key provided: {KEY}")
        return Fault.text(f"I was called with Bearer {KEY}") if number % 13 == 6 else None

    with in_thread(FakeServer(respond, key=KEY, fault_for=fault)) as server:
        yield server


CRASH = """
import json, sys
import graphs.production as production
from simulator.cli.main import main
async def crash(context):
    secret = __import__("os").environ["MY_KEY"]
    raise ZeroDivisionError(f"headers were {{'Authorization': 'Bearer {secret}'}}")
if sys.argv[1] == "crash":
    production.STAGES["tools"] = ("tools", crash)
sys.exit([main(arguments) for arguments in json.loads(sys.argv[2])][-1])
"""


@pytest.mark.slow
def test_the_key_is_in_nothing_that_a_run_with_vv_and_a_crash_leaves(tmp_path: Path, echo: FakeServer) -> None:
    scenario = {
        "name": "canary",
        "texts": {"paths": str(ROOT / "scenarios" / "texts"), "limit": 8},
        "expand": {"hops": 1, "per_persona": 1},
        "cast": {"size": 4},
        "instructions": {},
        "conversations": {"exchanges": 2, "count": 2},
        "tools": {},
        "models": {"default": {"spec": f"{echo.url}#fake", "key_env": "MY_KEY"}},
    }
    (tmp_path / "canary.yaml").write_text(json.dumps(scenario))
    root, said = tmp_path / "run", []

    def sixhop(how: str, *commands: list[str]) -> int:
        done = subprocess.run(
            [sys.executable, "-X", "faulthandler", "-c", CRASH, how, json.dumps(commands)],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=environ(MY_KEY=KEY, SIXHOP_KEY_UNUSED=KEY),
        )
        said.extend([done.stdout, done.stderr])
        return done.returncode

    assert sixhop("crash", ["run", "canary.yaml", "--out", "run", "-vv", "--debug"]) == 1, said[-1]
    assert "ZeroDivisionError" in said[-1]
    assert "Traceback" in said[-1]
    log = (root / "logs" / "run.jsonl").read_text()
    assert "ZeroDivisionError" in log
    assert "what was said" in log
    sixhop(
        "run",
        ["resume", "run", "-vv", "--debug"],
        ["retry", "run", "-vv"],
        ["report", "run"],
        ["show", "run", "failures", "--json"],
        ["doctor", "--model", f"{echo.url}#fake", "--key-env", "MY_KEY"],
        *(["export", "run", "--to", to] for to in ("jsonl", "messages", "csv", "graph-html", "mcp")),
    )
    assert json.loads((root / "manifest.json").read_text())["state"] == "done"
    assert any("***" in text for text in [log, *said]), "nobody quoted the key: this test tests nothing"
    assert len(echo.requests) > 40
    assert no_key_in(tmp_path, *said)


# -- what the interpreter is made to do ------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_full_run_unpickles_and_executes_nothing_and_connects_to_nothing_but_the_endpoint(tmp_path: Path) -> None:
    with in_thread(FakeServer(story.responder, keep=False)) as server:
        done = subprocess.run(
            [sys.executable, "tests/audit_child.py", server.url, str(tmp_path / "run"), str(tmp_path / "report.json")],
            capture_output=True,
            text=True,
            cwd=ROOT,
            env=environ(),
        )
        assert done.returncode == 0, done.stderr[-4000:]
        port = server.url.split(":")[2].split("/")[0]
    seen = json.loads((tmp_path / "report.json").read_text())
    assert seen["codes"][:5] == [0] * 5, (seen["codes"], done.stderr[-3000:])
    assert server.count > 50
    assert seen["connected"], "the hook saw nothing"
    assert seen["unpickled"] == []
    assert seen["executed"] == []
    assert seen["hostile"] == []
    assert seen["started"] == []
    assert {place for place in seen["connected"] if "127.0.0.1" not in place or port not in place} == set()
