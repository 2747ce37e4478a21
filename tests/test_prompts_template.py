"""Prompt templates: every way to be malformed is named, text from outside stays data, and each byte counts."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.errors import PromptError
from simulator.prompts.chat import chat, each_chat
from simulator.prompts.neutral import neutralise
from simulator.prompts.template import load_prompt, parse_prompt
from simulator.roles.draft import continued

PLAIN = """---
data: [letter]
candidates: 3
sampling: {temperature: 0.5, stop: ["\\n"]}
---
# system
You sort the post of $town.
# user
<letter>
$letter
</letter>
Which drawer, $$5 or more?
# examples
- values: {letter: an unpaid bill}
  reply: {drawer: red}
"""


def parse(text: str) -> object:
    return parse_prompt(text, "sorter", "standard")


def test_a_template_gives_rules_examples_and_the_case_last() -> None:
    prompt = parse_prompt(PLAIN, "sorter", "standard")
    messages = chat(prompt, {"town": "Ilm", "letter": "a love letter"})
    assert [message.role for message in messages] == ["system", "user", "assistant", "user"]
    assert messages[0].content == "You sort the post of Ilm."
    assert messages[2].content == '{"drawer": "red"}'
    assert messages[3].content == "<letter>\na love letter\n</letter>\nWhich drawer, $5 or more?"
    assert (prompt.head.candidates, prompt.head.sampling.stop) == (3, ("\n",))


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"letter": "x"}, "no value for 'town'"),
        ({}, "no value for 'letter', 'town'"),
        ({"letter": "x", "town": "y", "colour": "z"}, "unknown 'colour'"),
    ],
)
def test_missing_and_unknown_variables_are_named(values: dict[str, str], said: str) -> None:
    with pytest.raises(PromptError, match=said) as caught:
        parse_prompt(PLAIN, "sorter", "standard").render(values)
    assert "It uses 'letter', 'town'" in str(caught.value)


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (PLAIN.removeprefix("---\n"), "must begin with a YAML head"),
        (PLAIN.replace("data: [letter]", "data: [letter"), "the head is not YAML"),
        (
            PLAIN.replace("data: [letter]", "- letter")
            .replace("candidates: 3\n", "")
            .replace("sampling:", "- sampling:"),
            "mapping",
        ),
        (PLAIN.replace("candidates: 3", "candidates: 0"), "candidates: .*greater than or equal to 1.*got 0"),
        (PLAIN.replace("candidates: 3", "candidate: 3"), "candidate: Extra inputs"),
        (PLAIN.replace("You sort the post of $town.\n", ""), "'# system' is missing"),
        (PLAIN.replace("# user\n", ""), "'# user' is missing"),
        (PLAIN.replace("You sort the post of $town.", "You sort $letter."), "only stand in the user part"),
        (
            PLAIN.replace("- values: {letter: an unpaid bill}", "- values: {letter: an unpaid bill"),
            "the examples are not YAML",
        ),
        (PLAIN.replace("- values", "values").replace("  reply", "reply"), "the examples must be a list"),
        (PLAIN.replace("{letter: an unpaid bill}", "{post: an unpaid bill}"), "example 1: values missing or unknown"),
        (PLAIN.replace("  reply: {drawer: red}", "  answer: {drawer: red}"), "reply: Field required"),
    ],
)
def test_what_is_malformed_is_said_with_its_place(broken: str, said: str) -> None:
    with pytest.raises(PromptError, match=said) as caught:
        parse(broken)
    assert "'sorter' (standard)" in str(caught.value)


@given(st.integers(min_value=0, max_value=len(PLAIN)), st.sampled_from([" ", "\n", "x", "é"]))
def test_the_hash_changes_with_any_byte(place: int, added: str) -> None:
    try:
        changed = parse_prompt(PLAIN[:place] + added + PLAIN[place:], "sorter", "standard")
    except PromptError:
        return
    assert changed.sha256 != parse_prompt(PLAIN, "sorter", "standard").sha256


def test_the_hash_is_of_the_text_alone() -> None:
    here, there = parse_prompt(PLAIN, "sorter", "standard"), parse_prompt(PLAIN, "another", "mine.md")
    assert here.sha256 == there.sha256


def test_a_file_by_path_stands_in_for_the_shipped_one(tmp_path: Path) -> None:
    path = tmp_path / "mine.md"
    path.write_text(PLAIN, encoding="utf-8")
    prompt = load_prompt("extractor", "small", path)
    assert (prompt.name, prompt.variant, prompt.system) == ("extractor", "mine.md", "You sort the post of $town.")


def test_a_missing_or_unreadable_file_is_an_error_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(PromptError, match=r"nowhere\.md"):
        load_prompt("extractor", path=tmp_path / "nowhere.md")
    (tmp_path / "latin.md").write_bytes(b"---\n\xe9\n---\n")
    with pytest.raises(PromptError, match="cannot be read"):
        load_prompt("extractor", path=tmp_path / "latin.md")
    with pytest.raises(PromptError, match="no prompt named 'astrologer'"):
        load_prompt("astrologer")


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (PLAIN.replace("$$5", "$5"), r"the user part: '\$5 or more\?' is no variable; write '\$\$'"),
        (PLAIN.replace("$town", "$Town"), r"the system part: '\$Town' is no variable: they have small letters"),
        (PLAIN.replace("$town", "$town2"), r"the system part: '\$town2' is no variable"),
        (PLAIN.replace("$town", "${town"), "the system part: .* is no variable"),
        (PLAIN.replace("of $town.", "of $town for $"), "the system part: .* is no variable"),
        (
            PLAIN.replace("candidates: 3", 'questions: {drawer: "For $3?"}'),
            r"questions\.drawer: '\$3\?' is no variable",
        ),
        (PLAIN.replace("candidates: 3", 'leads: {drawer: "$9"}'), r"leads\.drawer: '\$9' is no variable"),
    ],
)
def test_a_dollar_that_is_no_variable_is_refused_when_the_prompt_is_read(broken: str, said: str) -> None:
    with pytest.raises(PromptError, match=said):
        parse(broken)


def test_a_question_cannot_need_a_later_answer() -> None:
    head = "ask: each\nquestions: {drawer: 'Which for $letter?', why: 'Why $drawer?'}"
    parse(PLAIN.replace("candidates: 3", head))
    for wrong in ("{drawer: 'Which for $why?', why: 'Why?'}", "{drawer: 'Which?', why: 'Why $why?'}"):
        with pytest.raises(PromptError, match=r"uses 'why', which is not asked before it"):
            parse(PLAIN.replace("candidates: 3", f"ask: each\nquestions: {wrong}"))


def test_a_value_is_never_expanded_again() -> None:
    prompt = parse_prompt(PLAIN, "sorter", "standard")
    _, user = prompt.render({"town": "Ilm", "letter": "pay $town $$ ${letter} {letter.__class__}"})
    assert "pay $town $$ ${letter} {letter.__class__}" in user


FORBIDDEN = ("</", "<|", "<s>", "[INST]", "[/INST]")


@given(st.text(alphabet=st.sampled_from("<>/|s[]INST imstarend\n"), max_size=60) | st.text(max_size=60))
def test_no_closing_tag_and_no_chat_token_survives(text: str) -> None:
    safe = neutralise(text)
    assert not any(token in safe for token in FORBIDDEN)
    assert safe.replace("\u2009", "") == text.replace("\u2009", "")
    assert neutralise(safe) == safe


@pytest.mark.parametrize("name", ["extractor", "relator", "poser"])
@pytest.mark.parametrize("variant", ["standard", "small"])
def test_the_shipped_prompts_load_in_both_variants(name: str, variant: str) -> None:
    prompt = load_prompt(name, variant)  # type: ignore[arg-type]
    assert prompt.variant == variant
    assert prompt.head.data


def test_each_field_is_asked_with_its_own_examples_and_a_lead() -> None:
    prompt = parse_prompt(
        '---\nask: each\ndata: [shop]\nquestions: {smell: "How does it smell?", keeper: "Who keeps it, smelling $smell?"}\n'
        "leads: {keeper: It is kept by}\n---\n# system\nShops.\n# user\nA shop: $shop.\n# examples\n"
        "- {values: {shop: a bakery}, reply: {smell: warm}}\n",
        "shops",
        "small",
    )
    first = each_chat(prompt, {"shop": "a tannery"}, {}, "smell")
    assert [m.content for m in first] == [
        "Shops.",
        "A shop: a bakery.\nHow does it smell?",
        "warm",
        "A shop: a tannery.\nHow does it smell?",
    ]
    second = each_chat(prompt, {"shop": "a tannery"}, {"smell": "sharp"}, "keeper", "It is kept by")
    assert [m.content for m in second] == [
        "Shops.",
        "A shop: a tannery.\nWho keeps it, smelling sharp?",
        "It is kept by",
    ]


def test_a_bare_reply_may_be_given_by_a_value() -> None:
    prompt = parse_prompt(
        "---\ndata: [shop, due]\nask: text\ngiven: due\n---\n# system\nShops.\n# user\nA shop: $shop.\n",
        "x",
        "x",
    )
    assert prompt.variables == {"shop", "due"}
    with pytest.raises(PromptError, match="no value for 'due'"):
        prompt.render({"shop": "a mill"})


@pytest.mark.parametrize(
    "head",
    [
        "ask: object\nsampling: {extra: {grammar: x}}",
        "ask: text",
        "ask: text\nsampling: {extra: {grammar: ''}}",
        "ask: text\nsampling: {extra: {grammar: [x]}}",
    ],
)
def test_alternatives_need_a_grammar_to_stand_in(head: str) -> None:
    text = f"---\n{head}\nalternatives: {{aim: [wish, word]}}\n---\n# system\nShops.\n# user\nA shop: $shop.\n"
    with pytest.raises(PromptError, match="whose extra has a grammar"):
        parse_prompt(text, "x", "x")


@pytest.mark.parametrize(
    ("begun", "reply", "whole"),
    [
        ("", " It is late. ", "It is late."),
        ("We open at six.", "Is that fine?", "We open at six. Is that fine?"),
        ("We open at six.", "We open at six.Is that fine?", "We open at six. Is that fine?"),
        ("How can I", " mend it?", "How can I mend it?"),
        ("How can I", "mend it?", "How can I mend it?"),
        ("1998年", "建的", "1998年建的"),
    ],
)
def test_a_begun_reply_is_put_together(begun: str, reply: str, whole: str) -> None:
    assert continued(begun, reply) == whole
