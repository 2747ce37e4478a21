"""``sixhop explore`` over real HTTP: what each question answers, and whom it does not answer."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources

import pytest
from cli_cases import CHILD, CONVERSATION, HERMIT, MIDWIFE, NURSE, ORIN, PILOT, SISTER, TEACHER, TOOL, TUNER, build_run
from explorer_cases import TOKEN, Site, serving

from simulator.models.persona import persona_id

FILES = {file.name: file.read_text("utf-8") for file in (resources.files("simulator.explorer") / "web").iterdir()}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with serving(build_run(tmp_path_factory.mktemp("explorer") / "run")) as site:
        yield site


def test_the_overview_counts_what_there_is(site: Site) -> None:
    told = site.told("overview")
    assert (told["name"], told["state"]) == ("harbour", "done")
    assert told["counts"]["personas"] == sum(told["hops"].values()) == 8
    assert told["hops"] == {"0": 4, "1": 2, "2": 2}
    assert told["rejections"] == [
        {"of": "persona", "why": "exact", "count": 1}, {"of": "persona", "why": "minhash", "count": 1}
    ]  # fmt: skip
    assert told["failures"] == [{"of": "relator", "why": "not_a_person", "count": 1}]
    assert {stage["stage"]: stage["units"] for stage in told["stages"]}["extract"] == 5
    assert (told["test"]["overall"]["passed"], told["test"]["overall"]["total"]) == (0, 1)
    assert [cause["whose"] for cause in told["test"]["causes"]]
    assert sum(row["calls"] for row in told["usage"]) == 9
    now = site.told("now")
    assert now == {key: told[key] for key in now}


def test_the_figures_of_the_graph(site: Site) -> None:
    told = site.told("figures")
    assert told["figures"]["relations"] == 6
    assert told["central"][0]["relations"] == 3
    assert told["central"][0]["id"] == persona_id(NURSE)


def test_people_by_words_hop_and_relations(site: Site) -> None:
    assert [one["text"] for one in site.told("people")["people"]][:4] == [PILOT, MIDWIFE, TUNER, HERMIT]
    assert site.told("people", q="NIGHT  hospital")["people"][0]["text"] == NURSE
    assert site.told("people", q="night lighthouse")["total"] == 0
    assert site.told("people", q=persona_id(TUNER)[:9])["people"][0]["text"] == TUNER
    assert {one["hop"] for one in site.told("people", hop=2)["people"]} == {2}
    assert site.told("people", order="relations")["people"][0]["id"] == persona_id(NURSE)
    assert {one["text"] for one in site.told("people", cast="true")["people"]} == {PILOT, NURSE}
    assert site.told("people", cast="true", hop=1)["total"] == 1
    assert site.told("people", page=2) == {"total": 8, "page": 2, "size": 50, "people": []}


def test_a_person_with_where_it_comes_from_and_who_is_near(site: Site) -> None:
    told = site.told("person", persona_id(PILOT))
    assert told["persona"]["text"] == PILOT
    assert told["in_cast"] is True
    assert told["source"]["kind"] == "text"
    assert [(one["relation"], one["outward"]) for one in told["relations"]["relations"]] == [
        ("younger sister", True), ("night nurse", True)
    ]  # fmt: skip
    assert told["products"]["conversation"] == 1
    sister = site.told("person", persona_id(SISTER))
    assert sister["source"] == {"kind": "persona", "id": persona_id(PILOT), "text": PILOT}
    assert site.told("person", persona_id(TEACHER))["duplicates"] == 1
    assert site.told("person", persona_id(PILOT), "relations", page=9)["relations"] == []
    assert site.told("person", "piano tuner")["persona"]["text"] == TUNER


def test_the_graph_around_a_person(site: Site) -> None:
    told = site.told("person", persona_id(PILOT), "around", hops=2)
    assert told["people"][told["centre"]]["text"] == PILOT
    assert {one["text"]: one["distance"] for one in told["people"]} == {
        PILOT: 0, SISTER: 1, NURSE: 1, MIDWIFE: 2, CHILD: 2, TEACHER: 2
    }  # fmt: skip
    assert told["rings"] == [{"distance": far, "personas": n, "shown": n} for far, n in enumerate((1, 2, 3))]
    ends = {(told["people"][one["source"]]["text"], told["people"][one["target"]]["text"]) for one in told["relations"]}
    assert (CHILD, TEACHER) in ends
    assert (PILOT, SISTER) in ends
    alone = site.told("person", persona_id(TUNER), "around", hops=6)
    assert [one["text"] for one in alone["people"]] == [TUNER]


def test_the_way_between_two_people(site: Site) -> None:
    told = site.told("path", a=persona_id(PILOT), b="village teacher")
    assert [(step["relation"], step["outward"]) for step in told["steps"]] == [
        ("night nurse", True),
        ("neighbour", True),
    ]
    assert set(told["people"]) == {persona_id(text) for text in (PILOT, NURSE, TEACHER)}
    assert site.told("path", a=persona_id(PILOT), b=persona_id(TUNER))["steps"] is None
    assert site.told("path", a=persona_id(PILOT), b=persona_id(PILOT))["steps"] == []


def test_products_are_listed_with_the_people_they_speak_of(site: Site) -> None:
    for kind, count in {
        "instructions": 2,
        "conversations": 1,
        "npcs": 1,
        "tools": 1,
        "problems": 1,
        "texts": 1,
    }.items():
        told = site.told(kind)
        assert told["total"] == len(told["records"]) == count, kind
        assert set(told["people"]) <= {persona_id(PILOT), persona_id(NURSE), persona_id(SISTER)}
        assert told["people"]
    (problem,) = site.told("problems")["records"]
    assert problem["solution"]["problem"] == problem["id"]
    assert site.told("instructions", persona=persona_id(NURSE))["total"] == 1
    assert site.told("tools", persona=persona_id(SISTER))["total"] == 1, "she asked for it too"
    assert site.told("tools", persona=persona_id(NURSE))["total"] == 0


def test_a_conversation_with_its_labels_and_outcome(site: Site) -> None:
    assert site.told("conversations", stop="max_turns", passed="false")["total"] == 1
    assert site.told("conversations", passed="true")["total"] == site.told("conversations", stop="goal")["total"] == 0
    assert [one["passed"] for one in site.told("conversations")["records"]] == [False]
    told = site.told("conversations", CONVERSATION.id)
    assert told["people"] == {persona_id(PILOT): PILOT}
    assert told["record"]["ended"] == "all turns were taken"
    assert told["record"]["turns"][3]["labels"][0]["detector"] == "near_repetition"
    assert told["record"]["outcome"]["checks"][0]["evidence"] == "not found in 2 messages"


def test_characters_and_tools_one_by_one(site: Site) -> None:
    assert site.told("npcs", ORIN.id)["record"]["ties"][0]["name"] == "Mira Sedge"
    tool = site.told("tools", TOOL.id)["record"]
    assert tool["schema"] == TOOL.input_schema()


def test_rejections_stand_beside_their_survivors(site: Site) -> None:
    told = site.told("rejections")
    assert told["total"] == 2
    near = site.told("rejections", stage="minhash", subject="persona")["records"]
    assert [(one["score"], told["people"][one["survivor"]]) for one in near] == [(0.92, TEACHER)]
    assert site.told("rejections", persona=persona_id(TUNER))["total"] == 1


def test_failures_come_with_the_raw_reply(site: Site) -> None:
    told = site.told("failures", role="relator", cause="not_a_person")
    assert [one["raw"] for one in told["records"]] == ['{"persona": "a lighthouse"}']
    assert site.told("failures", role="poser")["total"] == 0


@pytest.mark.parametrize(
    "question",
    [
        ("person", "p-ffffffffffffffff"), ("person", "nobody of that sort", "around"),
        ("conversations", "c-none"), ("npcs", "'; DROP TABLE products; --"), ("units",), ("nothing", "here"), ("person",),
        ("person", "../../../etc/passwd"), ("person", "\x00"),
    ],
)  # fmt: skip
def test_what_is_not_there_is_not_found(site: Site, question: tuple[str, ...]) -> None:
    answer = site.ask(*question)
    assert answer.status == 404
    assert answer.json["error"]


def test_an_ambiguous_name_lists_who_is_meant(site: Site) -> None:
    answer = site.ask("person", "village")
    assert answer.status == 404
    assert any("midwife" in note for note in answer.json["notes"])


@pytest.mark.parametrize(
    ("question", "params", "place"),
    [
        (("people",), {"page": 0}, "page"), (("people",), {"page": "9" * 40}, "page"), (("people",), {"page": "x"}, "page"),
        (("people",), {"hop": 7}, "hop"), (("people",), {"q": "x" * 2000}, "q"), (("people",), {"sort": "up"}, "sort"),
        (("person", PILOT, "around"), {"hops": 7}, "hops"), (("person", PILOT, "around"), {"most": 10**9}, "most"),
        (("path",), {"a": "pilot"}, "b"), (("failures",), {"persona": "pilot"}, "persona"), (("npcs",), {"stop": "goal"}, "stop"),
        (("find",), {"q": " "}, "nothing to look for"), (("failures", "u-1"), {}, "read as a list"),
    ],
)  # fmt: skip
def test_a_question_that_is_none_says_where(
    site: Site, question: tuple[str, ...], params: dict[str, object], place: str
) -> None:
    answer = site.ask(*question, **params)
    assert answer.status == 400
    assert place in answer.json["error"]


@pytest.mark.parametrize("kind", ["people", "rejections", "failures", "instructions", "conversations"])
def test_a_page_far_behind_the_last_is_empty(site: Site, kind: str) -> None:
    told = site.told(kind, page=1_000_000_000)
    assert told["total"] > 0
    assert told["people" if kind == "people" else "records"] == []


@pytest.mark.parametrize(
    "path", ["/", "/api/overview", "/wrong/", "/wrong/api/people", f"/{TOKEN}x/", f"//{TOKEN}/", "/%ff/"]
)
def test_without_the_token_nothing_is_told(site: Site, path: str) -> None:
    answer = site.get(path)
    assert answer.status == 404
    assert b"token" in answer.body
    assert b"harbour" not in answer.body


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "[::1]:1", "0.0.0.0", "localhost.", "a@127.0.0.1"],
)
def test_another_name_for_this_machine_is_refused(site: Site, host: str) -> None:
    answer = site.get(f"/{TOKEN}/api/overview", host=host)
    assert answer.status == 403
    assert b"harbour" not in answer.body


def test_a_tunnel_may_have_another_port(site: Site) -> None:
    assert site.get(f"/{TOKEN}/api/now", host="localhost:9999").status == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_nothing_but_reading_is_allowed(site: Site, method: str) -> None:
    answer = site.get(f"/{TOKEN}/api/people", method=method)
    assert answer.status == 405
    assert answer.headers["allow"] == "GET, HEAD"


@pytest.mark.parametrize(
    "path", [f"/{TOKEN}/", f"/{TOKEN}/app.js", f"/{TOKEN}/api/now", f"/{TOKEN}/api/units", f"/{TOKEN}/x", "/"]
)
def test_every_answer_tells_the_browser_to_be_strict(site: Site, path: str) -> None:
    headers = site.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert "server" not in headers
    assert "access-control-allow-origin" not in headers


def test_the_files_of_the_page_are_served_and_no_others(site: Site) -> None:
    assert site.get(f"/{TOKEN}").headers["location"] == f"/{TOKEN}/"
    page = site.get(f"/{TOKEN}/")
    assert page.headers["content-type"].startswith("text/html")
    assert page.body.decode() == FILES["index.html"]
    kinds = {"js": "text/javascript", "css": "text/css", "svg": "image/svg+xml"}
    for name, text in FILES.items():
        if name != "index.html":
            answer = site.get(f"/{TOKEN}/{name}")
            assert answer.body.decode() == text
            assert answer.headers["content-type"].startswith(kinds[name.rpartition(".")[2]])
    for other in ("../guard.py", "%2e%2e/guard.py", "app.py", "index.html", ".."):
        assert site.get(f"/{TOKEN}/{other}").status == 404
