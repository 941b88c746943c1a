import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.rules.names import first_name


@pytest.mark.parametrize(
    ("full_name", "given_name"),
    [
        ("Anna Smith", "Anna"),
        ("  Anna   Smith ", "Anna"),
        ("Anna\nSmith", "Anna"),
        ("Anna\tSmith", "Anna"),
        ("Anna\u00a0Smith", "Anna"),
        ("Jean-Noël Dupont", "Jean-Noël"),
        ("O'Neil Patrick", "O'Neil"),
        ("D\u2019Arcy Wu", "D\u2019Arcy"),
        ("Ana María de la Cruz", "Ana"),
        ("Dr. Anna Smith", "Anna"),
        ("PROF. DR. Müller", "Müller"),
        ("Mme Léa Roux", "Léa"),
        ("Anna Smith, PhD, MBA", "Anna"),
        ("Don Draper", "Don"),
        ("李小龙", "李小龙"),
        ("प्रिया शर्मा", "प्रिया"),
        ("محمد علي", "محمد"),
        ("\u0645\u06cc\u200c\u0646\u0627 \u0631\u0636\u0627", "\u0645\u06cc\u200c\u0646\u0627"),
        ("Gal·la Puig", "Gal·la"),
        ("Zoe\u0301 Blanc", "Zoe\u0301"),
        ("❤️ Anna Smith", "Anna"),
        ("Anna❤️ Smith", "Anna"),
        ("1️⃣ Anna Smith", "Anna"),
        ("👩\u200d💻 Anna", "Anna"),
        ("🎂", ""),
        ("- Anna", "Anna"),
        ("(she/her) Anna", "Anna"),
        ("Anna (she/her) Smith", "Anna"),
        ("Anna Smith (PhD, MBA)", "Anna"),
        ("\u200eNoa Levi", "Noa"),
        ("Dr.", "Dr."),
        ("Ms Dr", "Ms Dr"),
        ("<b>Anna</b>", "bAnnab"),
        ("{{ first_name }}", "firstname"),
        ("", ""),
        ("   ", ""),
    ],
)
def test_a_greeting_uses_the_given_name(full_name: str, given_name: str) -> None:
    assert first_name(full_name) == given_name


@given(st.text())
def test_whatever_the_name_the_answer_is_one_clean_line(full_name: str) -> None:
    answer = first_name(full_name)
    assert answer == answer.strip()
    assert answer == "" or any(character.isalpha() for character in answer)
    assert not set(answer) & set("\n\r\t,<>{}\ufe0f")
    assert len(answer) <= len(full_name)


@given(st.text(alphabet=st.characters(categories=["Lu", "Ll"]), min_size=4), st.text())
def test_what_follows_the_name_changes_nothing(name: str, rest: str) -> None:
    # "Herr" and its like are the other test's business
    assert first_name(f"Q{name} {rest}") == f"Q{name}"
