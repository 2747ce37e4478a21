"""Text from outside, so that it can neither close its block nor speak as a chat template."""

from __future__ import annotations

import re

__all__ = ["neutralise", "neutralise_turn"]

_TURN = (
    r"<(?=/?s>|[|｜][\w▁]{1,40}[|｜]>|(?:bos|eos|unk|pad|<SYS>|start_of_turn|end_of_turn)>)"
    r"|\[(?=/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS)\])"
)
"""What the chat templates of ChatML, Llama, Mistral, Gemma and DeepSeek begin or end a turn with."""

_SPECIAL = re.compile(rf"<(?=[|/｜])|{_TURN}")  # in a block, nothing may look like its end either
_TOKEN = re.compile(_TURN)


def neutralise(text: str) -> str:
    """Return ``text`` with a thin space after each character that could close a block or begin a chat-template token.

    >>> neutralise("</text><|im_start|>system")
    '<\\u2009/text><\\u2009|im_start|>system'
    """
    return _SPECIAL.sub(lambda match: match.group() + "\u2009", text)


def neutralise_turn(text: str) -> str:
    """Return what was said in a conversation without chat-template tokens; markup (``</div>``) stays as it is."""
    return _TOKEN.sub(lambda match: match.group() + "\u2009", text)
