"""The scenario's casting strategies and granularity: what they choose and ask for, in whole runs."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import story
import yaml

from simulator.assembly import simulate_sync
from simulator.cli.main import main
from simulator.errors import EmptyResult, InputError, PromptError, ScenarioError
from simulator.models.message import ChatRequest
from simulator.population.quality.granularity import granularity
from simulator.runs.events import Event, Note
from simulator.scenario.load import parse_scenario

TRADES = {
    "Medicine": ["a cardiologist who reads old X-rays", "a night nurse on a heart ward", "a surgeon who mends valves"],
    "Sea": ["a harbour pilot past a sandbar", "a ferry captain in the fog", "a fisherman who mends his nets"],
    "School": ["a village teacher with a choir", "a headmaster who counts chairs", "a tutor of slow readers"],
}


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nine personas of three domains, Medicine first, and the people around one of them."""
    file = tmp_path_factory.mktemp("cast") / "people.jsonl"
    rows = [{"persona": text, "domain": domain} for domain, texts in TRADES.items() for text in texts]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def cast_of(people: Path, folder: Path, cast: dict[str, Any], **sections: Any) -> list[str]:
    text = yaml.safe_dump({"name": "casting", "personas": people.name, "cast": cast, **sections})
    scenario = parse_scenario(text, base=people.parent)
    with simulate_sync(scenario, folder, models=story.models()) as run:
        texts = {one.id: one.text for one in run.personas}
        return [texts[id_] for id_ in run.cast]


@pytest.mark.parametrize(
    ("cast", "told"),
    [
        ({"size": 12}, "the cast has 9 of the 12 people of 'cast.size': there are no more"),
        (
            {"size": 4, "where": {"attributes": {"domain": "Sea"}}},
            "the cast has 3 of the 4 people of 'cast.size': there are no more that 'cast.where' lets in",
        ),
        ({"size": 9}, ""),
        ({}, ""),
    ],
)
def test_a_cast_that_is_smaller_than_asked_is_told(
    people: Path, tmp_path: Path, cast: dict[str, Any], told: str
) -> None:
    text = yaml.safe_dump({"name": "casting", "personas": people.name, "cast": cast})
    notes: list[Event] = []
    scenario = parse_scenario(text, base=people.parent)
    simulate_sync(scenario, tmp_path / "run", models=story.models(), listener=notes.append).close()
    assert [one.text for one in notes if isinstance(one, Note)] == ([told] if told else [])


def domains(texts: list[str]) -> list[str]:
    return [next(domain for domain, known in TRADES.items() if text in known) for text in texts]


@pytest.mark.parametrize(
    "cast",
    [
        {"size": 3},
        {"size": 3, "strategy": "coverage"},
        {"size": 3, "strategy": "stratified", "by": "attribute", "attribute": "domain"},
        {"size": 3, "strategy": "stratified", "by": "cluster"},
        {"size": 2, "strategy": "nearest", "query": "elite: cardiology"},
    ],
    ids=lambda cast: f"{cast.get('strategy', 'uniform')} {cast.get('by', '')}",
)
def test_a_cast_depends_on_the_seed_and_the_strategy(people: Path, tmp_path: Path, cast: dict[str, Any]) -> None:
    casts = [cast_of(people, tmp_path / f"{seed}-{turn}", cast, seed=seed) for seed in (1, 2, 3) for turn in (1, 2)]
    assert casts[::2] == casts[1::2], "the same seed chooses the same cast"
    assert {len(set(chosen)) for chosen in casts} == {cast["size"]}
    if cast.get("by") == "attribute":
        assert all(sorted(domains(chosen)) == ["Medicine", "School", "Sea"] for chosen in casts)
    if cast.get("strategy") == "nearest":
        assert casts[0] == casts[2]
        assert casts[0][0] == TRADES["Medicine"][0]
    else:
        assert len({tuple(chosen) for chosen in casts}) > 1, "another seed chooses another cast"


def test_strata_of_hops_and_of_relations(people: Path, tmp_path: Path) -> None:
    expand = {"hops": 2, "per_persona": 2, "max_per_hop": 4}
    for by in ("hop", "relation"):
        cast = {"size": 6, "strategy": "stratified", "by": by}
        text = yaml.safe_dump({"name": "casting", "personas": people.name, "expand": expand, "cast": cast})
        with simulate_sync(parse_scenario(text, base=people.parent), tmp_path / by, models=story.models()) as run:
            chosen = [run.persona(id_) for id_ in run.cast]
            if by == "hop":
                assert sorted(one.hop for one in chosen) == [0, 0, 1, 1, 2, 2]
            else:
                first: dict[str, str] = {}
                for relation in run.relations:
                    first.setdefault(relation.target, relation.kind)
                kinds = [first.get(one.id, "seed") for one in chosen]
                assert len(set(kinds)) == min(6, len({*first.values(), "seed"}))


