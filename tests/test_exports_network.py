"""The graph's exports, read back by NetworkX, igraph, the standard library and, for the page, a browser's rules."""

from __future__ import annotations

import asyncio
import base64
import csv
import hashlib
import html.parser
import json
import re
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import networkx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator.errors import ExportError
from simulator.exports import network_page
from simulator.exports.formats import FORMATS
from simulator.exports.network_page import page
from simulator.exports.network_rows import Around
from simulator.models.persona import Persona, persona_id
from simulator.models.relation import Relation
from simulator.population.graph.relationship_graph import RelationshipGraph
from simulator.runs.entry import Entry
from simulator.runs.ledger import Ledger

HOSTILE = [
    "a \"quoted\" 'baker' & <brewer> who says ]]> and </script><script>alert(1)</script> <!--",
    '=HYPERLINK("http://evil.example") who sums +1 -2 @3',
    "+49 a caller\twith tabs\nand lines\r\nand returns \u2028 line \u2029 separators",
    "- a \x00 nun \x07 with \x1b[31m control \x0b characters \ufffe and \uffff",
    "@lias, 木の職人 who paints 🎭 masks",
]
IDS = [persona_id(text) for text in HOSTILE]
CLEAN = [re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", "\ufffd", text) for text in HOSTILE]
EDGES = [(0, 1, 'sister "S" & <co>'), (0, 1, "=neighbour"), (1, 2, "rival"), (2, 0, "mentor\x01"), (0, 3, "friend")]


def people(texts: list[str]) -> list[Persona]:
    return [
        Persona(
            id=persona_id(text), text=text, hop=min(n, 6), origin="import", source=f"=file\x02:{n}", question="read",
            attributes={"domain, top": text} if n == 0 else {},
        )
        for n, text in enumerate(texts)
    ]  # fmt: skip


def relations(ids: list[str]) -> list[Relation]:
    return [Relation(source=ids[a], target=ids[b], name=name, kind="rival", hop=1) for a, b, name in EDGES]


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    with Ledger.open(tmp_path_factory.mktemp("run") / "ledger.sqlite", create=True) as ledger:
        entry = Entry(unit=None, result=None, personas=people(HOSTILE), relations=relations(IDS))
        asyncio.run(ledger.commit([entry]))
        yield ledger


def written(ledger: Ledger, folder: Path, to: str, *names: str) -> list[Path]:
    assert dict(FORMATS[to].write(ledger, folder)) == {"personas": 5, "relations": 5}
    assert sorted(path.name for path in folder.iterdir()) == sorted(names)
    return [folder / name for name in names]


def test_graphml_is_read_by_networkx(ledger: Ledger, tmp_path: Path) -> None:
    (path,) = written(ledger, tmp_path, "graphml", "graph.graphml")
    network = networkx.read_graphml(path)
    assert network.is_directed()
    assert list(network) == IDS
    for id, text, hop in zip(IDS, CLEAN, range(5), strict=True):
        assert (network.nodes[id]["text"], network.nodes[id]["hop"]) == (text, hop)
    assert json.loads(network.nodes[IDS[0]]["attributes"]) == {"domain, top": HOSTILE[0]}
    told = [(IDS.index(a), IDS.index(b), edge["relation"]) for a, b, edge in network.edges(data=True)]
    assert sorted(told) == sorted((a, b, name.replace("\x01", "\ufffd")) for a, b, name in EDGES)


def test_graphml_is_read_by_igraph(ledger: Ledger, tmp_path: Path) -> None:
    igraph = pytest.importorskip("igraph")
    (path,) = written(ledger, tmp_path, "graphml", "graph.graphml")
    network = igraph.Graph.Read_GraphML(str(path))
    assert network.is_directed()
    assert network.vs["id"] == IDS
    # XML readers see a carriage return only where it is written as a reference; igraph keeps it.
    assert network.vs["text"] == CLEAN
    assert [int(hop) for hop in network.vs["hop"]] == [0, 1, 2, 3, 4]
    assert [edge.tuple for edge in network.es] == [(a, b) for a, b, _ in EDGES]
    assert network.es["kind"] == ["rival"] * 5


def test_gexf_is_read_by_networkx(ledger: Ledger, tmp_path: Path) -> None:
    (path,) = written(ledger, tmp_path, "gexf", "graph.gexf")
    network = networkx.read_gexf(path, version="1.3")
    assert network.is_directed()
    assert [network.nodes[id]["label"] for id in IDS] == CLEAN
    assert [network.nodes[id]["hop"] for id in IDS] == [0, 1, 2, 3, 4]
    assert sorted(edge["label"] for _, _, edge in network.edges(data=True)) == sorted(
        name.replace("\x01", "\ufffd") for _, _, name in EDGES
    )


def test_gexf_has_the_structure_of_the_format(ledger: Ledger, tmp_path: Path) -> None:
    """GEXF 1.3: meta and one graph; attributes, nodes, edges in it; values of declared attributes and of their type."""
    (path,) = written(ledger, tmp_path, "gexf", "graph.gexf")
    root = ElementTree.parse(path).getroot()
    ns = "{http://gexf.net/1.3}"
    assert (root.tag, root.get("version")) == (f"{ns}gexf", "1.3")
    assert [child.tag for child in root] == [f"{ns}meta", f"{ns}graph"]
    graph = root.find(f"{ns}graph")
    assert graph is not None
    assert set(graph.attrib) <= {
        "mode",
        "defaultedgetype",
        "idtype",
        "timeformat",
        "timerepresentation",
        "start",
        "end",
    }
    assert [child.tag.removeprefix(ns) for child in graph] == ["attributes", "attributes", "nodes", "edges"]
    declared = {
        block.get("class"): {one.get("id"): one.get("type") for one in block}
        for block in graph.findall(f"{ns}attributes")
    }
    kinds = {"node": graph.findall(f"{ns}nodes/{ns}node"), "edge": graph.findall(f"{ns}edges/{ns}edge")}
    known = {node.get("id") for node in kinds["node"]}
    assert len(known) == 5
    assert len({edge.get("id") for edge in kinds["edge"]}) == 5
    assert all({edge.get("source"), edge.get("target")} <= known for edge in kinds["edge"])
    for kind, elements in kinds.items():
        for element in elements:
            assert [child.tag for child in element] == [f"{ns}attvalues"]
            for value in element[0]:
                type_ = declared[kind][value.get("for")]
                assert type_ == "string" or (
                    type_ == "integer" and str(int(value.get("value") or "")) == value.get("value")
                )


def test_node_link_is_read_by_networkx(ledger: Ledger, tmp_path: Path) -> None:
    (path,) = written(ledger, tmp_path, "node-link", "graph.json")
    network = networkx.node_link_graph(json.loads(path.read_bytes()), edges="edges")
    assert (network.is_directed(), network.is_multigraph()) == (True, True)
    assert [network.nodes[id]["text"] for id in IDS] == CLEAN
    assert network.nodes[IDS[0]]["attributes"] == {"domain, top": HOSTILE[0]}
    assert network.edges[IDS[0], IDS[1], "=neighbour"] == {"relation": "=neighbour", "kind": "rival", "hop": 1}
    assert network.number_of_edges() == 5


def test_no_cell_of_the_tables_is_a_formula(ledger: Ledger, tmp_path: Path) -> None:
    paths = written(ledger, tmp_path, "csv", "nodes.csv", "edges.csv")
    nodes, edges = (list(csv.DictReader(path.open(encoding="utf-8", newline=""))) for path in paths)
    assert list(nodes[0]) == ["id", "label", "hop", "origin", "question", "source", "attributes"]
    assert list(edges[0]) == ["source", "target", "label", "kind", "hop"]
    for row in [*nodes, *edges]:
        assert not any(cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row.values())
    assert [row["label"].removeprefix("'") for row in nodes] == CLEAN
    assert [row["id"] for row in nodes] == IDS
    assert edges[1]["label"] == "'=neighbour"


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=40).filter(str.strip))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_survives_xml_and_csv(tmp_path: Path, text: str) -> None:
    (tmp_path / "ledger.sqlite").unlink(missing_ok=True)
    with Ledger.open(tmp_path / "ledger.sqlite", create=True) as ledger:
        asyncio.run(ledger.commit([Entry(unit=None, result=None, personas=people([text]))]))
        for to in ("graphml", "gexf", "csv"):
            FORMATS[to].write(ledger, tmp_path)
    clean = re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", "\ufffd", text)
    assert networkx.read_graphml(tmp_path / "graph.graphml").nodes[persona_id(text)]["text"] == clean
    assert networkx.read_gexf(tmp_path / "graph.gexf", version="1.3").nodes[persona_id(text)]["label"] == clean
    with (tmp_path / "nodes.csv").open(encoding="utf-8", newline="") as file:
        assert next(csv.DictReader(file))["label"] in (clean, f"'{clean}")


