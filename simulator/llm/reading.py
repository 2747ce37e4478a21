"""Reading what a chat completion endpoint answered: is it one, and what does it say?"""

from __future__ import annotations

import math
from typing import Any

from simulator.errors import CutReply, EndpointBusy, EndpointRefused, InvalidReply, RefusedReply
from simulator.models.message import Reply, Usage
from simulator.transport.body import MOST_DEPTH, clean, decode, shorten, too_deep
from simulator.transport.limiter import Outcome
from simulator.transport.setback import HOPELESS, TRANSIENT, Answer, Place, Setback, kept

__all__ = ["CUT", "check_completion", "repair_completion", "usable", "without_reasoning"]

DONE = frozenset({"stop", "eos", "eos_token", "end_turn", "stop_sequence", "complete", "completed"})
CUT = frozenset({"length", "max_tokens", "max_length", "model_length"})
REFUSED = frozenset({"content_filter", "refusal", "safety", "recitation", "blocklist", "prohibited_content"})

MOST_TOKENS = 10_000_000
"""A count above this is a server's mistake: no context is as long."""

_OPEN, _CLOSE = "<think>", "</think>"


def usable(reply: Reply) -> Reply:
    """Return ``reply`` if it is a whole answer.

    Fresh and stored replies go through here alike, so that a run which is resumed ends as it would have.

    Raises:
        CutReply: It was stopped by a length limit.
        RefusedReply: The model or a content filter refused.
        InvalidReply: It is empty, nothing but reasoning, or ended for a reason that is not known to mean completion.
    """
    finish = reply.finish.lower()
    if finish in CUT:
        raise CutReply(f"{reply.model!r} was stopped by its length limit; raise max_tokens or ask for less", reply.text)
    if finish in REFUSED:
        raise RefusedReply(f"{reply.model!r} refused ({reply.finish}): {shorten(reply.text, 200)!r}", reply.text)
    if finish not in DONE:
        text = f"{reply.model!r} ended with finish reason {reply.finish!r}, which does not say that the reply is whole"
        raise InvalidReply(text, reply.text)
    if not reply.text.strip():
        raise InvalidReply(f"{reply.model!r} sent an empty reply", reply.text)
    if reply.text.lstrip().startswith(_OPEN):
        raise InvalidReply(f"{reply.model!r} sent its reasoning and no answer", reply.text)
    return reply


def without_reasoning(text: str) -> str:
    """Return ``text`` without the ``<think>`` block before the answer.

    The opening tag may be missing (some chat templates put it into the prompt). A block that never ends is left as it
    is: :func:`usable` tells what happened.
    """
    head, found, answer = text.partition(_CLOSE)
    return answer.lstrip() if found and (head.lstrip().startswith(_OPEN) or _OPEN not in head) else text


def check_completion(answer: Answer, place: Place) -> Setback | None:
    """Return what is wrong with a 2xx answer; ``None`` when it is a chat completion."""
    try:
        body, _ = decode(answer.data)
    except ValueError:
        return _not_json(answer, place)
    error = body.get("error") if isinstance(body, dict) else None
    if error:
        return _error_body(answer, error, place)
    flaw = _flaw(body)
    if flaw is None:
        return None
    text = f"{place.host} answered without a reply: {flaw}"
    return Setback(InvalidReply(text, kept(answer.data, place)), again=True)


