"""What the templates that come with Sixhop show: a reply may come from any of them, and must not copy it."""

from __future__ import annotations

from functools import cache
from typing import get_args

from simulator.prompts.template import Prompt, Variant, load_prompt

__all__ = ["shipped_prompts", "shown_replies"]


def shipped_prompts(name: str) -> tuple[Prompt, ...]:
    """Return the template of ``name`` in every shape: what comes back in a reply may come from any of them."""
    return tuple(load_prompt(name, variant) for variant in get_args(Variant))


@cache
def shown_replies(name: str, field: str) -> tuple[str, ...]:
    """Return what the examples of ``name``, in every shape, reply to ``field``: a reply must not copy it."""
    examples = (example for prompt in shipped_prompts(name) for example in prompt.examples)
    return tuple(str(example.reply[field]) for example in examples if field in example.reply)
