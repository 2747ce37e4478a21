"""The support desk of a small mail-order shop, as a LangGraph agent with two tools. It needs no model.

``graph`` is the agent; ``careless_graph`` is the same with a planted defect, for ``sixhop compare``: with the order
number it forgets what the customer said before.

    sixhop test scenarios/support-desk.yaml --out runs/desk
    sixhop test scenarios/support-desk.yaml --out runs/careless --cast-of runs/desk \
        --assistant agents/support_desk.py:careless_graph
    sixhop compare runs/desk runs/careless
"""

from __future__ import annotations

import operator
import re
from typing import Annotated, Any, Literal

from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langgraph.graph import END, START, MessagesState, StateGraph

ORDERS: dict[str, dict[str, str]] = {
    "4471": {"thing": "a copper kettle", "state": "on its way", "due": "Thursday"},
    "5180": {"thing": "two stoneware mugs", "state": "delivered", "due": "last Friday"},
    "7326": {"thing": "a set of wood chisels", "state": "being packed", "due": "Monday"},
}
_NUMBER = re.compile(r"\b\d{4}\b")
_WANTS = (
    (
        "return",
        re.compile(
            r"\b(?:broke|in pieces|crack|chipped|damage|smash|shatter|refund|money back|replace|return)", re.IGNORECASE
        ),
    ),
    (
        "cancel",
        re.compile(r"\b(?:cancel|do not want|don't want|no longer (?:want|need)|changed my mind)", re.IGNORECASE),
    ),
    (
        "hours",
        re.compile(
            r"\b(?:open|opening|close[sd]?|hours?|visit|weekends?|saturdays?|sundays?|counter|shop|collect)\b",
            re.IGNORECASE,
        ),
    ),
    (
        "track",
        re.compile(r"\b(?:where|when|late|arriv|deliver|parcel|package|kettle|shipp?|track|way|come)", re.IGNORECASE),
    ),
)
_WEEKEND = re.compile(r"\b(?:saturdays?|sundays?|weekends?)\b", re.IGNORECASE)
_ENDS = re.compile(r"\b(?:bye|goodbye|that is all|that's all|nothing else|thanks?(?: you)?[.!]?$)", re.IGNORECASE)


class DeskState(MessagesState, total=False):
    """What the desk knows of one customer.

    Attributes:
        order: The order that they speak of.
        want: What they want: ``track``, ``return``, ``cancel`` or ``hours``.
        cases: What was opened for them.
    """

    order: str
    want: str
    cases: Annotated[list[dict[str, str]], operator.add]


def find_order(order: str) -> dict[str, str]:
    """Return what the shop knows of an order."""
    return ORDERS.get(order, {"state": "unknown"})


def open_case(order: str, kind: str) -> dict[str, str]:
    """Open a case for an order and return its number."""
    return {"case": f"{kind[:1].upper()}-{order}", "order": order, "kind": kind}


def listen(state: DeskState) -> dict[str, Any]:
    """Take the order number and the wish from the customer's message; what was said before still counts."""
    said = state["messages"][-1].text
    order = _NUMBER.search(said)
    want = next((name for name, words in _WANTS if words.search(said)), "")
    known = state.get("want", "")
    if known in ("return", "cancel") and want in ("track", "hours"):
        want = known  # a question in between does not change what they came for
    return {"order": order.group() if order else state.get("order", ""), "want": want or known}


def listen_carelessly(state: DeskState) -> dict[str, Any]:
    """Do the same, with the defect: with an order number, a new matter begins and the old one is forgotten."""
    found = listen(state)
    if found["order"] != state.get("order", ""):
        found["want"] = next((name for name, words in _WANTS if words.search(state["messages"][-1].text)), "")
    return found


def route(state: DeskState) -> Literal["look_up", "answer"]:
    """Look the order up once it is known and matters."""
    return "look_up" if state.get("order") and state.get("want") not in ("", "hours") else "answer"


def look_up(state: DeskState) -> dict[str, Any]:
    """Call the tools: find the order, and open a case where the customer wants something done."""
    order, want, number = state["order"], state["want"], len(state["messages"])
    calls = [{"name": "find_order", "args": {"order": order}, "id": f"find-{number}"}]
    results = [str(find_order(order))]
    cases = []
    opened = any(case["order"] == order and case["kind"] == want for case in state.get("cases", []))
    if want in ("return", "cancel") and order in ORDERS and not opened:
        calls.append({"name": "open_case", "args": {"order": order, "kind": want}, "id": f"open-{number}"})
        cases.append(open_case(order, want))
        results.append(str(cases[-1]))
    answers = [
        ToolMessage(result, tool_call_id=call["id"], name=call["name"])
        for call, result in zip(calls, results, strict=True)
    ]
    return {"messages": [AIMessage("", tool_calls=calls), *answers], "cases": cases}


def answer(state: DeskState) -> dict[str, Any]:
    """Say what follows."""
    asked = next(message for message in reversed(state["messages"]) if isinstance(message, HumanMessage))
    if _ENDS.search(asked.text.strip()):
        return {"messages": [AIMessage("You are welcome. Goodbye, and write again if anything comes up.")]}
    return {"messages": [AIMessage(_sentence(state, asked.text))]}


def _sentence(state: DeskState, asked: str) -> str:
    order, want = state.get("order", ""), state.get("want", "")
    if want == "hours":
        if _WEEKEND.search(asked):
            return "On Saturday the counter is open until noon; on Sunday we are closed."
        return "Our counter at Mill Lane 3 is open from nine to five, Monday to Friday."
    if not want:
        thanks = f"Thank you, I have order {order} in front of me. " if order else ""
        return f"{thanks}What can I do for you: is it about a delivery, a return, or our opening hours?"
    if not order:
        return "I am sorry for the trouble. Which order is it about? The number has four digits and is on your receipt."
    found = find_order(order)
    if found["state"] == "unknown":
        return f"I find no order {order}. Could you look at the receipt again and send me the four digits?"
    if want == "return":
        return f"I have opened return R-{order} for {found['thing']}. Your refund is paid within five days."
    if want == "cancel":
        return f"Order {order}, {found['thing']}, is cancelled, and nothing will be charged."
    return f"Order {order}, {found['thing']}, is {found['state']}; the day for it is {found['due']}."


def _build(listener: Any) -> Any:
    desk: Any = StateGraph(DeskState)
    for name, node in (("listen", listener), ("look_up", look_up), ("answer", answer)):
        desk.add_node(name, node)
    desk.add_edge(START, "listen")
    desk.add_conditional_edges("listen", route)
    desk.add_edge("look_up", "answer")
    desk.add_edge("answer", END)
    return desk.compile(name="support desk")


graph = _build(listen)
careless_graph = _build(listen_carelessly)
