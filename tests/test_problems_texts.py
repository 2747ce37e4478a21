"""Problems, solutions and texts: checks, agreement, and whole runs with scripted replies."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
import story
from role_cases import Letters, flaw, perform

from simulator.assembly import simulate_sync
from simulator.errors import ScenarioError
from simulator.models.persona import persona_id
from simulator.roles.problem_writer import PosedProblem, ProblemInput, problem_writer
from simulator.roles.solver import SolverInput, WorkedSolution, answer_key, solver
from simulator.roles.text_writer import TextInput, Written, text_writer

PERSON = "a school cook in a hill village who feeds ninety children on a small budget"
PROBLEM = (
    "A kettle holds 36 litres of soup and a ladle 0.3 litres. Ninety children get one ladle each, and forty want a "
    "second one. How many litres are left?"
)
TEXT = " ".join(
    f"Soak batch {n} of the lentils in cold water before the {n + 2}th hour of the night." for n in range(8)
)


@pytest.mark.parametrize(
    ("problem", "name"),
    [
        (PROBLEM, None),
        ("Prove that no two of the cook's rotas can share a Monday if every rota skips each second week.", None),
        ("九十个孩子每人喝零点三升汤，锅里有三十六升汤，四十个孩子还要再喝一勺，最后还剩下多少升汤？", None),
        (PROBLEM + " Answer: -3 litres.", "solved"),
        ("The cook feeds ninety children every day and likes to do so with 12 ladles and 3 kettles.", "no_task"),
        ("The cook has a kettle of soup and feeds children at noon. How many litres of soup are left?", "no_figures"),
        ("How many are 3 and 4?", "length"),
        ("Sure, here is a problem: " + PROBLEM, "leftover"),
        ("A kettle holds ____ litres and a ladle 0.3 litres. How many of 90 children are fed?", "blank"),
        (PROBLEM + " The kettle is of", "unfinished"),
    ],
)
def test_problems_are_checked(problem: str, name: str | None) -> None:
    person = "一位在山村小学做饭的厨师" if "孩" in problem else PERSON
    assert flaw(problem_writer(), ProblemInput(persona=person), PosedProblem(problem=problem)) == name


def test_figures_are_wanted_of_subjects_that_reckon_only() -> None:
    riddle = PosedProblem(
        problem="Abel never sits beside Brand, and Brand never beside Cruz. Who can sit in the middle?"
    )
    assert flaw(problem_writer(), ProblemInput(persona=PERSON, subject="logic"), riddle) is None
    assert flaw(problem_writer(), ProblemInput(persona=PERSON, subject="mathematics"), riddle) == "no_figures"


@pytest.mark.parametrize(
    ("text", "title", "name"),
    [
        (TEXT, "Lentils overnight", None),
        (TEXT, "Title: Lentils overnight", None),
        (TEXT, "Sure, here is a title", "title"),
        (TEXT + " " + TEXT, "Lentils overnight", "repetition"),
        ("Soak them.", "Lentils overnight", "length"),
        (TEXT[:-1] + " and", "Lentils overnight", "unfinished"),
        ("As a language model I cook nothing. " + TEXT, "Lentils overnight", "leftover"),
    ],
)
def test_texts_are_checked(text: str, title: str, name: str | None) -> None:
    assert flaw(text_writer(), TextInput(persona=PERSON, words=120), Written(title=title, text=text)) == name


def test_paragraphs_of_a_text_stay() -> None:
    role = text_writer()
    assert role.tidy is not None
    mended = role.tidy(Written(title='"Night."', text="One  line.\n\n\nAnother line."))
    assert (mended.title, mended.text) == ("Night", "One line.\n\nAnother line.")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("1,200 kg", "It is 1200.0", True),
        ("3/4", "0.75 of the cake", True),
        ("12 boats", "13 boats", False),
        ("the Abels", "The Abels.", True),
        ("row 1: Abel", "row 2: Abel", False),
        ("7/0", "7", True),
        ("-3 litres", "3 litres", False),
        ("−3 litres", "-3 litres", True),
        ("2-5-3-4-1", "2, 5, 3, 4, 1", True),
        ("2 → 5 → 3", "2 - 5 - 3", True),
        ("x = -4", "4", False),
    ],
)
def test_answers_are_compared_by_their_numbers(one: str, other: str, same: bool) -> None:
    assert (answer_key(one) == answer_key(other)) is same


def test_the_answer_that_most_agree_on_is_taken_with_its_share() -> None:
    answers = iter(["9 litres", "12", "12.0 litres", "7", "12 l"])
    result, _ = perform(
        solver(), SolverInput(problem=PROBLEM), lambda _: json.dumps({"steps": "So it is.", "answer": next(answers)})
    )
    assert result.value is not None
    assert answer_key(result.value["answer"]) == ("12",)
    assert result.score == pytest.approx(0.6)


def test_a_single_solution_says_nothing_of_agreement() -> None:
    score = solver().score
    assert score is not None
    alone = asyncio.run(score(SolverInput(problem=PROBLEM), [WorkedSolution(steps="x", answer="1")], Letters()))  # type: ignore[arg-type]
    assert list(alone) == [1.0]


def whole(tmp_path: Path, name: str = "run", scripts: dict | None = None, **changes):
    sections = {
        "problems": {"subjects": ["mathematics", "logic"], "solve": True},
        "writings": {"kinds": ["letter", "field note"], "words": 60},
    }
    given = {"instructions": None, "conversations": None, "npcs": None, "tools": None, **sections, **changes}
    return simulate_sync(story.scenario(**given), tmp_path / name, models=story.models(**(scripts or {})))


def test_a_run_poses_solves_and_writes(tmp_path: Path) -> None:
    with whole(tmp_path) as run:
        problems, solutions, texts = run.problems, run.solutions, run.texts
        assert len(problems) >= 6
        assert {one.subject for one in problems} == {"mathematics", "logic"}
        assert [one.problem for one in solutions] == [one.id for one in problems]
        assert all(one.agreement == 1.0 for one in solutions)
        assert {one.kind for one in texts} == {"letter", "field note"}
        people = {persona.id for persona in run.personas}
        assert {one.persona for one in (*problems, *texts, *solutions)} <= people
        assert not [one for one in run.failures if one.stage in ("problems", "solve", "texts")]
        asked = run.ledger.rows("SELECT COUNT(*) FROM units WHERE stage IN ('problems', 'solve', 'texts')")
        assert list(asked) == [(8 + len(problems) + 8,)]
    for kind in ("problems", "solutions", "texts"):
        assert (tmp_path / "run" / "products" / f"{kind}.jsonl").read_text()
    refusing = dict.fromkeys(story.SCRIPTS, lambda request: pytest.fail("it was paid for"))
    with whole(tmp_path, scripts=refusing) as again:
        assert [one.id for one in again.problems] == [one.id for one in problems]


def test_products_do_not_depend_on_concurrency(tmp_path: Path) -> None:
    made = []
    for width in (1, 64):
        with whole(tmp_path, f"run-{width}", concurrency=width):
            folder = tmp_path / f"run-{width}" / "products"
            made.append({file.name: file.read_bytes() for file in folder.iterdir()})
    assert made[0] == made[1]


def test_without_agreement_there_is_no_solution_but_a_failure(tmp_path: Path) -> None:
    def unsure(request):
        return json.dumps({"steps": "I reckoned this one in a hurry.", "answer": f"{request.seed % 1000} minutes"})

    with whole(tmp_path, scripts={"solver": unsure}) as run:
        assert not run.solutions
        failures = [one for one in run.failures if one.role == "solver"]
        assert len(failures) == len(run.problems) > 0
        assert {one.cause for one in failures} == {"disagreement"}
        assert "20% of the solutions agree" in failures[0].message


def test_a_persona_that_writes_twice_is_asked_for_another_kind(tmp_path: Path) -> None:
    writings = {"kinds": ["letter", "poem"], "per_persona": 2, "words": 60, "count": 2}
    with whole(tmp_path, writings=writings, problems=None) as run:
        units = [unit for unit, _ in run.ledger.results("texts")]
        assert [unit.inputs["kind"] for unit in units] == ["letter", "poem"] * 2
        assert len({persona_id(unit.inputs["persona"]) for unit in units}) == 2


@pytest.mark.parametrize("section", [{"subjects": []}, {"agreement": 2}, {"subjects": [""]}, {"solved": True}])
def test_a_wrong_section_is_named(section: dict) -> None:
    with pytest.raises(ScenarioError, match="problems"):
        story.scenario(problems=section)
