"""What rows of lists mean: days of birthdays, names, counts and controls; no browser."""

# ruff: noqa: RUF001 -- the apostrophes are what pages write

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.browser.linkedin.lists.birthday_cards import (
    Card,
    Day,
    agree,
    check_people,
    read_day,
    sentences,
    without_name,
)
from worker.browser.linkedin.lists.invitation_rows import CountLabel, find_count, find_withdraw
from worker.browser.linkedin.lists.names import find_name, halve_doubled
from worker.browser.linkedin.lists.rows import Control
from worker.errors import Reason, StopAccountError

TODAY = date(2026, 11, 18)
NAME = "Ada Example"


@pytest.mark.parametrize(
    ("language", "sentence", "wish", "days"),
    [
        ("fr", "Célébrez l’anniversaire de Ada aujourd’hui", "Je vous souhaite un joyeux anniversaire.", 0),
        ("fr", "Célébrez l’anniversaire de Ada AUJOURD’HUI", "", 0),
        (
            "fr",
            "Célébrez l’anniversaire récent de Ada le 10 nov.",
            "Joyeux anniversaire avec un peu de retard !",
            8,
        ),
        ("fr", "L’anniversaire de Ada était hier", "", 1),
        ("en", "Celebrate Ada’s birthday today", "Happy birthday!", 0),
        ("en", "Celebrate Ada’s recent birthday on Nov 10", "Happy belated birthday!", 8),
        ("en", "Ada had a birthday 2 days ago", "Happy belated birthday!", 2),
        ("de", "Ada hat heute Geburtstag", "Alles Gute zum Geburtstag!", 0),
        ("de", "Ada hatte am 10. Nov. Geburtstag", "Nachträglich alles Gute!", 8),
        ("de", "Ada hatte vorgestern Geburtstag", "", 2),
        ("es", "Ada cumple años hoy", "¡Feliz cumpleaños!", 0),
        ("es", "El cumpleaños de Ada fue el 10 de nov.", "¡Feliz cumpleaños con retraso!", 8),
        ("pl", "Ada obchodzi dziś urodziny", "Wszystkiego najlepszego!", 0),
        ("pl", "Ada obchodziła urodziny 10 lis", "Spóźnione życzenia!", 8),
        ("fr", "Ada's birthday is today", "", 0),  # pages mix English in
        # neither
        ("en", "Celebrate Ada’s birthday today", "Happy belated birthday!", None),
        ("en", "Celebrate Ada’s birthday today, Nov 18", "", None),
        ("en", "Celebrate Ada’s recent birthday", "", None),
        ("en", "Ada’s birthday is tomorrow", "", None),
        ("en", "Ada’s birthday is on Nov 19", "", None),
        ("en", "Ada’s birthday was a week ago", "", None),
        ("en", "Célébrez l’anniversaire de Ada aujourd’hui", "", None),
        ("it", "Oggi è il compleanno di Ada", "", None),
        ("it", "Compleanno di Ada il 10 nov.", "", None),
    ],
)
def test_a_sentence_says_today_a_past_day_or_neither(
    language: str, sentence: str, wish: str, days: int | None
) -> None:
    day = read_day([sentence], wish, NAME, language, TODAY)
    assert day.on == (None if days is None else TODAY - timedelta(days=days))


def test_a_name_says_no_day() -> None:
    """A name may be a month, have a figure, or be a word for today."""
    for name in ("May Example", "Ada 10 Example", "🔥 Ada"):
        first = name.rsplit(" ", 1)[0]
        day = read_day([f"Celebrate {first}’s birthday today"], "", name, "en", TODAY)
        assert day == Day(TODAY, told=True, dated=False)
    assert without_name("Celebrate May’s recent birthday on May 10", "May Example").count("may") == 1


def test_a_headline_says_no_day() -> None:
    lines = ["Ada Example", "Open to work today", "Celebrate Ada’s recent birthday"]
    assert sentences(lines, NAME, "en") == ["Celebrate Ada’s recent birthday"]
    assert sentences([NAME, "Célébrez l’anniversaire de Ada", "aujourd’hui"], NAME, "fr") == [
        "Célébrez l’anniversaire de Ada",
        "aujourd’hui",
    ]


def card(slug: str, wish: str, *, dated: bool, member: str | None = None) -> Card:
    return Card(f"/in/{slug}/", member, slug, wish, Day(None, told=False, dated=dated))