def repair_completion(data: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a checked answer's body, safe for LangChain and for storage, and what to remember of it.

    Only the first choice is kept; its text is cleaned and freed of reasoning; a usage that makes no sense counts as 0.

    Returns:
        The body, and ``{"repaired": ..., "refusal": ..., "reasoned": ...}``.
    """
    body, repaired = decode(data)
    choice = body["choices"][0]
    message = choice["message"]
    refusal = message.get("refusal")
    text = _text(message.get("content"))
    answer = without_reasoning(clean(text or (refusal if isinstance(refusal, str) else "")))
    usage = _usage(body.get("usage"))
    safe = {
        "id": str(body.get("id") or ""),
        "model": clean(str(body.get("model") or "")),
        "choices": [
            {
                "finish_reason": clean(str(choice.get("finish_reason") or "unknown")),
                "message": {"role": "assistant", "content": answer, "tool_calls": _tool_calls(message)},
            }
        ],
        "usage": {
            "prompt_tokens": usage.prompt,
            "completion_tokens": usage.completion,
            "total_tokens": usage.prompt + usage.completion,
            "prompt_tokens_details": {"cached_tokens": usage.cached},
        },
    }
    known = {
        "repaired": repaired or clean(text) != text,
        "refusal": bool(refusal) and not text,
        "reasoned": _reasoned(message, text, body.get("usage")),
    }
    return safe, known


def _reasoned(message: dict[str, Any], text: str, usage: Any) -> bool:
    """Return whether the model reasoned before it answered: by its usage, or by what servers give apart or as text."""
    details = usage.get("completion_tokens_details") if isinstance(usage, dict) else None
    counted = isinstance(details, dict) and _count(details.get("reasoning_tokens")) > 0
    return counted or bool(message.get("reasoning_content") or message.get("reasoning")) or _OPEN in text


def _not_json(answer: Answer, place: Place) -> Setback:
    said = place.strike(shorten(answer.data.decode("utf-8", "replace"), 120))
    what = "a web page" if said.lower().startswith(("<!doctype", "<html")) else "something that is not JSON"
    text = f"{place.host} answered {answer.status} with {what}: {said!r}. If it stays so, check the URL (often .../v1)."
    return Setback(EndpointBusy(text, raw=kept(answer.data, place)), again=True)


def _error_body(answer: Answer, error: Any, place: Place) -> Setback:
    text = f"{place.host} answered {answer.status} with an error in its body: {place.strike(answer.message())}"
    code, raw = error.get("code") if isinstance(error, dict) else None, kept(answer.data, place)
    if isinstance(code, int) and 400 <= code < 500 and code not in TRANSIENT:
        text += ". The same request would be refused again."
        return Setback(EndpointRefused(text, raw=raw, hopeless=code in HOPELESS), again=False)
    outcome: Outcome = "busy" if code == 429 else "fault"
    return Setback(EndpointBusy(text, raw=raw), again=True, outcome=outcome, asked=answer.asked)


def _flaw(body: Any) -> str | None:
    if not isinstance(body, dict):
        return f"a JSON {type(body).__name__} instead of an object"
    choices = body.get("choices")
    if not isinstance(choices, list):
        return "'choices' is missing"
    if not choices:
        return "'choices' is empty"
    message = choices[0].get("message") if isinstance(choices[0], dict) else None
    if not isinstance(message, dict):
        return "its first choice has no message"
    if not isinstance(message.get("content"), str | list | None):
        return "its message's content is not text"
    return None


def _text(content: Any) -> str:
    """Return a message's text; some servers send it in parts."""
    if isinstance(content, list):
        return "".join(str(part.get("text") or "") for part in content if isinstance(part, dict))
    return content or ""


def _tool_calls(message: dict[str, Any]) -> list[Any]:
    """Return the well-formed tool calls: LangChain fails on others, and on arguments that are nested too deeply."""
    calls = message.get("tool_calls")
    return [_shallow(call) for call in calls if _is_tool_call(call)] if isinstance(calls, list) else []


def _shallow(call: Any) -> Any:
    """Return the call; of arguments that are nested too deeply the beginning, which is no JSON and told as such."""
    function = call["function"]
    if not too_deep(function["arguments"]):
        return call
    return {**call, "function": {**function, "arguments": function["arguments"][:MOST_DEPTH]}}


def _is_tool_call(call: Any) -> bool:
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(function, dict):
        return False
    return isinstance(function.get("name"), str) and isinstance(function.get("arguments"), str)


def _usage(value: Any) -> Usage:
    counts = value if isinstance(value, dict) else {}
    details = counts.get("prompt_tokens_details")
    cached = details.get("cached_tokens") if isinstance(details, dict) else 0
    prompt = _count(counts.get("prompt_tokens"))
    return Usage(prompt=prompt, completion=_count(counts.get("completion_tokens")), cached=min(prompt, _count(cached)))


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return 0
    return int(value) if 0 <= value <= MOST_TOKENS else 0
