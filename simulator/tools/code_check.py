"""Generated code, looked at before it may run: what it imports, names and defines. Nothing is executed here."""

from __future__ import annotations

import ast
import re

from simulator.models.tool import Tool
from simulator.population.tokens import word_list

__all__ = ["MODULES", "code_flaw", "code_of"]

MODULES = frozenset(
    word_list(
        "base64 bisect calendar collections colorsys copy dataclasses datetime decimal difflib enum fractions "
        "functools hashlib heapq html itertools json math operator random re statistics string textwrap "
        "typing unicodedata uuid zoneinfo"
    )
)
"""What code may import: modules that compute, and reach neither files nor the network nor other processes."""

_LONGEST = 20_000  # characters
_NAMES = frozenset(
    word_list(
        "exec eval compile open input breakpoint globals locals vars getattr setattr delattr memoryview exit quit help"
    )
)
_TOP = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef, ast.Assign, ast.AnnAssign)
_FENCE = re.compile(r"```(?:python|py)?[ \t]*\r?\n(.*?)```", re.DOTALL)


def code_of(reply: str) -> str:
    """Return the code in a reply: what stands in its one fence, or all of it."""
    fenced = _FENCE.findall(reply)
    return str(fenced[0] if len(fenced) == 1 else reply).strip() + "\n"


def code_flaw(source: str, tool: Tool) -> str | None:
    """Return why the code may not run as the tool, or ``None``."""
    if len(source) > _LONGEST:
        return f"the code has {len(source)} characters; {_LONGEST} are allowed"
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        where = f" in line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
        return f"the code cannot be parsed: {getattr(error, 'msg', error)}{where}"
    for node in tree.body:
        said = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if not said and not isinstance(node, _TOP):
            return f"line {node.lineno}: only imports, constants, functions and classes may stand outside of functions"
    flaw = next((flaw for node in ast.walk(tree) if (flaw := _node_flaw(node)) is not None), None)
    return flaw or _signature_flaw(tree, tool) or _result_flaw(tree, tool)


def _node_flaw(node: ast.AST) -> str | None:
    line = f"line {getattr(node, 'lineno', 0)}"
    if isinstance(node, ast.Import):
        outside = next((one.name for one in node.names if one.name not in MODULES), None)
        return f"{line}: {outside!r} may not be imported; allowed: {', '.join(sorted(MODULES))}" if outside else None
    annotations = isinstance(node, ast.ImportFrom) and node.module == "__future__"  # says how they are read, no more
    if isinstance(node, ast.ImportFrom) and not annotations and (node.level or node.module not in MODULES):
        return f"{line}: {node.module!r} may not be imported from; allowed: {', '.join(sorted(MODULES))}"
    if isinstance(node, ast.Name) and (node.id in _NAMES or node.id.startswith("__")):
        return f"{line}: {node.id!r} may not be used"
    if isinstance(node, ast.Attribute) and node.attr.startswith("_"):
        return f"{line}: the attribute {node.attr!r} is not for use from outside"
    if isinstance(node, ast.AsyncFunctionDef | ast.Await | ast.Global):
        return f"{line}: {type(node).__name__} may not be used"
    return None


def _signature_flaw(tree: ast.Module, tool: Tool) -> str | None:
    found = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == tool.name]
    if len(found) != 1:
        return f"it must define the function {tool.name!r} once"
    given = found[0].args
    names = [one.arg for one in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
    wanted = [one.name for one in tool.parameters]
    if given.posonlyargs or given.vararg or given.kwarg or set(names) != set(wanted):
        return f"{tool.name!r} takes {', '.join(names) or 'nothing'}; it must take {', '.join(wanted) or 'nothing'}"
    free = given.args[: len(given.args) - len(given.defaults)]
    unset = {one.arg for one in free}
    unset |= {one.arg for one, value in zip(given.kwonlyargs, given.kw_defaults, strict=True) if value is None}
    optional = next((one.name for one in tool.parameters if not one.required and one.name in unset), None)
    return f"the parameter {optional!r} is optional and needs a default" if optional else None


def _result_flaw(tree: ast.Module, tool: Tool) -> str | None:
    """Look at results that are written out: what they lack need not be run to be seen."""
    wanted = {"rows"} if tool.many else {one.name for one in tool.result}
    function = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == tool.name)
    for node in ast.walk(function):
        if not (wanted and isinstance(node, ast.Return) and isinstance(node.value, ast.Dict)):
            continue
        names = [key.value for key in node.value.keys if isinstance(key, ast.Constant)]
        if len(names) == len(node.value.keys) and set(names) != wanted:
            given, needed = ", ".join(map(str, names)) or "nothing", ", ".join(sorted(wanted))
            return f"line {node.lineno}: the result has {given}; it must have {needed}"
    return None
