"""A scenario is checked as a whole, and each wrong value is named with its place."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from simulator.assembly.choices import batch_policy, endpoint_spec
from simulator.errors import ScenarioError
from simulator.scenario.load import dump_scenario, json_schema, load_scenario, parse_scenario
from simulator.settings import Settings

GOOD = "name: demo\ntexts: {paths: texts}\n"

BAD = [
    ("expand: {hops: 7}", r"expand\.hops: hops must be 0 to 6.*six degrees.*got 7"),
    ("expand: {hops: -1}", r"expand\.hops: .*greater than or equal to 0.*got -1"),
    ("dedup: {jaccard: 1.5}", r"dedup\.jaccard: .*less than or equal to 1.*got 1\.5"),
    ("dedup: {cosine: 0}", r"dedup\.cosine: .*greater than 0"),
    ("expandd: {hops: 2}", r"expandd: unknown key; did you mean 'expand'\? Allowed: name, "),
    ("expand: {hop: 2}", r"expand\.hop: unknown key; did you mean 'hops'\? Allowed: hops"),
    ("models: {roles: {ghost: local}}", r"models\.roles\.ghost: .*'extractor'.*got 'ghost'"),
    ("prompts: {ghost: a.md}", r"prompts\.ghost: .*'extractor'"),
    ("texts: {paths: []}", r"texts\.paths: .*at least 1 item"),
    ("cast: {size: 0}", r"cast\.size: .*greater than or equal to 1.*got 0"),
    ("conversations: {exchanges: 3}", "'conversations' needs 'instructions'"),
    ("seed: x", r"seed: must be a whole number.*got 'x'"),
    ("concurrency: 0", r"concurrency: .*got 0"),
    ("name: Demo!", r"name: must be of lower-case .*such as 'demo'.*got 'Demo!'"),
    ("base: /etc", "base: unknown key"),
]


@pytest.mark.parametrize(("line", "message"), BAD, ids=[line for line, _ in BAD])
def test_a_wrong_value_is_named_with_its_place(line: str, message: str) -> None:
    data = yaml.safe_load(GOOD) | yaml.safe_load(line)
    with pytest.raises(ScenarioError, match=message):
        parse_scenario(yaml.safe_dump(data), base=Path())


def test_all_wrong_values_are_named_at_once() -> None:
    with pytest.raises(ScenarioError) as caught:
        parse_scenario(GOOD + "expand: {hops: 9}\ndedup: {cosine: 2}\nghost: 1\n", base=Path())
    assert str(caught.value).count("\n") == 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "an empty file"),
        ("- a\n- b\n", "got a list"),
        ("a: [1\n", r"not valid YAML.*line"),
        ("a: &x 1\nb: *x\n", "aliases"),
        ("name: a\nname: b\n", "'name' stands twice"),
        ("a: !!python/object/apply:os.system ['true']\n", "could not determine a constructor"),
        ("name: x\n", "needs 'texts'"),
    ],
)
def test_what_is_not_a_scenario_is_refused(text: str, message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        parse_scenario(text, base=Path())


def test_a_missing_file_a_folder_and_a_huge_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="No such file"):
        load_scenario(tmp_path / "none.yaml")
    with pytest.raises(ScenarioError, match="Is a directory"):
        load_scenario(tmp_path)
    (tmp_path / "huge.yaml").write_bytes(b"#" * 1_000_001)
    with pytest.raises(ScenarioError, match="1,000,000 bytes"):
        load_scenario(tmp_path / "huge.yaml")


def test_a_dumped_scenario_reads_back_as_itself() -> None:
    scenario = parse_scenario(GOOD + "expand: {hops: 2}\nmodels: {default: 'openai:gpt-5-mini'}\n", base=Path("here"))
    assert parse_scenario(dump_scenario(scenario), base=Path("here")) == scenario


def test_the_json_schema_refuses_unknown_keys_and_hides_the_base() -> None:
    schema = json_schema()
    assert schema["additionalProperties"] is False
    assert "base" not in schema["properties"]
    assert schema["$defs"]["Expand"]["properties"]["hops"]["minimum"] == 0


@given(st.text(max_size=200))
def test_any_text_is_a_scenario_or_a_scenario_error(text: str) -> None:
    try:
        parse_scenario(text, base=Path())
    except ScenarioError as error:
        assert str(error)


@pytest.mark.parametrize(
    ("models", "expected"),
    [
        ("default: openai:gpt-5-mini\n  roles: {extractor: {timeout_s: 60}}", ("gpt-5-mini", 60, "auto")),
        (
            "default: {spec: openai:gpt-5-mini, structured: none, timeout_s: 9}\n  roles: {extractor: {timeout_s: 60}}",
            ("gpt-5-mini", 60, "none"),
        ),
        (
            "default: {spec: openai:gpt-5-mini, structured: none, timeout_s: 9}\n  roles: {extractor: openai:gpt-5}",
            ("gpt-5", 300, "auto"),
        ),
        ("roles: {extractor: {timeout_s: 60}}", ("gpt-env", 60, "auto")),
        ("default: {timeout_s: 60}", ("gpt-env", 60, "auto")),
        (
            "default: {spec: openai:gpt-5-mini, structured: none}\n  roles: {extractor: {structured: auto}}",
            ("gpt-5-mini", 300, "auto"),
        ),
    ],
)
def test_a_role_without_a_spec_is_the_default_model_spoken_to_differently(
    models: str, expected: tuple[str, int, str]
) -> None:
    scenario = parse_scenario(f"{GOOD}models:\n  {models}\n", base=Path())
    for one in (scenario, parse_scenario(dump_scenario(scenario), base=Path())):
        spec = endpoint_spec(one, "extractor", Settings(model="openai:gpt-env"))
        assert (spec.model, spec.timeout_s, spec.structured) == expected


def test_a_role_adds_to_the_extras_of_the_default_and_can_leave_its_batches() -> None:
    models = "default: {spec: openai:gpt-5, batch: true, extra: {a: 1, b: 2}}\n  roles: {poser: {batch: false, extra: {b: 3}}}"
    scenario = parse_scenario(f"{GOOD}models:\n  {models}\n", base=Path())
    assert endpoint_spec(scenario, "poser", Settings()).extra == {"a": 1, "b": 3}
    assert batch_policy(scenario, "poser", Settings()) is None
    assert batch_policy(scenario, "extractor", Settings()) is not None
