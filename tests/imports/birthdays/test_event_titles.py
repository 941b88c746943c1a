"""Titles of yearly events: the name is found in each language, without years, ages and ordinals."""

import unicodedata
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.imports.calendars.titles import EventTitle, read_death_title, read_title
from db.imports.calendars.words import WORDS, EventKind, find_kind

YEAR = 2026


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Ann O'Neil's birthday", "Ann O'Neil"),
        ("🎂 James\u2019 Birthday 🎉", "James"),
        ("Birthday: Ann", "Ann"),
        ("Ann Roe's 40th birthday", "Ann Roe"),
        ("Happy birthday, Ann Roe!", "Ann Roe"),
        ("Ann Roe turns 40", "Ann Roe"),
        ("Anniversaire d'Ann", "Ann"),
        ("Anniversaire de Jean-Noël", "Jean-Noël"),
        ("40e anniversaire de Zoé", "Zoé"),
        ("Anniversaire de Zoé Roe (35 ans)", "Zoé Roe"),
        ("Zoé Roe a 35 ans", "Zoé Roe"),
        ("Geburtstag von Jörg", "Jörg"),
        ("40. Geburtstag von Jörg Roe", "Jörg Roe"),
        ("Jörg hat Geburtstag", "Jörg"),
        ("Jörg Roe wird 40", "Jörg Roe"),
        ("Cumpleaños de Ana María", "Ana María"),
        ("Ana cumple 40 años", "Ana"),
        ("Aniversário da Ana (30 anos)", "Ana"),
        ("Compleanno di Anna (40)", "Anna"),
        ("Verjaardag van Anna (40 jaar)", "Anna"),
        ("Anna fyller 40 år", "Anna"),
        ("Anna má narozeniny", "Anna"),
        ("Anna'n\u0131n doğum günü", "Anna"),
        ("Anna Kovács születésnapja", "Anna Kovács"),
        ("Sinh nhật của Anna", "Anna"),
        ("アンナさんの誕生日", "アンナ"),
        ("安娜的生日", "安娜"),
        ("안나의 생일", "안나"),
        ("יום הולדת של אנה", "אנה"),
        ("عيد ميلاد آنا", "آنا"),
        ("अन्ना का जन्मदिन", "अन्ना"),
        ("🎂 Ann Roe (1980)", "Ann Roe"),
        ("Ann Roe (*)", "Ann Roe"),
        ("⭐️ Ann Roe", "Ann Roe"),
        ("Ann Roe (b. 1980)", "Ann Roe"),
        ("🎂 Ann Roe (5.3.1980) \u2013 46", "Ann Roe"),
        ("Ann (Birthday)", "Ann"),
        ("प्रिया शर्मा", "प्रिया शर्मा"),
        ("李小龙", "李小龙"),
        ("Dr. King Jr.", "Dr. King Jr."),
        ("Ann Roe (Müller)", "Ann Roe (Müller)"),
        ("🎂", ""),
    ],
)
def test_a_title_says_whose_birthday_it_is(title: str, name: str) -> None:
    found = read_title(title, YEAR)
    assert (found.name, found.is_vague) == (name, False)


@pytest.mark.parametrize(
    ("title", "names"),
    [
        ("Anns Geburtstag (1980)", ("Ann", "Anns")),
        ("Klaus Geburtstag", ("Klau", "Klaus")),
        ("Annas födelsedag", ("Anna", "Annas")),
        ("Annan syntymäpäivä", ("Annan", "Anna")),
        ("День рождения Анны", ("Анны", "Анна")),
        ("40-летие Анны", ("Анны", "Анна")),
        ("Urodziny Anny Nowak (35 lat)", ("Anny Nowak", "Anna Nowak")),
        ("Γενέθλια της Άννας", ("Άννας", "Άννα")),
        ("Ann Roe's 1st birthday party", ("Ann Roe's birthday party",)),
    ],
)
def test_a_name_in_another_case_is_only_compared(title: str, names: tuple[str, ...]) -> None:
    found = read_title(title, YEAR)
    assert ((found.name, *found.other_names), found.is_vague) == (names, True)


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("День рождения Ивана Чайковского", "Иван Чайковский"),
        ("День рождения Марии Петровой", "Мария Петрова"),
        ("День народження Андрія Мельника", "Андрій Мельник"),
        ("Urodziny Jana Kowalskiego", "Jan Kowalski"),
        ("Narozeniny Jany Novákové", "Jana Nováková"),
        ("Rođendan Ane", "Ana"),
        ("Onos gimtadienis", "Ona"),
        ("Γενέθλια του Νίκου", "Νίκος"),
        ("Ziua de naștere a Mariei", "Maria"),
    ],
)
def test_a_declined_name_is_also_compared_in_the_nominative(title: str, name: str) -> None:
    found = read_title(title, YEAR)
    assert found.is_vague
    assert name in found.other_names


@pytest.mark.parametrize("language", sorted(WORDS.languages))
def test_each_languages_words_are_told_apart(language: str) -> None:
    words = WORDS.languages[language]
    for word in words.birthday:
        assert find_kind(f"{word}: Zyx") is EventKind.BIRTHDAY, word
        assert read_title(f"{word}: Zyx Qwv", YEAR).name == "Zyx Qwv", word
    for word in words.death:
        assert find_kind(f"{word} Zyx") is EventKind.DEATH, word
        assert read_death_title(f"{word} Zyx Qwv") == "Zyx Qwv", word
    for word in words.anniversary:
        assert find_kind(f"{word} Zyx") is EventKind.ANNIVERSARY, word


@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC"])
def test_the_normal_form_of_a_title_makes_no_difference(form: Literal["NFC", "NFD", "NFKC"]) -> None:
    assert find_kind(unicodedata.normalize(form, "Décès de Zoé")) is EventKind.DEATH
    assert find_kind(unicodedata.normalize(form, "День пам\u2019яті Zoé")) is EventKind.DEATH  # noqa: RUF001 -- Ukrainian
    assert read_title(unicodedata.normalize(form, "Cumpleaños de Zoé"), YEAR).name == "Zoé"


@pytest.mark.parametrize("name", ["김기일", "Bas Roe", "Tod Roe", "Mort Roe", "Rip Roe", "Wafaa", "Haulina"])
def test_a_name_that_holds_such_a_word_has_not_died(name: str) -> None:
    assert find_kind(f"🎂 {name}") is EventKind.BIRTHDAY


@given(st.text(max_size=40))
def test_no_title_upsets_it(title: str) -> None:
    found = read_title(title, YEAR)
    assert isinstance(found, EventTitle)
    assert found.name == found.name.strip()
    read_death_title(title)
    find_kind(title)