def test_without_an_embedding_stage_a_cast_has_vectors_too(people: Path, tmp_path: Path) -> None:
    cast = {"size": 1, "strategy": "nearest", "query": "somebody who teaches children to read"}
    assert cast_of(people, tmp_path / "run", cast, dedup={"cosine": None})[0] in TRADES["School"]


@pytest.mark.parametrize(
    ("cast", "message"),
    [
        ({"strategy": "stratified"}, "'strategy: stratified' needs 'by'"),
        ({"by": "hop"}, "'by' is only for 'strategy: stratified'"),
        ({"strategy": "nearest"}, "needs 'query'"),
        ({"query": "a baker"}, "'query' is only for"),
        ({"strategy": "stratified", "by": "attribute"}, "needs 'attribute'"),
        ({"strategy": "stratified", "by": "hop", "clusters": 3}, "'clusters' is only for 'by: cluster'"),
        ({"strategy": "random"}, "cast.strategy"),
    ],
)
def test_a_strategy_and_what_it_needs_stand_together(people: Path, cast: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        parse_scenario(yaml.safe_dump({"name": "casting", "personas": people.name, "cast": cast}), base=people.parent)


def drawn(texts: dict[str, str]) -> dict[str, Any]:
    """Return models whose people are as finely drawn as the prompt asks, whatever else it says."""

    def words(request: ChatRequest) -> str:
        system = request.messages[0].content
        wanted = next(name for name, sign in SIGNS.items() if sign in system)
        place = story.pick(story.PLACES, request.messages[-1].content, request.seed)
        return texts[wanted].format(job=story.pick(story.JOBS, request.messages[-1].content, request.seed), place=place)

    def extractor(request: ChatRequest) -> str:
        return json.dumps({"persona": words(request)})

    def relator(request: ChatRequest) -> str:
        return json.dumps({**json.loads(story.relator(request)), "persona": words(request)})

    return story.models(extractor=extractor, relator=relator)


SIGNS = {"coarse": "State one thing", "medium": "State two to four things", "fine": "State five to eight things"}
DRAWN = {
    "coarse": "a {job}",
    "medium": "a {job} {place} who mends nets in the evening",
    "fine": "a retired {job} {place} who lost a house to a flood, keeps forty pigeons on the roof, teaches "
    "evening classes to newcomers without taking money, and hopes to see a glacier before the last one is gone",
}


@pytest.mark.parametrize("wanted", list(SIGNS))
def test_granularity_is_asked_for_checked_and_reported(wanted: str, tmp_path: Path) -> None:
    scenario = story.scenario(
        granularity=wanted, texts={"paths": "scenarios/texts", "limit": 6}, expand={"hops": 1},
        dedup={"cosine": None, "jaccard": None},
        instructions=None, conversations=None, npcs=None, tools=None,
    )  # fmt: skip
    with simulate_sync(scenario, tmp_path / "run", models=drawn(DRAWN)) as run:
        assert len(run.personas) >= 5
        found = Counter(granularity(one.text) for one in run.personas)
        assert found.most_common(1)[0][0] == wanted
        assert found[wanted] > len(run.personas) / 2
        report = json.loads((run.directory.report / "report.json").read_text())["people"]
        assert report["granularity"][wanted] == found[wanted]
        assert "Attributes: " in (run.directory.report / "report.md").read_text()
    assert main(["report", str(tmp_path / "run")]) == 0


def test_people_who_are_not_drawn_as_asked_are_turned_down(tmp_path: Path) -> None:
    scenario = story.scenario(
        granularity="fine", texts={"paths": "scenarios/texts", "limit": 2}, expand={"hops": 0},
        instructions=None, conversations=None, npcs=None, tools=None,
    )  # fmt: skip
    wrong = drawn(
        {**DRAWN, "fine": "an {job} {place} with a garden and a dog and a cat and a cow and one goose at home"}
    )
    with pytest.raises(EmptyResult, match="nobody was admitted") as caught:
        simulate_sync(scenario, tmp_path / "run", models=wrong)
    assert caught.value.exit_code == 1, "the model is to blame, not the input"


def test_nobody_out_of_bad_rows_alone_is_bad_input(tmp_path: Path) -> None:
    (tmp_path / "texts.jsonl").write_text('{"text": 7}\n')
    scenario = story.scenario(
        texts={"paths": str(tmp_path / "texts.jsonl")}, expand={"hops": 0},
        instructions=None, conversations=None, npcs=None, tools=None,
    )  # fmt: skip
    with pytest.raises(InputError):
        simulate_sync(scenario, tmp_path / "run", models=drawn(DRAWN))


def test_a_prompt_that_cannot_ask_for_it_is_refused(people: Path, tmp_path: Path) -> None:
    text = yaml.safe_dump({"name": "casting", "texts": "scenarios/texts", "granularity": "coarse"})
    scenario = parse_scenario(
        text.replace("texts: scenarios/texts", "texts: {paths: scenarios/texts}"), base=story.ROOT
    )
    with pytest.raises(PromptError, match=r"granularity is 'coarse'.*extractor\.small has no \$detail"):
        simulate_sync(scenario, tmp_path / "run")
