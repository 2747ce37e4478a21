"""How far a model is a judge: its verdicts on labelled turns of users, faulty ones and clean ones in equal numbers.

    python benchmarks/judge.py [--model local] [--file turns_held.jsonl] [--turns 40] [--show]

Each turn is put to the judge as in a conversation with ``judge: [turns]``. "None" is a reply without a usable verdict: an
answer that is not allowed, or a quote that does not stand in the turn.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections import Counter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from turn_cases import LabelledTurn, labelled

from graphs.conversation import ConversationContext
from graphs.talk.judging import ask_judge
from graphs.talk.look import FAULTS, fault_question
from simulator.embeddings.wordllama import WordLlamaEmbedder
from simulator.llm.open import open_model
from simulator.llm.spec import parse_spec
from simulator.models.conversation import ConversationInputs, Turn
from simulator.prompts.template import load_prompt
from simulator.roles.draft import together
from simulator.roles.judge import judge
from simulator.roles.role import RoleContext
from simulator.settings import Settings

_AT_ONCE = 8


def chosen(file: str, most: int) -> list[LabelledTurn]:
    """Return turns of users: as many with exactly one of the judged faults as without any, spread over the file."""
    users = [case for case in labelled(file) if case.scene.role == "user" and case.scene.own and case.turn.strip()]
    faulty = [case for case in users if len(case.faults) == 1 and case.faults <= set(FAULTS)]
    clean = [case for case in users if not case.faults and not case.maybe]
    each = min(most // 2, len(faulty), len(clean))
    return [part[place * len(part) // each] for part in (faulty, clean) for place in range(each)]


def turns_of(case: LabelledTurn) -> tuple[Turn, ...]:
    """Return the talk with the turn at its end."""
    said: list[Turn] = []
    for place, own in enumerate((*case.scene.own, case.turn)):
        said.append(Turn(role="user", speaker="p", content=own))
        if place < len(case.scene.other):
            said.append(Turn(role="assistant", speaker="assistant", content=case.scene.other[place]))
    return tuple(said)


async def verdict(context: ConversationContext, case: LabelledTurn) -> str | None:
    """Return the judge's answer, or nothing when it gave none that can be used."""
    inputs = ConversationInputs(
        persona=case.scene.persona,
        situation=case.scene.situation,
        behaviours=case.scene.behaviours,
        partner="somebody" if case.scene.among_people else None,
    )
    question, options = fault_question(inputs)
    found = await ask_judge(context, inputs, turns_of(case), question, 1, options, "last")
    return None if isinstance(found, str) else found.answer


async def main() -> None:
    """Ask, and count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="local")
    parser.add_argument("--file", default="turns_held.jsonl")
    parser.add_argument("--turns", type=int, default=40)
    parser.add_argument("--show", action="store_true")
    given = parser.parse_args()
    spec, cases = parse_spec(given.model), chosen(given.file, given.turns)
    counted = {True: Counter[str](), False: Counter[str]()}
    async with open_model(spec, Settings.from_environ()) as model:
        role: Any = RoleContext(judge(), load_prompt("judge", spec.profile), model, WordLlamaEmbedder())
        context = ConversationContext(user=role, judge=role)
        for start in range(0, len(cases), _AT_ONCE):
            batch = cases[start : start + _AT_ONCE]
            for case, said in zip(batch, await together([verdict(context, one) for one in batch]), strict=True):
                right = said in case.faults if case.faults else said == "none"
                kind = "None" if said is None else "right" if right else "passed" if said == "none" else "wrong fault"
                counted[bool(case.faults)][kind] += 1
                if given.show:
                    print(f"{kind:11} {'/'.join(case.faults) or 'clean':22} {said!s:22} {case.turn[:90]}")
    for faulty, counts in counted.items():
        total = sum(counts.values())
        print(f"{total} turns {'with a fault' if faulty else 'without'}: {dict(counts.most_common())}")


if __name__ == "__main__":
    asyncio.run(main())
