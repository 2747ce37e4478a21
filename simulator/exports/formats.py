"""The table of formats that a run can be exported to: what ``sixhop export --to`` offers is read from here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from simulator.exports.cards import CardFormat, export_cards
from simulator.exports.conversations import ConversationFormat, export_conversations
from simulator.exports.dataset import export_dataset
from simulator.exports.functions import ToolFormat, export_modules, export_tools, export_toolsets
from simulator.exports.ink import export_ink
from simulator.exports.jsonl import export_jsonl
from simulator.exports.network import NetworkFormat, export_network
from simulator.exports.network_page import export_page
from simulator.exports.network_rows import Around
from simulator.exports.parquet import export_parquet
from simulator.exports.scenario_facts import facts_of
from simulator.exports.xlam import export_xlam
from simulator.models.conversation import Conversation
from simulator.models.npc import Npc
from simulator.models.tool import Tool, Toolset
from simulator.models.world import World

if TYPE_CHECKING:
    from simulator.runs.ledger import Ledger

__all__ = ["FORMATS", "Format"]


@dataclass(frozen=True)
class Format:
    """One format.

    Attributes:
        name: As the user types it.
        about: What comes out, in a few words.
        folder: Where it goes within the run directory, unless the user names another place.
        write: Writes the rows of a ledger into a folder and returns how many rows each file or kind got.
        write_around: The same of a part of the relationship graph; ``None`` for what is not the graph.
        write_talks: The same of conversations, with their forks (which ``write`` leaves out) or not, and with the ids
            of conversation and persona or not; ``None`` for other formats.
        write_licensed: The same of a data set, with the licence that its card names; ``None`` for other formats.
        file: The one file that is written in the folder; empty where there are several.
    """

    name: str
    about: str
    folder: str
    write: Callable[[Ledger, Path], Mapping[str, int]]
    write_around: Callable[[Ledger, Path, Around], Mapping[str, int]] | None = None
    write_talks: Callable[[Ledger, Path, bool, bool], Mapping[str, int]] | None = None
    write_licensed: Callable[[Ledger, Path, str], Mapping[str, int]] | None = None
    file: str = ""


Writer = Callable[["Ledger", Path], Mapping[str, int]]


def _cast(ledger: Ledger) -> tuple[list[Npc], World | None]:
    """Return the NPCs and their world."""
    worlds = [World.model_validate(body) for _, body in ledger.inputs("world")]
    return [Npc.model_validate(body) for body in ledger.products("npc")], worlds[0] if worlds else None


def _cards(to: CardFormat) -> Writer:
    def write(ledger: Ledger, folder: Path) -> Mapping[str, int]:
        npcs, world = _cast(ledger)
        return {"npcs": export_cards(folder, npcs, to, world)}

    return write


def _ink(ledger: Ledger, folder: Path) -> Mapping[str, int]:
    npcs, world = _cast(ledger)
    return {"npcs": export_ink(folder, npcs, world)}


def _tools(to: ToolFormat) -> Writer:
    def write(ledger: Ledger, folder: Path) -> Mapping[str, int]:
        tools = (Tool.model_validate(body) for body in ledger.products("tool"))
        return {"tools": export_tools(folder / f"tools.{to}.json", tools, to)}

    return write


def _xlam(ledger: Ledger, folder: Path) -> Mapping[str, int]:
    tools = (Tool.model_validate(body) for body in ledger.products("tool"))
    return export_xlam(folder / "tools.xlam.jsonl", tools)


def _toolsets(ledger: Ledger, folder: Path) -> Mapping[str, int]:
    tools = (Tool.model_validate(body) for body in ledger.products("tool"))
    made = export_toolsets(folder, tools, [Toolset.model_validate(body) for body in ledger.meta("toolsets", [])])
    return {"toolsets": len(made), "tools": sum(made.values())}


def _modules(ledger: Ledger, folder: Path) -> Mapping[str, int]:
    tools = (Tool.model_validate(body) for body in ledger.products("tool"))
    return {"modules": export_modules(folder, tools)}


def _talks(to: ConversationFormat, about: str) -> Format:
    file = f"conversations.{to}.jsonl"

    def write(ledger: Ledger, folder: Path, forks: bool, ids: bool) -> Mapping[str, int]:
        every = (Conversation.model_validate(body) for body in ledger.products("conversation"))
        talks = (talk for talk in every if forks or talk.forked is None)
        return export_conversations(folder / file, talks, to, facts_of(ledger), ids)

    return Format(
        to,
        about,
        "exports",
        lambda ledger, folder: write(ledger, folder, False, False),
        write_talks=write,
        file=file,
    )


def _network(to: NetworkFormat, about: str) -> Format:
    return Format(
        to,
        f"the relationship graph {about}",
        "exports",
        lambda ledger, folder: export_network(ledger, folder, to),
        lambda ledger, folder, around: export_network(ledger, folder, to, around),
    )


_TABLE = (
    Format("jsonl", "every kind of record, one file per kind", "products", export_jsonl),
    Format("parquet", "every kind of record, one Parquet file per kind", "exports/parquet", export_parquet),
    Format(
        "huggingface",
        "a data set folder: Parquet files and their card",
        "exports/dataset",
        export_dataset,
        write_licensed=export_dataset,
    ),
    _talks("messages", "conversations as OpenAI's API takes them"),
    _talks("messages-trl", "the same with arguments of calls as objects, for TRL"),
    _talks("sharegpt", "conversations as LLaMA-Factory and Axolotl take them"),
    _talks("alpaca", "the first turn of each conversation and its answer"),
    Format("openai", "tools as a chat completion's 'tools'", "exports", _tools("openai"), file="tools.openai.json"),
    Format(
        "openai-strict",
        "the same, with arguments held to the schema",
        "exports",
        _tools("openai-strict"),
        file="tools.openai-strict.json",
    ),
    Format("openai-toolsets", "the same, a file for each toolset", "exports/toolsets", _toolsets),
    Format("mcp", "tools as the answer to MCP's tools/list", "exports", _tools("mcp"), file="tools.mcp.json"),
    Format(
        "langchain",
        "tools as LangChain's StructuredTool takes them",
        "exports",
        _tools("langchain"),
        file="tools.langchain.json",
    ),
    Format("xlam", "worked examples of the tools: query, tools, answers", "exports", _xlam, file="tools.xlam.jsonl"),
    Format("python", "the code of the tools, a module each", "exports/tools-python", _modules),
    Format("card-v2", "NPCs as Character Card V2, JSON", "exports/cards-v2", _cards("v2")),
    Format("card-v3", "NPCs as Character Card V3, JSON", "exports/cards-v3", _cards("v3")),
    Format("card-png", "NPCs as pictures that hold both cards", "exports/cards-png", _cards("png")),
    Format("ink", "NPCs as a playable ink story of greetings and quests", "exports/ink", _ink, file="story.ink"),
    Format("charx", "NPCs as CHARX: card and picture in one file", "exports/cards-charx", _cards("charx")),
    _network("graphml", "for yEd, igraph, NetworkX"),
    _network("gexf", "for Gephi"),
    _network("node-link", "as JSON for NetworkX and D3"),
    _network("csv", "as nodes.csv and edges.csv"),
    Format(
        "graph-html",
        "the relationship graph as one page to look around in",
        "exports",
        export_page,
        export_page,
        file="graph.html",
    ),
)
FORMATS: Mapping[str, Format] = {one.name: one for one in _TABLE}
