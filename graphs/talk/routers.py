"""Where a conversation goes next. The routers are pure.

They are coroutines only because LangGraph calls a plain function in a thread, which costs more than the function.
"""

from __future__ import annotations

from typing import Literal

from graphs.talk.judging import wants_judge
from graphs.talk.state import ConversationState, next_side

__all__ = ["after_guard", "after_judge", "after_opening"]


async def after_opening(state: ConversationState) -> Literal["user", "assistant", "partner", "npc"]:
    """Let the other side answer an opener; without one the persona begins."""
    return next_side(state)


async def after_guard(state: ConversationState) -> Literal["judge", "user", "assistant", "partner", "npc", "settle"]:
    """Ask the judge when there is something to decide; else settle when there is a reason to stop, or go on."""
    return "judge" if wants_judge(state) else await after_judge(state)


async def after_judge(state: ConversationState) -> Literal["user", "assistant", "partner", "npc", "settle"]:
    """Settle when there is a reason to stop; otherwise the other side speaks."""
    return "settle" if state.get("stop") else next_side(state)
