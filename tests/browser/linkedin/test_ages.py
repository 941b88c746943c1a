"""Ages and dates as LinkedIn's pages write them, in five languages; no browser."""

# ruff: noqa: RUF001 -- the apostrophes are what pages write

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.browser.linkedin.ages import find_date, find_days, find_minimum_age, is_age_line
from worker.browser.linkedin.words import load_words

TODAY = date(2026, 11, 18)
LANGUAGES = ("en", "fr", "de", "es", "pl")


@pytest.mark.parametrize(
    ("language", "line", "days"),
    [
        ("en", "Sent today", 0),
        ("en", "Sent yesterday", 1),
        ("en", "Sent 2 weeks ago", 14),
        ("en", "SENT A WEEK AGO", 7),
        ("en", "Sent 47 hours ago", 1),
        ("en", "Sent 1 year ago", 365),
        ("fr", "Envoyée il y a 2 semaines", 14),
        ("fr", "il y a 3\u00a0jours", 3),
        ("fr", "Envoyée avant-hier", 2),
        ("de", "Vor 3 Wochen gesendet", 21),
        ("de", "Gestern gesendet", 1),
        ("de", "Vorgestern gesendet", 2),
        ("de", "Vor 21 Stunden gesendet", 0),
        ("de", "Vor einem Monat gesendet", 30),
        ("es", "Enviada hace 2 días", 2),
        ("es", "Enviada ayer", 1),
        ("pl", "Wysłano tydzień temu", 7),
        ("pl", "Wysłano 5 tyg. temu", 35),
        ("pl", "Wysłano 2 lata temu", 730),
        ("de", "Sent 2 weeks ago", 14),  # pages mix English in
    ],
)
def test_an_age_is_read_as_the_lowest_that_it_can_mean(language: str, line: str, days: int) -> None:
    assert is_age_line(line, language)
    assert find_minimum_age(line, language, TODAY) == timedelta(days=days)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "line", ["Sent a while ago", "Nurse for 20 years", "--", "", "Founder; 3 years ago a nurse"]
)
def test_a_headline_is_no_age(language: str, line: str) -> None:
    assert not is_age_line(line, language)


def test_a_word_of_another_language_says_nothing() -> None:
    assert find_days("Gratulieren Sie hier", "de") is None
    assert find_days("Félicitez-la hier", "fr") == 1
    assert find_days("Feliciteer haar hier", "nl") is None
    assert find_days("yesterday or 2 days ago", "en") is None


@given(months=st.integers(1, 36), start=st.dates(date(2020, 1, 1), date(2030, 12, 31)))
def test_months_are_never_longer_than_thirty_days(months: int, start: date) -> None:
    age = find_minimum_age(f"Sent {months} months ago", "en", start)
    assert age is not None
    assert months * 28 <= age.days <= months * 30


MONTHS = [
    (language, number, name)
    for language, names in load_words()["months"].items()
    for number, alternatives in enumerate(names, start=1)
    for name in alternatives.split("|")
]


@pytest.mark.parametrize(("language", "number", "name"), MONTHS)
def test_every_month_is_read_in_every_form(language: str, number: int, name: str) -> None:
    expected = date(2026 if (number, 3) <= (11, 18) else 2025, number, 3)
    for text in (f"3 {name}", f"3. {name}", f"{name} 3", f"le 3 {name.upper()}", f"el 3 de {name}"):
        assert find_date(text, language, TODAY) == expected
    assert find_date(f"3 {name} 2024", language, TODAY) == date(2024, number, 3)
    short = {name[:length] for length in range(3, len(name))}
    assert {find_date(f"3 {each}.", language, TODAY) for each in short} <= {expected, None}


@pytest.mark.parametrize(
    ("language", "text", "on"),
    [
        ("fr", "Célébrez l’anniversaire récent de Ada le 10 nov.", date(2026, 11, 10)),
        ("fr", "le 1er janv.", date(2026, 1, 1)),
        ("en", "Celebrate Ada’s recent birthday on Nov. 10th", date(2026, 11, 10)),
        ("en", "on Dec 30", date(2025, 12, 30)),
        ("de", "Ada hatte am 10.11. Geburtstag", date(2026, 11, 10)),
        ("fr", "le 10/11", date(2026, 11, 10)),
        ("en", "on 10/11", None),  # either order
        ("en", "on Nov 31", None),
        ("en", "from Nov 3 to Nov 9", None),
        ("en", "Nov 10, her 3rd here", None),
        ("fr", "le 10 jui", None),  # June or July
        ("es", "el 10 de noviembre de 2026", date(2026, 11, 10)),
    ],
)
def test_a_date_is_read_only_if_it_can_mean_one_day(language: str, text: str, on: date | None) -> None:
    assert find_date(text, language, TODAY) == on


@given(
    text=st.text(st.sampled_from("0123456789./ novmairjuil,de")), language=st.sampled_from([*LANGUAGES, None])
)
def test_a_date_without_a_year_is_not_in_the_future(text: str, language: str | None) -> None:
    found = find_date(text, language, TODAY)
    assert found is None or found <= TODAY or str(found.year) in text
