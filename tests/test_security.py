"""What an attacker may write, in texts, personas, replies, paths, files and folders, and what comes of it: text."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import story
from attack_cases import ATTACKS, KEY, MARK, ROOT, TOKENS, environ, no_key_in, written

from simulator.assembly import open_run, simulate_sync
from simulator.errors import InputError, UsageError
from simulator.llm.fake_server import FakeServer, in_thread
from simulator.llm.scripted import ScriptedModel
from simulator.models.message import ChatRequest


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
from simulator.population.index.seal import Seal, file_hashes, read_seal, write_seal
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
