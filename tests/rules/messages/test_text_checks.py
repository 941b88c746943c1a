"""What is said about a text while a person writes it."""

import pytest

from worker.rules.messages.approval import TextRefusedError, list_faults, validate_message
from worker.rules.messages.text_checks import PHRASES, check_text
from worker.rules.names.shown_names import has_name
from worker.rules.names.spoken_name import SpokenName

ANN = SpokenName("Ann", "Ann Example")


@pytest.mark.parametrize(
    ("text", "name", "named"),
    [
        ("Happy birthday, Ann!", ANN, True),
        ("Dear ANN EXAMPLE", ANN, True),
        ("Happy birthday, Anna!", ANN, False),
        ("A Joann is no Ann-o", ANN, True),
        ("Joyeux anniversaire, Zoë !", SpokenName("Zoe", "Zoe"), True),
        ("Ann's day", ANN, True),
        ("Dear O'Neill", SpokenName("O'Neill", "O'Neill"), True),
        ("la fête d\u2019Ann", ANN, True),
        ("Jean Marie", SpokenName("Jean-Marie", "Jean-Marie"), False),
        ("祝小明生日快乐", SpokenName("小明", "王小明"), True),
        ("สุขสันต์วันเกิดสมชาย", SpokenName("สมชาย", "สมชาย"), True),
        ("", ANN, False),
    ],
)
def test_a_name_counts_as_a_word_of_its_own(text: str, name: SpokenName, named: bool) -> None:
    assert has_name(text, name) is named


def test_every_fault_is_told_at_once_and_the_first_is_the_refusal() -> None:
    text = "Hi {{ first_name }},\n[Company]\a"
    told = list(map(str, list_faults(text, ANN)))
    assert told == [
        "has a control character, U+0007, at character 10 of line 2: take it out",
        "has {{ first_name }} at character 4 of line 1: only templates have fields, so write Ann",
        "has [Company] at character 1 of line 2: only templates have fields, so write the words themselves",
    ]
    with pytest.raises(TextRefusedError, match="U\\+0007"):
        validate_message(text)


def test_a_check_goes_by_the_text_as_it_would_be_sent() -> None:
    check = check_text(" Hi Ann\r\n", name=ANN)
    assert (check.message, check.length, check.left) == ("Hi Ann", 6, 594)
    assert (check.faults, check.notes) == ([], [])
    assert check_text("x" * 601, name=None).left == -1


def test_what_is_said_of_a_text_can_be_translated() -> None:
    texts = ("Hi\a", "Hi\n\a", " ", "x" * 601, "\N{REPLACEMENT CHARACTER}", "a\n\N{REPLACEMENT CHARACTER}")
    fields = ("{{ first_name }}", "Ann\n{{ first_name }}", "%COMPANY%", "Ann\n%COMPANY%")
    said = {
        phrase.text
        for text in (*texts, *fields, "bit.ly/x", "Hi Ann")
        for check in [check_text(text, name=ANN, past_texts=["Hi Ann"])]
        for phrase in (*check.faults, *check.notes)
    }
    assert said == set(PHRASES)
