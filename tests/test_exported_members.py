"""What users import: the names that a package says it has are there, are its own, and are told about."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from typing import Any

import pytest

import graphs
import simulator
from simulator import assembly
from simulator.assembly.plan import PlanOptions
from simulator.assembly.simulate import Options

PACKAGES = [simulator, graphs]


def modules() -> list[str]:
    found = [one.name for root in PACKAGES for one in pkgutil.walk_packages(root.__path__, f"{root.__name__}.")]
    return [name for name in found if not name.endswith("__main__")]


@pytest.mark.parametrize("name", modules())
def test_what_a_module_exports_is_there_and_sorted_once(name: str) -> None:
    module = importlib.import_module(name)
    exported = list(getattr(module, "__all__", ()))
    assert len(exported) == len(set(exported))
    for member in exported:
        assert hasattr(module, member), f"{name} exports {member!r}, which it has not"


@pytest.mark.parametrize("name", assembly.__all__)
def test_each_member_of_the_api_says_what_it_is(name: str) -> None:
    member = getattr(assembly, name)
    assert (inspect.getdoc(member) or "").strip()
    if inspect.isfunction(member):
        signature = inspect.signature(member)
        assert all(one.annotation is not inspect.Parameter.empty for one in signature.parameters.values())
        assert signature.return_annotation is not inspect.Signature.empty
        assert not [one for one in signature.parameters.values() if str(one) == "**options: 'Any'"]


@pytest.mark.parametrize(("function", "options"), [(assembly.simulate, Options), (assembly.plan, PlanOptions)])
def test_the_options_of_a_synchronous_wrapper_are_those_of_the_coroutine(function: Any, options: Any) -> None:
    parameters = inspect.signature(function).parameters.values()
    assert set(options.__annotations__) == {one.name for one in parameters if one.kind is one.KEYWORD_ONLY}


def test_the_names_of_functions_stand_before_those_of_their_modules() -> None:
    for name in ("fork", "plan", "simulate"):
        importlib.import_module(f"simulator.assembly.{name}")
        assert inspect.iscoroutinefunction(getattr(assembly, name))
