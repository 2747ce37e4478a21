"""``doctor`` finds what is wrong and says what to do; every model here is a fake server on loopback."""

import json
from pathlib import Path

import pytest

from simulator.cli.main import main
from simulator.llm.fake_server import FakeServer, in_thread

Shown = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("SIXHOP_MODEL", "SIXHOP_EMBEDDER", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)


def examined(capsys: Shown, *arguments: str, code: int) -> dict[str, dict[str, str]]:
    assert main(["doctor", *arguments, "--json"]) == code
    return {check["name"]: check for check in json.loads(capsys.readouterr().out)}


def test_all_is_well_and_nothing_is_left_behind(tmp_path: Path, capsys: Shown) -> None:
    with in_thread(FakeServer()) as server:
        checks = examined(capsys, "--model", f"{server.url}#fake", "--embedder", f"{server.url}#fake", code=0)
        assert main(["doctor", "--model", f"{server.url}#fake"]) == 0
    assert checks["model"]["state"] == checks["structured output"]["state"] == checks["embeddings"]["state"] == "ok"
    assert "json_schema" in checks["structured output"]["found"]
    shown = capsys.readouterr().out
    assert shown.endswith("A run would work here.\n")
    assert max(map(len, shown.splitlines())) <= 80
    assert list(tmp_path.iterdir()) == []


def test_the_environment_names_the_model(capsys: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    with in_thread(FakeServer()) as server:
        monkeypatch.setenv("SIXHOP_MODEL", f"{server.url}#from-the-environment")
        assert "from-the-environment" in examined(capsys, code=0)["model"]["found"]


def test_a_server_without_schemas_is_asked_in_another_way(capsys: Shown) -> None:
    with in_thread(FakeServer(lambda body: '{"trade": "tailor", "tool": "needle"}', formats=())) as server:
        checks = examined(capsys, "--model", f"{server.url}#fake", code=0)
    assert checks["structured output"]["found"].startswith("none:")


def test_an_answer_of_the_wrong_form_fails(capsys: Shown) -> None:
    with in_thread(FakeServer(lambda body: "A tailor, I should think.")) as server:
        checks = examined(capsys, "--model", f"{server.url}#fake", code=1)
    assert checks["model"]["state"] == "ok"
    assert checks["structured output"]["state"] == "failed"
    assert checks["structured output"]["advice"]


def test_a_wrong_key_is_the_models_fault_and_is_not_printed(capsys: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", "canary-1234567890")
    with in_thread(FakeServer(key="right")) as server:
        assert main(["doctor", "--model", f"{server.url}#fake", "--key-env", "MY_KEY", "--json"]) == 1
    shown = capsys.readouterr()
    checks = {check["name"]: check for check in json.loads(shown.out)}
    assert checks["model"]["state"] == "failed"
    assert "401" in checks["model"]["advice"]
    assert "MY_KEY" in checks["model"]["advice"]
    assert "canary" not in shown.out + shown.err


@pytest.mark.parametrize(
    ("spec", "part"),
    [
        ("http://127.0.0.1:9/v1#x", "no connection"),
        ("gguf:/no/such/file.gguf", "does not exist"),
        ("openai:gpt-4o-mini", "OPENAI_API_KEY"),
        ("carrier-pigeon", "allowed is"),
    ],
)
def test_a_model_that_is_not_there_fails_with_advice(spec: str, part: str, capsys: Shown) -> None:
    check = examined(capsys, "--model", spec, code=1)["model"]
    assert check["state"] == "failed"
    assert part in check["advice"]


def test_an_embedder_that_is_not_there_fails(capsys: Shown) -> None:
    with in_thread(FakeServer()) as server:
        checks = examined(capsys, "--model", f"{server.url}#fake", "--embedder", "abacus", code=1)
    assert checks["embeddings"]["state"] == "failed"
    assert "'wordllama'" in checks["embeddings"]["advice"]


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs a folder that not even root may write to")
def test_a_folder_that_cannot_be_written_fails(capsys: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/proc")
    with in_thread(FakeServer()) as server:
        checks = examined(capsys, "--model", f"{server.url}#fake", code=1)
    assert checks["disk"]["state"] == "failed"
    assert "--out" in checks["disk"]["advice"]
