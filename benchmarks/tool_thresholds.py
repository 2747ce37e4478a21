"""How near tools are that are the same, and tools that are not: what the thresholds of the set and of coverage rest on.

Usage: python benchmarks/tool_thresholds.py personahub_tools.jsonl
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import defaultdict
from itertools import combinations
from pathlib import Path

import numpy as np

from simulator.embeddings.wordllama import WordLlamaEmbedder
from simulator.models.tool import Tool
from simulator.tools.released import PERSONA_FIELD, Unmendable, mend
from simulator.tools.toolset import tool_text

_PAIRS = 400_000  # random pairs


def main(path: Path) -> None:
    """Print quantiles and shares of the cosines."""
    tools, people = _read(path)
    embedder = WordLlamaEmbedder()
    vectors = asyncio.run(embedder.embed([tool_text(tool) for tool in tools]))
    persons = asyncio.run(embedder.embed(people))
    draw = np.random.default_rng(0)
    left, right = draw.integers(0, len(tools), _PAIRS), draw.integers(0, len(tools), _PAIRS)
    left, right = left[left != right], right[left != right]
    others = (vectors[left] * vectors[right]).sum(axis=1)
    print(f"random pairs of tools: {(others >= 0.5).mean():.2%} reach 0.5, {(others >= 0.4).mean():.2%} reach 0.4")
    named, formed = defaultdict(list), defaultdict(list)
    for place, tool in enumerate(tools):
        named[tool.name].append(place)
        if len(tool.parameters) > 1:
            formed[tuple(sorted((one.name, one.type) for one in tool.parameters))].append(place)
    same = np.array([vectors[a] @ vectors[b] for group in named.values() for a, b in combinations(group, 2)])
    print(
        f"{len(same)} pairs of one name: 5 % are below {np.quantile(same, 0.05):.2f}, half above {np.median(same):.2f}"
    )
    alike = np.array([vectors[a] @ vectors[b] for group in formed.values() for a, b in combinations(group, 2)])
    print(f"{len(alike)} pairs with the same arguments: half above {np.median(alike):.2f}")
    own, foreign = (persons * vectors).sum(axis=1), (persons[left] * vectors[right]).sum(axis=1)
    print(f"personas and their own tool: {(own >= 0.4).mean():.0%} reach 0.4; another's: {(foreign >= 0.4).mean():.3%}")


def _read(path: Path) -> tuple[list[Tool], list[str]]:
    tools, people = list[Tool](), list[str]()
    for line in path.read_text("utf-8").splitlines():
        row = json.loads(line)
        try:
            made = mend(row).tools
        except Unmendable:
            continue
        tools += made
        people += [row[PERSONA_FIELD]] * len(made)
    return tools, people


if __name__ == "__main__":
    main(Path(sys.argv[1]))
