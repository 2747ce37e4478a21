"""A run through a provider's batch endpoints, and what is left of it."""

from collections import Counter
from pathlib import Path
from typing import Any

import story

from simulator.assembly import open_run
from simulator.llm.fake_server import FakeServer

ROOT = Path(__file__).parent.parent
QUICK = {"linger_s": 0.05, "poll_s": 0.05, "least": 1}
PRICE = {"input": 2.0, "output": 10.0}


def scenario(server: FakeServer, batch: dict[str, Any] | None = None, **changes: Any):
    model = {"spec": f"{server.url}#fake", "price": PRICE, "batch": {**QUICK, **(batch or {})}}
    few = {"expand": {"hops": 1}, "conversations": None, "npcs": None, **changes}
    return story.scenario(**few, models={"default": model})


def extracting(server: FakeServer):
    """Return the scenario with batches for its sixteen texts alone: one batch, however slow the machine is."""
    chosen = scenario(server, {"most": 16, "linger_s": 10.0})
    whole = chosen.models.default
    models = {"default": whole.model_copy(update={"batch": None}), "roles": {"extractor": whole}}
    return chosen.model_copy(update={"models": chosen.models.model_copy(update=models)})


def products(root: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((root / "products").iterdir())}


def records(root: Path) -> list[tuple[Any, ...]]:
    with open_run(root) as run:
        return list(run.ledger.rows("SELECT stage, state, told FROM batches ORDER BY seq"))


def asked_once(server: FakeServer) -> bool:
    return max(Counter(key for key, _ in server.batches.asked).values()) == 1
