"""The tool designer: what a persona needs that a language model cannot do alone (Persona Hub, section 4.6)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from simulator.embeddings.protocol import Embedder
from simulator.models.base import normalise_text
from simulator.models.persona import persona_id
from simulator.models.tool import Tool
from simulator.roles.checks import sentence
from simulator.roles.choice import agreement
from simulator.roles.role import Role
from simulator.roles.tool_checks import tool_checks
from simulator.roles.tool_draft import VERBS, ParameterDraft, ToolBrief, ToolDraft, name_of, phrase
from simulator.roles.tool_parts import Operation, Terms, chosen_operation, offered, query_of, with_operation
from simulator.roles.tool_sense import sensible
from simulator.roles.tool_worked import built, worked_checks
from simulator.tools.derive import completed, request_of
from simulator.tools.toolset import tool_id, tool_text
from simulator.tools.vocabulary import EVERYDAY, Vocabulary

__all__ = ["ToolBrief", "ToolDraft", "finished", "to_tool", "tool_designer", "tool_text"]

_NOT_NAME = re.compile(r"[^a-z0-9]+")
_LEAD = re.compile(r"^(?:this|the) person needs to ", re.IGNORECASE)


def tool_designer() -> Role[ToolBrief, ToolDraft]:
    """Return the role that designs one tool for one persona."""
    return Role(
        name="tool_designer",
        inputs=ToolBrief,
        output=ToolDraft,
        values=_values,
        checks=(*tool_checks(), *worked_checks()),
        score=_score,
        choices=_choices,
        tidy=_tidy,
    )


def to_tool(draft: ToolDraft, brief: ToolBrief) -> Tool:
    """Return the product. Its id depends on what it is, not on who asked for it, so that equal tools are one."""
    return finished(draft, persona_id(brief.persona), chosen_operation(draft.description, draft.need, {}), {})


def finished(
    draft: ToolDraft, asker: str, operation: Operation | None, terms: Terms, words: Vocabulary = EVERYDAY
) -> Tool:
    """Return the tool that a draft describes, with what its operation knows and what rules can make.

    Args:
        draft: What the designer answered.
        asker: The id of the persona who asked for it.
        operation: The one that was chosen; ``None`` where the designer wrote.
        terms: What the operation's variables stand for.
        words: The names that made-up values use.
    """
    tool = built(draft, personas=(asker,))
    tool = tool.model_copy(update={"id": tool_id(tool)})
    if operation is None:
        return completed(tool, words)

    def request(tool: Tool, arguments: dict[str, Any]) -> str:
        return query_of(operation, draft.need, arguments) or request_of(tool, arguments)

    return completed(with_operation(tool, draft, operation, terms), words, request)


def _choices(brief: ToolBrief, field: str, done: Mapping[str, Any]) -> Sequence[str]:
    if field == "need" or not brief.needs:
        return brief.needs if field == "need" else ()
    return offered(field, done, {}, seed=[brief.persona, *brief.needs])


def _values(brief: ToolBrief) -> Mapping[str, str]:
    return {
        "persona": normalise_text(brief.persona).rstrip("."),
        "avoid": ", ".join(brief.avoid) or "none",
        "verbs": ", ".join(VERBS),
    }


async def _score(brief: ToolBrief, drafts: Sequence[ToolDraft], embedder: Embedder) -> Sequence[float]:
    """Say how good the drafts are: near to the persona, of one piece, and what other drafts say too.

    The mean of three cosines, -1 to 1: tool to persona, arguments and result to tool, and draft to the other drafts.
    The last one keeps the odd ideas out that a small model has now and then, however near their words are.
    """
    tools = [f"{draft.need} {phrase(draft.name)} {draft.description}".strip() for draft in drafts]
    details = [" ".join((*map(_shown, draft.parameters), draft.returns)).strip() for draft in drafts]
    details = [detail or tool for detail, tool in zip(details, tools, strict=True)]
    person, *vectors = await embedder.embed([brief.persona, *tools, *details])
    first, second = np.stack(vectors[: len(drafts)]), np.stack(vectors[len(drafts) :])
    scores = (first @ person + (first * second).sum(axis=1) + agreement(second)) / 3
    return [float(score) for score in scores]


def _shown(parameter: ParameterDraft) -> str:
    return f"{phrase(parameter.name)} {parameter.description}"


def _tidy(draft: ToolDraft) -> ToolDraft:
    """Mend what needs no judgement: the name's spelling, quotes, the full stop at the end of a phrase.

    A name that was not asked for (small models cannot spell one) is made of the description. Of several parameters
    those that make no sense are left out.
    """
    description = sentence(_plain(draft.description))
    mended = draft.model_copy(
        update={
            "need": _LEAD.sub("", _plain(draft.need)).rstrip("."),
            "name": _NOT_NAME.sub("_", draft.name.strip().lower()).strip("_") or name_of(description),
            "description": description,
            "returns": sentence(_plain(draft.returns)),
        }
    )
    return mended.model_copy(update={"parameters": sensible(mended)})


def _plain(text: str) -> str:
    return normalise_text(text).strip("\"'`“”")
