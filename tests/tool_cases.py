"""A small set of tools that work on the same orders, for the tests of simulated calls."""

from __future__ import annotations

from simulator.models.tool import Tool, ToolError, ToolExample, ToolField, ToolParameter


def text(name: str, **said: object) -> dict[str, object]:
    return {"name": name, "type": "string", "description": f"The {name}", **said}


def tool(name: str, parameters: list[dict], result: list[dict], effect: str, **said: object) -> Tool:
    return Tool(
        id=f"f-{name}",
        personas=("p-1",),
        name=name,
        description=f"Does {name}.",
        parameters=tuple(ToolParameter.model_validate(one) for one in parameters),
        result=tuple(ToolField.model_validate(one) for one in result),
        effect=effect,  # type: ignore[arg-type]
        **said,
    )


CODE = ToolExample(
    query="Two frames", arguments={"item": "frame", "count": 2}, result={"order_number": "AB-1234", "day": "2026-05-01"}
)
ORDER = tool(
    "order_frames",
    [text("item"), {"name": "count", "type": "integer", "description": "How many", "minimum": 1, "maximum": 9}],
    [text("order_number"), text("day", format="date")],
    "adds",
)
TRACK = tool("track_order", [text("order_number")], [text("day", format="date"), text("item"), text("status")], "reads")
LIST = tool(
    "list_orders", [text("item")], [text("order_number"), text("item"), text("day", format="date")], "reads", many=True
)
CANCEL = tool("cancel_order", [text("order_number")], [text("status", enum=("cancelled",))], "removes")
SEALED = tool("seal_crate", [text("crate_id")], [text("seal", pattern="^[A-Z]{2}-[0-9]{4}$")], "changes",
    errors=(ToolError(code="crate_not_found", when="There is no such crate."),),
    examples=(ToolExample(query="Seal it", arguments={"crate_id": "1"}, result={"seal": "QX-2201"}),),
)  # fmt: skip
SET = [ORDER, TRACK, LIST, CANCEL, SEALED]
