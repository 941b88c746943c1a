"""What holds for every name, whatever it is made of."""

# ruff: noqa: RUF001 -- names of many scripts have letters that look alike

import unicodedata
from typing import Literal

from hypothesis import given
from hypothesis import strategies as st

from worker.rules.names.fancy_letters import to_plain_letter
from worker.rules.names.scripts import is_east_asian
from worker.rules.names.spoken_name import first_name
from worker.rules.names.tables import fold, word_list
from worker.rules.names.titles import is_title

WORDS = """
    Anna ANNA anna JP O'Brien Dr. PROF. med. Mr MBA PhD Jr. van der Van DE la A. J.-P. Smith GmbH The Müller
    JEAN-NOËL İSMAİL 李 小龙 教授 김 محمد د. प्रिया (x) ( "Bill" 'Bill' | / & - – , ， 🎂 ❤️ 1️⃣ 4 <b>
    ß ŉ ǆ ﬁ 𝐀𝐧 Ａ ´ ` ’ · . '
"""
PIECES = st.sampled_from([*WORDS.split(), "\u200b", "\u200c", "\u200d", "\u202e", "Zoe\u0301"])
JUMBLES = st.lists(st.tuples(PIECES, st.sampled_from(["", " ", "  ", "."]))).map(
    lambda pairs: "".join(piece + gap for piece, gap in pairs)
)
NAMES = st.one_of(st.text(), JUMBLES)

TITLES = st.sampled_from(sorted(word for word in word_list("titles", "titles") if word.isascii()))
DEGREES = st.sampled_from(sorted(word.upper() for word in word_list("titles", "degrees", "any")))
SIGNS = st.text(
    st.characters(categories=["Cc", "Cf", "So", "Sk"]).filter(lambda sign: to_plain_letter(sign) == sign),
    max_size=4,
)
PEOPLE = (
    "Anna Smith", "Jean-Noël Dupont", "Ayşe Yılmaz", "Priya Sharma", "Emeka Okafor", "Nagy Péter",
    "Wang Xiaoming",
    "Nguyễn Văn An", "Иванов Иван Иванович", "Ελένη Παπαδοπούλου", "Abdul Rahman Khan", "María José García",
)  # fmt: skip


@given(NAMES)
def test_whatever_the_name_the_answer_is_one_clean_word(full_name: str) -> None:
    answer = first_name(full_name)
    for character in answer:
        assert unicodedata.category(character)[0] not in "ZSNC" or character in "`´\u200c\u200d"
    assert not set(answer) & set('\n\t,<>{}"\ufe0f')
    assert answer == "" or any(character.isalpha() for character in answer)
    assert answer == answer.strip(" .-'")


@given(NAMES)
def test_who_is_called_by_the_answer_keeps_it_or_is_left_out(full_name: str) -> None:
    answer = first_name(full_name)
    if " " not in answer and not is_east_asian(answer):  # 明辉 is also 明 with the given name 辉
        assert first_name(answer) in {answer, ""}


@given(NAMES)
def test_the_answer_is_never_a_title_or_an_abbreviation(full_name: str) -> None:
    answer = first_name(full_name)
    assert not is_title(answer.partition(" ")[0])
    assert "." not in answer


@given(st.lists(TITLES, min_size=1, max_size=3), st.sampled_from(PEOPLE), st.lists(DEGREES, max_size=2))
def test_titles_and_degrees_around_a_name_change_nothing(
    titles: list[str], person: str, degrees: list[str]
) -> None:
    decorated = ", ".join([" ".join([*titles, person]), *degrees])
    assert first_name(decorated) in {first_name(person), ""}


@given(NAMES, st.sampled_from(["NFC", "NFD"]))
def test_the_normal_form_changes_nothing(full_name: str, form: Literal["NFC", "NFD"]) -> None:
    assert first_name(unicodedata.normalize(form, full_name)) == first_name(full_name)


@given(st.sampled_from(PEOPLE))
def test_the_case_changes_only_the_case(person: str) -> None:
    assert {fold(first_name(person.upper())), fold(first_name(person.lower()))} == {fold(first_name(person))}


@given(st.sampled_from(PEOPLE), SIGNS, st.booleans())
def test_signs_controls_and_direction_marks_change_nothing(person: str, signs: str, before: bool) -> None:
    decorated = f"{signs} {person}" if before else f"{person} {signs}"
    assert first_name(decorated) in {first_name(person), ""}


@given(NAMES)
def test_the_answer_is_a_part_of_the_name_up_to_case(full_name: str) -> None:
    letters = iter(fold_letters(full_name))  # 田(x)中 is 田中: removed characters may be between them
    assert all(letter in letters for letter in fold_letters(first_name(full_name)))


def fold_letters(text: str) -> str:
    """Return the letters only, without marks, in lower case and compatibility form."""
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    return "".join(character for character in folded if character.isalpha())


@given(
    st.text(alphabet=st.characters(categories=["Lu", "Ll"]), min_size=4), st.sampled_from(["Smith", "Li Wu"])
)
def test_what_follows_the_name_changes_nothing(name: str, rest: str) -> None:
    alone = first_name(f"Qua{name} Smith")
    assert first_name(f"Qua{name} {rest}, PhD | Coach 🎂") == alone