@given(st.lists(st.tuples(st.sampled_from(["A!", "B!", ""]), st.booleans()), max_size=6))
def test_without_the_language_nobody_is_of_today_whose_wish_a_late_card_has(
    pairs: list[tuple[str, bool]],
) -> None:
    cards = [card(f"p{number}", wish, dated=dated) for number, (wish, dated) in enumerate(pairs)]
    late = {wish for wish, dated in pairs if dated}
    todays = [one for one in agree(cards, TODAY) if one.day.on]
    assert all(one.suggestion and one.suggestion not in late and not one.day.dated for one in todays)
    assert not todays or (late and len({one.suggestion for one in todays}) == 1)


def test_one_person_with_two_ids_or_one_id_with_two_people_stops_the_page() -> None:
    ada = card("ada", "", dated=False, member="/in/ACoAA1/")
    check_people(
        [ada, ada, replace(ada, member_url=None), card("bob", "", dated=False, member="/in/ACoAA2/")]
    )
    for other in (replace(ada, member_url="/in/ACoAA2/"), replace(ada, profile_url="/in/bob/")):
        with pytest.raises(StopAccountError) as stopped:
            check_people([ada, other])
        assert stopped.value.reason is Reason.SITE_CHANGED


@pytest.mark.parametrize(
    ("lines", "labels", "language", "name"),
    [
        (["Ada Example", "Célébrez …"], ["Photo de profil de Ada Example"], "fr", "Ada Example"),
        (["Jo Sample Aktueller Entitätsverlauf"], ["Jo Samples Profilbild"], "de", "Jo Sample"),
        (["🔥 Ada Example 🚀", "x"], ["Photo de profil de 🔥 Ada Example 🚀"], "fr", "🔥 Ada Example 🚀"),
        (["Neu", "Klaus"], ["Klaus’ Profilbild"], "de", "Klaus"),
        (["Something else"], ["Jo Sample’s profile picture"], "en", "Jo Sample"),
        (["李小龙"], [], "en", "李小龙"),
        (["Something else"], ["An unknown frame"], "en", None),
        ([], [], "en", None),
    ],
)
def test_a_name_is_what_a_line_and_a_label_agree_on(
    lines: list[str], labels: list[str], language: str, name: str | None
) -> None:
    assert find_name(lines, labels, labels, language) == name


@given(
    number=st.integers(0, 9_999_999), separator=st.sampled_from([",", ".", " ", "\u00a0", "\u202f", "'", ""])
)
def test_a_count_is_read_with_every_separator(number: int, separator: str) -> None:
    written = f"{number:,}".replace(",", separator)
    for label in (f"People ({written})", f"Leute ({written})"):
        assert find_count([CountLabel(label, current=True)], "de") == number


def test_only_the_tab_of_people_counts() -> None:
    labels = [CountLabel("Alle (3)", current=False), CountLabel("Seiten (2)", current=False)]
    assert find_count([*labels, CountLabel("Personen (1.052)", current=False)], "de") == 1052
    assert find_count([*labels, CountLabel("Menschen (1.052)", current=True)], "de") == 1052
    assert find_count(labels, "de") is None
    assert find_count([CountLabel("Erhalten (3)", current=False)], "de") is None
    assert find_count([CountLabel("12 mutual connections", current=False)], "en") is None


def test_the_control_that_withdraws_is_told_by_its_word_or_by_the_name() -> None:
    other = Control("/in-place/", "Options", "…")
    worded = Control("/sent/", "Withdraw invitation sent to Ada Example", "Withdraw")
    unknown = Control("/sent/", "Peruuta kutsu: Ada Example", "Peruuta")
    assert find_withdraw([other, worded], NAME, "en") == 1
    assert find_withdraw([other, unknown], NAME, "fi") == 1
    accept, ignore = (
        Control(None, "Accept Ada Example’s invitation", ""),
        Control(None, "Ignore Ada Example", ""),
    )
    assert find_withdraw([accept, ignore], NAME, "en") is None


def test_a_line_and_its_copy_for_screen_readers_are_one() -> None:
    assert halve_doubled("Jo Sample Jo Sample") == "Jo Sample"
    assert halve_doubled("Ali Ali") == "Ali Ali"
    assert halve_doubled("Jo Sample Jo") == "Jo Sample Jo"
