"""Text from outside reaches the terminal as text, whatever it holds."""

import io
import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from simulator.cli.screen.console import clean, command, one_line, print_json, words
from simulator.cli.screen.layout import table

EVERYTHING = st.text(st.characters(blacklist_categories=()), max_size=60)


@given(EVERYTHING)
def test_nothing_that_a_terminal_obeys_is_left(text: str) -> None:
    for character in clean(text):
        assert character in "\n\t" or unicodedata.category(character) not in ("Cc", "Cs"), repr(character)


@given(EVERYTHING)
def test_a_clean_text_stays_as_it_is(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "␛[31mred␛[0m"),
        ("bell\x07", "bell␇"),
        ("over\rwritten", "over␍written"),
        ("two\r\nlines", "two\nlines"),
        ("\x9b2J", "<009B>2J"),
        ("safe\u202eexe.txt", "safe<202E>exe.txt"),
        ("half \ud83d", "half <D83D>"),
        ("Zoë 日本 👩‍🚀", "Zoë 日本 👩‍🚀"),
    ],
)
def test_what_is_dangerous_is_shown_instead(text: str, shown: str) -> None:
    assert clean(text) == shown


def test_markup_is_text() -> None:
    assert words("[red]alarm[/red] :bomb: [/]").plain == "[red]alarm[/red] :bomb: [/]"


def test_one_line_is_one_line_and_not_longer_than_asked() -> None:
    assert one_line("a  lock\nkeeper\ton a canal", 12) == "a lock keep…"
    assert one_line("a  lock\nkeeper") == "a lock keeper"


def test_a_command_can_be_pasted() -> None:
    assert command("sixhop", "resume", "my runs/it's") == "sixhop resume 'my runs/it'\"'\"'s'"


@given(EVERYTHING)
def test_json_is_safe_to_look_at_and_says_the_same(text: str) -> None:
    import io
    from contextlib import redirect_stdout

    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    with redirect_stdout(out):
        print_json({"text": text})
    out.flush()
    printed = out.buffer.getvalue().decode("utf-8")  # type: ignore[attr-defined]
    assert json.loads(printed) == {"text": text}
    assert all(c == "\n" or unicodedata.category(c) != "Cc" for c in printed)


@pytest.mark.parametrize("width", range(30, 101))
def test_a_number_is_never_cut_however_narrow_the_terminal(width: int) -> None:
    made = table("stage", "units>", "tokens>", "cost>", "time>", "why*")
    numbers = ["1,234,567", "12k", "$1,234.50-$2,345.60", "2:07:40-12:07:40"]
    made.add_row("expand", *numbers, "duplicates of somebody else who was there before")
    made.add_row("a stage of a long name", "7", "", "$0", "8 s", "")
    out = io.StringIO()
    Console(file=out, width=width).print(made)
    shown = out.getvalue().splitlines()
    assert max(map(len, shown)) <= width
    for number in (*numbers, "$0", "8 s"):
        assert any(number in line for line in shown), (number, shown)
    assert "…" not in out.getvalue()


def test_what_is_listed_for_want_of_room_has_its_names() -> None:
    made = table("threshold>", "kept>", "")
    made.add_row("0.85", "1,234,567,890", "a bar")
    out = io.StringIO()
    Console(file=out, width=28).print(made)
    assert out.getvalue().split() == ["threshold", "0.85", "kept", "1,234,567,890", "a", "bar"]
