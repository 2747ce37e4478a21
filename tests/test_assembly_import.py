"""Personas made elsewhere: every row is accounted for, and a run can begin with them."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
import story
import yaml

from simulator.assembly import open_run, simulate, simulate_sync
from simulator.assembly.imported import import_scenario, imported
from simulator.assembly.inputs import read_inputs
from simulator.cli.main import main
from simulator.errors import InputError, RunDirectoryError, RunStopped
from simulator.models.persona import persona_id
from simulator.population.graph.consistency import inconsistencies
from simulator.runs.stop import Stop
from simulator.scenario.load import parse_scenario
from simulator.scenario.sources import Texts

PEOPLE = [
    "a harbour pilot who guides freighters past a sandbar that moves every winter",
    "a midwife who cycles between three mountain villages and keeps a diary of births",
    "a piano tuner who is losing the hearing in one ear and tells nobody",
    "a ten-year-old who collects the serial numbers of locomotives",
]
ELITE = {
    "general domain (top 1 percent)": "Medicine",
    "specific domain (top 1 percent)": "Obstetrics",
    "general domain (top 0.1 percent)": "None",
}
SHARED = Path(__file__).parents[1].parent / "shared" / "data" / "personahub_tools.jsonl"

Shown = pytest.CaptureFixture[str]


def write(path: Path, rows: list[Any]) -> Path:
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return path


@pytest.fixture
def people(tmp_path: Path) -> Path:
    return write(
        tmp_path / "people.jsonl",
        [
            {"persona": PEOPLE[0]},
            {"persona": PEOPLE[1], **ELITE, "votes": 7, "notes": "x" * 201, "more": {"a": 1}},
            "{broken",
            {"persona": f"{PEOPLE[0]}."},
            {"name": "nobody"},
            {"persona": "A group of school children who explore a museum of tides"},
            {"persona": f"  {PEOPLE[1]}"},
            {"persona": "Roger Federer, a cello maker from Basel"},
            {"persona": "Ein pensionierter Lehrer, der in einem Dorf mit seinem Hund lebt und Bienen hält"},
            {"persona": PEOPLE[2]},
            {"persona": "an insurance company that wants to know more about floods"},
            {"persona": ""},
            {"persona": PEOPLE[3]},
        ],
    )


def do_import(out: Path, *files: Path, **section: Any) -> Any:
    values = {"personas": {"paths": [str(file) for file in files], **section}}
    return simulate_sync(import_scenario("import", values), out)


def test_every_row_is_admitted_rejected_filtered_or_failed(people: Path, tmp_path: Path, capsys: Shown) -> None:
    assert main(["import", str(people), "--out", str(tmp_path / "run"), "--json", "--quiet"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (
        told["rows"]
        == 13
        == (told["admitted"] + sum(told["rejected"].values()) + sum(told["filtered"].values()) + told["failed"])
    )
    assert told["rejected"] == {"exact": 1, "minhash": 1}
    assert told["filtered"] == {
        "names a real individual": 1, "not a person": 1, "several people": 1, "wrong language": 1,
    }  # fmt: skip
    with open_run(tmp_path / "run") as run:
        assert [(one.text, one.source, one.hop) for one in run.personas] == [
            (text, f"people.jsonl:{line}", 0) for text, line in zip(PEOPLE, (1, 2, 10, 13), strict=True)
        ]
        assert run.personas[1].attributes == {
            "general domain (top 1 percent)": "Medicine", "specific domain (top 1 percent)": "Obstetrics", "votes": "7",
        }  # fmt: skip
        assert [one.unit for one in run.failures] == [f"row people.jsonl:{line}" for line in (3, 5, 12)]
        gone = [one for one in run.decisions if not one.admitted]
        assert [(one.stage, one.survivor) for one in gone if one.survivor] == [
            ("minhash", persona_id(PEOPLE[0])), ("exact", persona_id(PEOPLE[1])),
        ]  # fmt: skip
        assert persona_id(PEOPLE[0]) in gone[0].reason
        assert "names a real individual: 'Roger Federer'" in [one.reason for one in gone]


def test_a_file_that_two_globs_find_is_read_once(people: Path, tmp_path: Path) -> None:
    with do_import(tmp_path / "run", people, people.parent / "peop*.jsonl") as run:
        assert [one.source for one in run.personas] == [f"people.jsonl:{line}" for line in (1, 2, 10, 13)]
        assert len(run.failures) == 3


def test_bad_rows_of_texts_and_personas_in_files_of_one_name_are_all_kept(tmp_path: Path) -> None:
    for name, good in (("a", {"persona": PEOPLE[0]}), ("b", {"text": "A short text about a lock."})):
        (tmp_path / name).mkdir()
        (tmp_path / name / "rows.jsonl").write_text(json.dumps(good) + "\n{broken\n")
    scenario = import_scenario("import", {"personas": {"paths": [str(tmp_path / "a" / "rows.jsonl")]}})
    texts = Texts(paths=(str(tmp_path / "b" / "rows.jsonl"),))
    inputs = read_inputs(scenario.model_copy(update={"texts": texts}))
    assert [one.unit for one in inputs.failures] == ["row rows.jsonl:2", "row rows.jsonl:2 (extract)"]


def test_what_reads_runs_reads_an_import(people: Path, tmp_path: Path, capsys: Shown) -> None:
    out = str(tmp_path / "run")
    assert main(["import", str(people), "--out", out]) == 0
    shown = capsys.readouterr()
    assert all(len(line) <= 80 for line in shown.out.splitlines() if out not in line)
    assert "wrong language" in shown.out
    for command in (["show", out], ["show", out, "personas"], ["graph", out, "stats"], ["report", out],
                    ["export", out, "--to", "jsonl"]):  # fmt: skip
        assert main(command) == 0, command
    capsys.readouterr()
    assert main(["show", out, "persona", "2", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["attributes"]["votes"] == "7"


def test_filters_attributes_field_and_limit_can_be_chosen(people: Path, tmp_path: Path, capsys: Shown) -> None:
    with do_import(tmp_path / "a", people, filters=[], attributes=["votes"]) as run:
        counts = imported(run.ledger)
        assert (counts.admitted, counts.filtered, counts.attributes) == (8, {}, {"votes": 1})
    with do_import(tmp_path / "b", people, limit=1) as run:
        assert imported(run.ledger).rows == 1
    other = write(tmp_path / "other.jsonl", [{"who": PEOPLE[0]}, {"who": PEOPLE[1]}])
    with do_import(tmp_path / "c", other, field="who") as run:
        assert len(run.personas) == 2
    command = ["import", str(people), "--out", str(tmp_path / "d"), "--quiet", "--json", "--filters"]
    assert main([*command, "wrong language, not a person"]) == 0
    assert set(json.loads(capsys.readouterr().out)["filtered"]) == {"wrong language", "not a person"}
    mistaken = ["import", str(people), "--out", str(tmp_path / "e"), "--quiet", "--json"]
    assert main([*mistaken, "--attribute", "votes", "--attribute", "vote"]) == 0
    assert json.loads(capsys.readouterr().out)["attributes"] == {"votes": 1, "vote": 0}, "a wrong name is seen"
    assert main([*command, "boring"]) == 2
    assert (
        "'boring' is not a flaw; allowed: usual, all, none, or some of instruction leftover" in capsys.readouterr().err
    )


def test_rows_of_persona_hub_that_hold_a_product_say_nothing_of_the_person(tmp_path: Path) -> None:
    row = {"input persona": PEOPLE[0], "synthesized text": "a tool", "description": "tool development"}
    with do_import(tmp_path / "run", write(tmp_path / "rows.jsonl", [row])) as run:
        assert (run.personas[0].text, run.personas[0].attributes) == (PEOPLE[0], {})


def test_nobody_admitted_is_an_error_with_the_reason(tmp_path: Path, capsys: Shown) -> None:
    file = write(tmp_path / "rows.jsonl", [{"persona": "Students who study history"}, {"persona": "A team of nurses"}])
    assert main(["import", str(file), "--out", str(tmp_path / "run"), "--quiet"]) == 2
    assert "none of 2 personas was admitted: several people" in capsys.readouterr().err
    for rows, reason in (
        ([{"a": 1}], "name the one that holds the text"),
        ([{"persona": 1}], "no persona to start from"),
        (["{"], "no row that can be read"),
    ):
        write(file, rows)
        assert main(["import", str(file), "--out", str(tmp_path / "run2"), "--quiet"]) == 2
        assert reason in capsys.readouterr().err
    assert not (tmp_path / "run2").exists()


def test_once_more_is_nothing_more_and_another_file_is_refused(people: Path, tmp_path: Path) -> None:
    with do_import(tmp_path / "run", people) as run:
        before = run.decisions
    with do_import(tmp_path / "run", people) as run:
        assert run.decisions == before
    write(people, [{"persona": PEOPLE[0]}])
    with pytest.raises(RunDirectoryError, match=r"personas.rows: '?\"?10 personas"):
        do_import(tmp_path / "run", people)


@pytest.mark.parametrize("size", [1, 3])
def test_an_import_that_was_stopped_goes_on_as_if_it_had_not_been(
    people: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    with do_import(tmp_path / "whole", people) as run:
        whole = (run.personas, run.decisions, run.failures)
    monkeypatch.setattr("graphs.stages.imports._BATCH", size)
    scenario = import_scenario("import", {"personas": {"paths": [str(people)]}})
    for _ in range(2):
        stop = Stop()
        stop.ask("the test says so")
        with pytest.raises(RunStopped):
            asyncio.run(simulate(scenario, tmp_path / "parts", stop=stop))
    with open_run(tmp_path / "parts") as run:
        assert len(run.decisions) == 2 * size
    with simulate_sync(scenario, tmp_path / "parts") as run:
        assert (run.personas, run.decisions, run.failures) == whole


def scenario_with(personas: Any, base: Path, **more: Any) -> Any:
    sections = {
        "name": "around",
        "personas": personas,
        "expand": {"hops": 2, "per_persona": 2},
        "cast": {"size": 3},
        "instructions": {},
        **more,
    }
    return parse_scenario(yaml.safe_dump(sections), base=base)


def test_expansion_and_productions_begin_with_imported_personas(people: Path, tmp_path: Path) -> None:
    do_import(tmp_path / "run", people).close()
    found = []
    for concurrency in (1, 16):
        scenario = scenario_with("run", tmp_path, concurrency=concurrency)
        with simulate_sync(scenario, tmp_path / f"at-{concurrency}", models=story.models()) as run:
            assert [one.text for one in run.personas if one.hop == 0] == PEOPLE
            assert {one.origin for one in run.personas} == {"import", "persona"}
            assert max(one.hop for one in run.personas) == 2
            assert run.personas[1].source == f"run:{persona_id(PEOPLE[1])}"
            assert run.personas[1].attributes["votes"] == "7"
            assert inconsistencies(run.graph()) == []
            assert len(run.instructions) == 3
            report = json.loads((run.directory.report / "report.json").read_text())
            assert report["hops"][0] == {"hop": 0, "asked": 4, "admitted": 4}
        products = tmp_path / f"at-{concurrency}" / "products"
        found.append({file.name: file.read_bytes() for file in products.iterdir()})
    assert found[0] == found[1]


def test_personas_and_texts_together_and_without_the_file_at_the_resume(people: Path, tmp_path: Path) -> None:
    texts = {"paths": "texts", "limit": 3}
    (tmp_path / "texts").mkdir()
    for number, text in enumerate(("the kiln was too hot", "the ferry is late again", "six sheep are missing")):
        (tmp_path / "texts" / f"{number}.txt").write_text(text)
    scenario = scenario_with({"paths": "people.jsonl"}, tmp_path, texts=texts, expand={"hops": 1})
    with simulate_sync(scenario, tmp_path / "whole", models=story.models()) as run:
        assert [one.origin for one in run.personas if one.hop == 0] == ["import"] * 4 + ["text"] * 3
        whole = (run.personas, run.decisions)
    stop = Stop()
    stop.ask("the test says so")
    with pytest.raises(RunStopped):
        simulate_sync(scenario, tmp_path / "parts", models=story.models(), stop=stop)
    people.unlink()
    from simulator.assembly.simulate import resume

    with asyncio.run(resume(tmp_path / "parts", models=story.models())) as run:
        assert (run.personas, run.decisions) == whole


def test_two_files_of_one_name_are_told_apart(tmp_path: Path) -> None:
    for folder, text in (("a", PEOPLE[0]), ("b", PEOPLE[1])):
        (tmp_path / folder).mkdir()
        write(tmp_path / folder / "rows.jsonl", [{"persona": text}, {"persona": 5}])
    with do_import(tmp_path / "run", tmp_path / "a" / "rows.jsonl", tmp_path / "b" / "rows.jsonl") as run:
        assert imported(run.ledger).rows == 4
        assert len(run.failures) == 2


def test_a_scenario_needs_somebody_to_begin_with(tmp_path: Path) -> None:
    from simulator.errors import ScenarioError

    with pytest.raises(ScenarioError, match=r"needs 'texts'.*or 'personas'"):
        parse_scenario("name: nobody", base=tmp_path)
    with pytest.raises(InputError, match="nothing fits"):
        simulate_sync(scenario_with({"paths": "no*.jsonl"}, tmp_path), tmp_path / "run")
    (tmp_path / "rows.csv").touch()
    with pytest.raises(InputError, match="not a file of rows"):
        simulate_sync(scenario_with({"paths": "rows.csv"}, tmp_path), tmp_path / "run")


@pytest.mark.skipif(not SHARED.exists(), reason="the real rows are not beside the repository")
def test_the_released_rows_add_up(tmp_path: Path, capsys: Shown) -> None:
    assert main(["import", str(SHARED), "--out", str(tmp_path / "run"), "--json", "--quiet"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["rows"] == 2_500
    assert told["admitted"] + sum(told["rejected"].values()) + sum(told["filtered"].values()) + told["failed"] == 2_500
    with open_run(tmp_path / "run") as run:
        assert len(run.personas) == told["admitted"] > 2_000
