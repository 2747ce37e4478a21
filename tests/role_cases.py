"""What tests of roles share: an embedder of letters, and a role performed with scripted replies."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import numpy as np

from graphs.role import perform_unit
from simulator.embeddings.protocol import Vectors
from simulator.llm.scripted import ScriptedModel
from simulator.models.base import Record
from simulator.models.unit import Unit, UnitResult
from simulator.prompts.template import Variant, load_prompt
from simulator.roles.role import Role, RoleContext

__all__ = ["Letters", "flaw", "perform"]


class Letters:
    """An embedder that counts letters: enough to rank texts, and the same everywhere."""

    name = "letters"

    async def embed(self, texts: Sequence[str]) -> Vectors:
        rows = [[1.0 + text.lower().count(letter) for letter in "abcdefghijklmnopqrstuvwxyz"] for text in texts]
        vectors = np.asarray(rows, dtype=np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def flaw(role: Role[Any, Any], inputs: Record, output: Any, variant: Variant = "small") -> str | None:
    """Return the name of the first check that ``output`` fails, after tidying, with that shape of the prompt."""
    prompt = load_prompt(role.name, variant)
    context = RoleContext(role, prompt, ScriptedModel([]), Letters())  # type: ignore[arg-type]
    value = context.tidied(output)
    return next((check.name for check in context.checks if check.test(inputs, value) is not None), None)


def perform(
    role: Role[Any, Any], inputs: Record, script: Any, variant: str = "standard", seed: int = 1
) -> tuple[UnitResult, ScriptedModel]:
    """Perform one unit with a scripted model and the shipped prompt."""
    model = ScriptedModel(script)
    context = RoleContext(role, load_prompt(role.name, variant), model, Letters())  # type: ignore[arg-type]
    unit = Unit(stage="test", role=role.name, inputs=inputs.model_dump(mode="json"), seed=seed)
    return asyncio.run(perform_unit(unit, context)), model
