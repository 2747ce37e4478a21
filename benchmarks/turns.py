"""Which share of a model's turns the guard lets pass, per side, and what it says.

    python benchmarks/turns.py [--model local] [--drafts 4] [--side user|assistant] [--show]

Eight people of eight trades; each side is asked for ``drafts`` turns, with the prompt that suits the model.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections import Counter
from typing import Any

from simulator.embeddings.wordllama import WordLlamaEmbedder
from simulator.llm.open import open_model
from simulator.llm.spec import parse_spec
from simulator.models.message import Message
from simulator.prompts.template import load_prompt
from simulator.roles.assistant import AssistantInput, assistant
from simulator.roles.draft import Draft, draw, together
from simulator.roles.role import RoleContext
from simulator.roles.user import UserInput, user
from simulator.settings import Settings

TALKS = (
    (
        "a retired bus driver who breeds racing pigeons behind his terraced house",
        "Two of my young pigeons came home late and thin. How should I feed them this week?",
        "You can feed them a mix of pellets and seeds. Give them fresh water and a quiet place to rest.",
    ),
    (
        "a Kubernetes administrator for a regional bank who is on call every second week",
        "Our pods restart every night at two. Where should I look first?",
        "Look at the log of the first pod that restarts. It usually shows whether the memory ran out.",
    ),
    (
        "a teenage skateboarder who wants to open a repair stall at the park",
        "How much money do I need to start a small skateboard repair stall?",
        "You can start with around 100 to 250 dollars, depending on the tools that you have to buy.",
    ),
    (
        "a village baker who is going blind and measures everything by feel",
        "How do I know by touch when rye dough has risen enough?",
        "Press it with a wet finger. If the dent comes back slowly, the dough is ready for the oven.",
    ),
    (
        "an olive farmer in a dry valley whose well is running low",
        "Which watering plan keeps old olive trees alive with half the water?",
        "Use drip irrigation, which brings the water to the roots. Cover the soil with straw as well.",
    ),
    (
        "a lock keeper on a rural canal who logs every boat by hand",
        "How can I keep a paper log of boats from getting ruined by rain and damp?",
        "Use a plastic folder for each page. A pencil is better than ink when the air is wet.",
    ),
    (
        "a landlord of six flats who hates paperwork and lawyers",
        "A tenant has not paid for two months. What should I write to him?",
        "Write him a short letter that names the amount and the date. Send it by registered post.",
    ),
    (
        "a wedding violinist whose left hand hurts after long evenings",
        "What stretches help a violinist's left hand before a long evening of playing?",
        "Stretch the fingers slowly before you play. Begin with the little finger and hold it for ten seconds.",
    ),
)


def cases(side: str) -> list[Any]:
    """Return the inputs of each talk's next turn."""
    inputs: list[Any] = []
    for persona, opener, answer in TALKS:
        asked, answered = Message(role="user", content=opener), Message(role="assistant", content=answer)
        if side == "user":
            inputs.append(UserInput(persona=persona, history=(asked, answered), turn=2))
        else:
            inputs.append(AssistantInput(history=(asked,)))
    return inputs


def flaw(context: RoleContext[Any, Any], inputs: Any, draft: Draft[Any]) -> str | None:
    """Return what is wrong with a draft, as the role machine would say."""
    if draft.value is None:
        return draft.attempt.flaw if draft.attempt else "invalid"
    value = context.role.tidy(draft.value) if context.role.tidy else draft.value
    return next((check.name for check in context.role.checks if check.test(inputs, value)), None)


async def measure(context: RoleContext[Any, Any], side: str, drafts: int, show: bool) -> None:
    """Draw the turns and print how many pass."""
    flaws, start = Counter[str](), time.perf_counter()
    for number, inputs in enumerate(cases(side)):
        drawn = await together([draw(context, inputs, number, place) for place in range(drafts)])
        for draft in drawn:
            found = flaw(context, inputs, draft)
            flaws[found or "passed"] += 1
            if show:
                print(f"  {found or 'passed':20} {draft.raw}")
    seconds = time.perf_counter() - start
    print(f"{side}: {flaws.pop('passed', 0)} of {drafts * len(TALKS)} passed in {seconds:.0f} s; {dict(flaws)}")


async def main() -> None:
    """Measure the sides that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--model", default="local")
    parser.add_argument("--drafts", type=int, default=4)
    parser.add_argument("--side", choices=["user", "assistant"])
    parser.add_argument("--prompts", choices=["small", "standard"])
    parser.add_argument("--show", action="store_true")
    given = parser.parse_args()
    spec = parse_spec(given.model, profile=given.prompts)
    async with open_model(spec, Settings.from_environ()) as model:
        for side, role in (("user", user()), ("assistant", assistant())):
            if given.side in (None, side):
                context = RoleContext[Any, Any](role, load_prompt(side, spec.profile), model, WordLlamaEmbedder())
                await measure(context, side, given.drafts, given.show)


if __name__ == "__main__":
    asyncio.run(main())