@pytest.mark.parametrize("to", ["graphml", "gexf", "node-link", "csv", "graph-html"])
def test_a_run_without_personas_leaves_no_file(tmp_path: Path, to: str) -> None:
    with (
        Ledger.open(tmp_path / "ledger.sqlite", create=True) as empty,
        pytest.raises(ExportError, match="no personas yet"),
    ):
        FORMATS[to].write(empty, tmp_path / "out")
    assert not (tmp_path / "out").exists()


# -- the page ----------------------------------------------------------------------------------------------------


class Elements(html.parser.HTMLParser):
    """What a browser makes of a page: its elements, and the text of each script."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self._open = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "script":
            self.scripts.append("")
            self._open = True

    def handle_endtag(self, tag: str) -> None:
        self._open = False

    def handle_data(self, data: str) -> None:
        if self._open:
            self.scripts[-1] += data


def test_the_page_holds_every_text_as_data_and_nothing_else(ledger: Ledger, tmp_path: Path) -> None:
    (path,) = written(ledger, tmp_path, "graph-html", "graph.html")
    text = path.read_text(encoding="utf-8")
    found = Elements(text)
    assert [attributes.get("type") for tag, attributes in found.tags if tag == "script"] == ["application/json", None]
    data = json.loads(found.scripts[0])
    assert [row[:2] for row in data["personas"]] == [list(pair) for pair in zip(IDS, CLEAN, strict=True)]
    assert [[data["names"][row[2]], *row[:2]] for row in data["relations"]][1] == ["=neighbour", 0, 1]
    assert data["note"] == ""
    for letter in "<>&\u2028\u2029":
        assert letter not in found.scripts[0]


def test_the_page_fetches_nothing_and_runs_no_other_script(ledger: Ledger, tmp_path: Path) -> None:
    (path,) = written(ledger, tmp_path, "graph-html", "graph.html")
    found = Elements(path.read_text(encoding="utf-8"))
    assert [name for _, attributes in found.tags for name in attributes if name in ("src", "href", "srcset")] == []
    policy = next(a["content"] for tag, a in found.tags if tag == "meta" and a.get("http-equiv"))
    assert policy is not None
    assert policy.startswith("default-src 'none'")
    digest = base64.b64encode(hashlib.sha256(found.scripts[-1].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy
    for danger in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "fetch(", "import("):
        assert danger not in found.scripts[-1]


def test_a_large_graph_is_cut_to_a_part_that_the_page_states(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network_page, "MAX_PERSONAS", 40)
    monkeypatch.setattr(network_page, "MAX_RELATIONS", 45)
    texts = [f"the person of number {n}" for n in range(200)]
    ids = [persona_id(text) for text in texts]
    edges = [(ids[0], ids[n], "friend", "friend", 1) for n in range(1, 31)]
    edges += [(ids[n], ids[n + 1], "neighbour", "neighbour", 1) for n in range(1, 180)]
    graph = RelationshipGraph.of_table(((id, text, 0) for id, text in zip(ids, texts, strict=True)), edges)
    data = json.loads(Elements(page(graph, "big </title>")).scripts[0])
    assert len(data["personas"]) == 40
    assert {row[0] for row in data["personas"]} >= set(ids[:31])
    assert len(data["relations"]) == 45
    assert "40 of 200 personas" in data["note"]
    assert "the first 45" in data["note"]
    assert data["title"] == "big </title>"
    for source, target, _, _ in data["relations"]:
        assert max(source, target) < 40


BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")
def test_a_browser_runs_the_page_and_shows_a_hostile_text_as_text(ledger: Ledger, tmp_path: Path) -> None:
    (path,) = written(ledger, tmp_path, "graph-html", "graph.html")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}/profile"]
    address = f"{path.as_uri()}#{IDS[0]}"
    done = subprocess.run(
        [str(BROWSER), *flags, "--virtual-time-budget=3000", "--dump-dom", address],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    found = Elements(done.stdout)
    assert "5 personas, 5 relations" in done.stdout
    assert len(found.scripts) == 2
    assert "&lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt;" in done.stdout
    assert {"sister", "friend"} <= set(re.findall(r"<b>(\w+)", done.stdout))


def test_the_page_around_somebody_names_them_and_whom_it_leaves_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network_page, "MAX_PERSONAS", 10)
    texts = [f"the person of number {n}" for n in range(40)]
    ids = [persona_id(text) for text in texts]
    edges = [(ids[n], ids[n + 1], "neighbour", "neighbour", 1) for n in range(39)]
    graph = RelationshipGraph.of_table(((id, text, 0) for id, text in zip(ids, texts, strict=True)), edges)
    near = json.loads(Elements(page(graph, "row", Around(ids[20], 2))).scripts[0])
    assert {row[0] for row in near["personas"]} == set(ids[18:23])
    assert "5 of 40 personas, those at most 2 steps from “the person of number 20”." in near["note"]
    assert "left out" not in near["note"]
    far = json.loads(Elements(page(graph, "row", Around(ids[20]))).scripts[0])
    assert len(far["personas"]) == 10
    assert "3 more are left out" in far["note"]
