"""How much of what prompts share comes from llama.cpp's prompt cache, role by role.

    python benchmarks/prefixes.py [--model local] [ROLE ...]

Three units of a role one after the other, and for the two sides of a conversation also turn after turn. What a call has
in common with an earlier one is counted in tokens of the model's chat template; the server says how many tokens it did
not compute again. Both prompts of a role are asked, whatever the model.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from fault_cases import ROLE_NAMES
from prefix_cases import asked_of, measured

from simulator.prompts.template import Variant, load_prompt
from simulator.settings import Settings

VARIANTS: tuple[Variant, ...] = ("standard", "small")


def run(spec: str, names: list[str]) -> None:
    """Print a row for each role, prompt and way of following each other."""
    settings = Settings.from_environ(os.environ)
    print(
        "| role | prompt | calls | shared tokens of a call | of them from the cache | the least |\n|---|---|---|---|---|---|"
    )
    for name in names:
        for variant in VARIANTS:
            if load_prompt(name, variant).variant != variant:
                continue  # the role has no small prompt
            for way, chats in asked_of(name, variant).items():
                found = asyncio.run(measured(chats, spec, settings))
                least, most = min(one.shared for one in found), max(one.shared for one in found)
                told = f"{least:,}" if least == most else f"{least:,} to {most:,}"
                whole = sum(one.cached for one in found) / sum(one.shared for one in found)
                worst = min(one.cached / one.shared for one in found)
                print(f"| {name}{way} | {variant} | {len(found)} | {told} | {whole:.1%} | {worst:.1%} |", flush=True)


def main() -> None:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--model", default="local")
    parser.add_argument("roles", nargs="*", default=list(ROLE_NAMES))
    options = parser.parse_args()
    run(options.model, options.roles)


if __name__ == "__main__":
    main()
