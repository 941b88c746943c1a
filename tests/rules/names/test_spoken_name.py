"""How people are addressed. The golden previews (test_previews.py) show many more names in messages."""

# ruff: noqa: RUF001 -- names of many scripts have letters that look alike

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.rules.names.spoken_name import LONGEST_FIRST_NAME, LONGEST_FULL_NAME, first_name, spoken_name


@pytest.mark.parametrize(
    ("full_name", "given_name"),
    [
        ("AJ Styles", "AJ"),
        ("Anna Smith", "Anna"),
        ("  Anna   Smith ", "Anna"),
        ("Anna\nSmith", "Anna"),
        ("Anna\u00a0Smith", "Anna"),
        ("Jean-Noël Dupont", "Jean-Noël"),
        ("O'Neil Patrick", "O'Neil"),
        ("D\u2019Arcy Wu", "D\u2019Arcy"),
        ("O'Brien", "O'Brien"),
        ("Ana María de la Cruz", "Ana"),
        ("María José García", "María"),
        # titles and degrees
        ("Dr. Jean-Noël", "Jean-Noël"),
        ("Dr. Jean-Noël Dupont", "Jean-Noël"),
        ("Prof. Dr. Anna-Lena Müller", "Anna-Lena"),
        ("Prof. Dr. med. habil. Anna Müller", "Anna"),
        ("Dr. Phil McGraw", "Phil"),
        ("Dr.Anna Smith", "Anna"),
        ("\u738b.\u5c0f\u660e", ""),
        ("PROF. DR. Müller", "Müller"),
        ("Frau Dr. Müller", ""),
        ("Mr. Bean", ""),
        ("Mag Ruffman", "Mag"),
        ("Mag. Eva Huber", "Eva"),
        ("Don Draper", "Don"),
        ("Anna Smith MBA, PMP", "Anna"),
        ("Anna Smith, PhD, MBA", "Anna"),
        ("Anna, PMP", "Anna"),
        ("Anna, XYZ", "Anna"),
        ("Dr.", ""),
        ("Ms Dr", ""),
        ('ד"ר נועה לוי', "נועה"),
        # family name first
        ("Dupont, Anne", "Anne"),
        ("DUPONT, ANNE", "Anne"),
        ("DUPONT Anne", "Anne"),
        ("Müller, Dr. Anna", "Anna"),
        ("van der Berg, Jan", "Jan"),
        ("Smith, A.", ""),
        ("Smith, John, Jr.", "John"),
        ("Anna, gardener", "Anna"),
        ("Anna Smith, Berlin", "Anna"),
        # particles and initials
        ("van der Berg", ""),
        ("Van Der Berg", ""),
        ("Jan van der Berg", "Jan"),
        ("Van Morrison", "Van"),
        ("A. Smith", ""),
        ("A Smith", ""),
        ("A. Mr Smith", ""),
        ("Anna.B Smith", "Anna"),
        ("J.R.R. Tolkien", ""),
        ("J. Edgar Hoover", "Edgar"),
        ("Anna B. Smith", "Anna"),
        ("X", ""),
        # capitals
        ("JEAN-NOËL DUPONT", "Jean-Noël"),
        ("jean-noël dupont", "Jean-Noël"),
        ("D'ARCY WU", "D'Arcy"),
        ("\u02bbIOLANI KEALOHA", "\u02bbIolani"),
        ("İSMAİL ÇELİK", "İsmail"),
        ("McDonald Smith", "McDonald"),
        ("DeShawn Jackson", "DeShawn"),
        ("JP Dupont", "JP"),
        ("JPB", "JPB"),
        ("ANNA B.", "Anna"),
        # scripts
        ("李小龙", "李小龙"),
        ("田中 太郎", "田中太郎"),
        ("田中太郎 教授", "田中太郎"),
        ("김 민수", "김민수"),
        ("ジョン・スミス", "ジョン・スミス"),
        ("Wei Zhang (张伟)", "Wei"),
        ("प्रिया शर्मा", "प्रिया"),
        ("محمد علي", "محمد"),
        ("د. محمد علي", "محمد"),
        ("\u0645\u06cc\u200c\u0646\u0627 \u0631\u0636\u0627", "\u0645\u06cc\u200c\u0646\u0627"),
        ("\u200eNoa Levi\u202c", "Noa"),
        ("Gal·la Puig", "Gal·la"),
        ("Zoe\u0301 Blanc", "Zo\u00e9"),
        ("𝐀𝐧𝐧𝐚 Smith", "Anna"),
        # decoration
        ("An\u200bna\ufeff Smith", "Anna"),
        ("❤️ Anna Smith", "Anna"),
        ("Anna❤️ Smith", "Anna"),
        ("1️⃣ Anna Smith", "Anna"),
        ("👩\u200d💻 Anna", "Anna"),
        ("🎂", ""),
        ("- Anna", "Anna"),
        ("(she/her) Anna", "Anna"),
        ("Anna (she/her) Smith", "Anna"),
        ("Anna Smith (PhD", "Anna"),
        ('William "Bill" Gates', "William"),
        ("William 'Bill' Gates", "William"),
        ("\u201eBill\u201c Gates", "Bill"),
        ("Anna Smith | Coach", "Anna"),
        ("Anna \u2013 Coach & Speaker", "Anna"),
        # no names
        ("Acme GmbH", ""),
        ("The Coffee House", ""),
        ("Acme Services, Inc.", ""),
        ("Nordic Wood AB", ""),
        ("<b>Anna</b>", ""),
        ("{{ first_name }}", ""),
        ("anna_smith99", ""),
        ("x" * (LONGEST_FIRST_NAME + 1), ""),
        ("", ""),
        ("   ", ""),
    ],
)
def test_a_greeting_uses_the_given_name(full_name: str, given_name: str) -> None:
    assert first_name(full_name) == given_name


@pytest.mark.parametrize(
    ("full_name", "whole"),
    [
        ("Anna Smith MBA", "Anna Smith"),
        ('Robert "Bob" Smith', "Robert Smith"),
        ("Anna Smith | Head of Growth", "Anna Smith"),
        ("Prof. Dr. Anna-Lena Müller, MBA", "Anna-Lena Müller"),
        ("DUPONT, ANNE", "Anne Dupont"),
        ("JAN VAN DER BERG", "Jan van der Berg"),
        ("jan van der berg 🎂", "Jan van der Berg"),
        ("Anna Ma", "Anna Ma"),
        ("J. Edgar Hoover", "J. Edgar Hoover"),
        ("Anna " + "x" * LONGEST_FULL_NAME, "Anna"),
    ],
)
def test_the_full_name_has_no_decoration(full_name: str, whole: str) -> None:
    name = spoken_name(full_name)
    assert name is not None
    assert name.full == whole


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


@given(NAMES)
def test_whatever_the_name_the_answer_is_one_clean_word(full_name: str) -> None:
    answer = first_name(full_name)
    for character in answer:
        assert unicodedata.category(character)[0] not in "ZSNC" or character in "`´\u200c\u200d"
    assert not set(answer) & set('\n\t,<>{}"\ufe0f')
    assert answer == "" or any(character.isalpha() for character in answer)
    assert answer == answer.strip(" .-'")


@given(NAMES)
def test_who_is_called_by_the_answer_keeps_it(full_name: str) -> None:
    answer = first_name(full_name)
    assert first_name(answer) == answer


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
