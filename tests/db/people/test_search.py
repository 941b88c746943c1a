"""People are found by the beginnings of words, in pages of one order, whichever way they are looked for."""

from collections.abc import Sequence
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from db.store.people import accounts, contact_list, search
from db.store.people.contact_list import ContactFilters
from db.store.people.people_filters import (
    MONTH,
    NO_LANGUAGE,
    SITE,
    BirthdayFilter,
    ContactFilter,
    GreetedFilter,
    NameFilter,
    PeopleFilters,
    PeopleOrder,
)
from db.store.people.search import Sought
from db.store.privacy import personal_columns
from db.tables import Contact
from tests.builders import a_contact, an_account
from tests.console.hostile import HOSTILE
from worker.rules.dates.birthdays import next_birthday
from worker.rules.model import Birthday, ContactStatus

TODAY = date(2027, 12, 20)
NAMES = st.one_of(
    st.sampled_from([name.replace("\0", "") for name in HOSTILE]),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=40),
    st.lists(
        st.sampled_from(
            ["Zoë", "O'Neil", "Łukasz", "ASSIS", "Straße", "(Annie)", "🎉Ben🎉", "“Bo”", "AT&T", "al-Din"]
        ),
        min_size=1,
        max_size=4,
    ).map(" ".join),
)


def find(session: Session, account_id: int, typed: str) -> Sequence[int]:
    words, addresses = search.read_query(session, typed)
    sought = Sought(account_id, TODAY, words, addresses)
    return search.find_people(session, sought, after=None, limit=50).ids


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=NAMES)
def test_every_beginning_of_a_word_finds_the_person_in_their_account_only(
    session: Session, name: str
) -> None:
    with session.begin_nested() as undone:
        account, other = an_account(session), an_account(session, "other")
        ours = a_contact(session, account, "ours", name=name)
        a_contact(session, other, "theirs", name=name)
        session.refresh(ours)
        for word in ours.folded_name.split():
            for end in {1, 2, 3, len(word) // 2, len(word)} - {0}:
                assert find(session, account.id, word[:end]) == [ours.id], (word[:end], ours.folded_name)
        undone.rollback()


@pytest.mark.parametrize(
    "typed",
    [
        "zoe quill", "QUILL Zoë", "qui zo", "bee qui", "hives", "zoe-quill-77", "  zoë,  hive ",
        "https://www.linkedin.com/in/zoe-quill-77?x=1", "linkedin.com/in/Zoe-Quill-77/",
        "https://www.linkedin.com/in/zoe-quill-77",
    ],
)  # fmt: skip
def test_words_of_name_work_and_address_count_in_any_order(session: Session, typed: str) -> None:
    account = accounts.add_account(session, name="demo", site="linkedin", zone=ZoneInfo("UTC"))
    zoe = a_contact(session, account, "zoe-quill-77", name="Zoë Quill")
    zoe.profile = {"company": "Hives and Sons", "headline": "Chief Beekeeper"}
    zoe.profile_url = "https://www.linkedin.com/in/zoe-quill-77/"
    a_contact(session, account, "zoe-other", name="Zoe Other")
    assert find(session, account.id, typed) == [zoe.id]


@pytest.mark.parametrize("typed", ["uill", "zoe & !quill", "zoe | other", "a:*b", "'zoe':a", "%", "zoe%ill"])
def test_nothing_typed_is_an_operator(session: Session, typed: str) -> None:
    account = an_account(session)
    zoe = a_contact(session, account, "zoe-quill-77", name="Zoë Quill")
    words, _ = search.read_query(session, typed)
    begins = all(word in {"zoe", "quill"} for word in words)
    assert find(session, account.id, typed) == ([zoe.id] if begins else [])


FILTERS = [
    PeopleFilters(),
    PeopleFilters(birthday=BirthdayFilter.MONTH),
    PeopleFilters(birthday=BirthdayFilter.UNKNOWN),
    PeopleFilters(contact=ContactFilter.ON_HOLD),
    PeopleFilters(contact=ContactFilter.NEVER, status=ContactStatus.CONNECTED),
    PeopleFilters(status=ContactStatus.PROSPECT),
    PeopleFilters(greeted=GreetedFilter.THIS_YEAR),
    PeopleFilters(greeted=GreetedFilter.NEVER, language="fr"),
    PeopleFilters(name=NameFilter.BY_HAND),
    PeopleFilters(language=NO_LANGUAGE, source=SITE),
    PeopleFilters(source="linkedin"),
]


def fits(person: Contact, filters: PeopleFilters, word: str) -> bool:
    """Say in plain words who matches."""
    born = person.birth_month and Birthday(person.birth_month, person.birth_day or 0)
    following = next_birthday(born, TODAY) if born else None
    soon = following is not None and (following - TODAY).days < MONTH
    fulfilled = {
        ("birthday", BirthdayFilter.MONTH): soon,
        ("birthday", BirthdayFilter.UNKNOWN): born is None,
        ("contact", ContactFilter.ON_HOLD): person.hold_until is not None and person.hold_until > TODAY,
        ("contact", ContactFilter.NEVER): person.do_not_contact,
        ("greeted", GreetedFilter.THIS_YEAR): person.last_greeted_on is not None
        and person.last_greeted_on.year == TODAY.year,
        ("greeted", GreetedFilter.NEVER): person.last_greeted_on is None,
        ("name", NameFilter.BY_HAND): person.call_by is not None,
    }
    chosen = ((each, getattr(filters, each)) for each in ("birthday", "contact", "greeted", "name"))
    return (
        all(fulfilled[each] for each in chosen if each[1] is not None)
        and filters.status in {None, person.status}
        and filters.language in {None, person.language or NO_LANGUAGE}
        and filters.source in {None, SITE}
        and any(each.startswith(word) for each in person.full_name.lower().split())
    )


@pytest.fixture
def crowd(session: Session) -> Sequence[Contact]:
    """Forty people who differ in all that is filtered; several have one name, and one day."""
    account = an_account(session)
    for number in range(40):
        birthday = TODAY + timedelta(days=number % 9 * 7) if number % 5 else None
        who = a_contact(session, account, f"p{number}", name=f"{'ABCD'[number % 4]}nn Lee", birthday=birthday)
        who.do_not_contact, who.language = number % 6 == 1, "fr" if number % 3 else None
        who.status = ContactStatus.PROSPECT if number % 4 == 2 else ContactStatus.CONNECTED
        who.hold_until = TODAY + timedelta(days=number - 20) if number % 2 else None
        who.last_greeted_on = TODAY - timedelta(days=number * 20) if number % 3 == 1 else None
        who.call_by = "Annie" if number % 7 == 0 else None
    session.flush()
    return session.query(Contact).where(Contact.account_id == account.id).all()


@pytest.mark.parametrize(
    ("looked_through", "word"),
    [
        (1, "a"), (7, "le"), (5_000, ""),
        *(pytest.param(*each, marks=pytest.mark.soak) for each in ((1, ""), (7, "a"), (5_000, "le"))),
    ],
)  # fmt: skip
@pytest.mark.parametrize("order", PeopleOrder)
def test_pages_hold_whoever_fits_once_and_in_order(  # noqa: PLR0917 -- pytest passes each by its name
    session: Session,
    crowd: Sequence[Contact],
    monkeypatch: pytest.MonkeyPatch,
    looked_through: int,
    order: PeopleOrder,
    word: str,
) -> None:
    monkeypatch.setattr(search, "LOOKED_THROUGH", looked_through)
    monkeypatch.setattr(search, "_COUNTED_THROUGH", looked_through)
    for filters in FILTERS:
        expected = [each for each in crowd if fits(each, filters, word)]
        if order is PeopleOrder.BIRTHDAY:
            expected = [each for each in expected if each.birth_month]
            expected.sort(key=lambda each: (turn(each), each.id))
        else:
            expected.sort(key=lambda each: (each.full_name.lower(), each.id))
        sought = Sought(crowd[0].account_id, TODAY, [word] if word else [], (), filters, order=order)
        seen: list[int] = []
        page = search.find_people(session, sought, after=None, limit=3)
        while page.more:
            seen += page.ids
            assert page.count == len(expected)
            page = search.find_people(session, sought, after=page.ids[-1], limit=3)
        assert [*seen, *page.ids] == [each.id for each in expected], filters


@pytest.mark.parametrize("looked_through", [1, 7, 2_000])
def test_names_that_begin_with_the_first_word_come_first(
    session: Session, monkeypatch: pytest.MonkeyPatch, looked_through: int
) -> None:
    monkeypatch.setattr(search, "LOOKED_THROUGH", looked_through)
    monkeypatch.setattr(search, "_COUNTED_THROUGH", looked_through)
    account = an_account(session)
    names = ["Abe Li", "Ann Bell", "Bea Li", "Ben Ott", "Bo Bell", "Cy Ott", "Dee Bo", "Eve Li"]
    for number, name in enumerate(names):
        a_contact(session, account, f"p{number}", name=name).profile = {
            "company": "Best" if number > 5 else ""
        }
    session.flush()
    everybody = {each.id: each.full_name for each in session.query(Contact)}
    for words, expected in {
        ("b",): ["Bea Li", "Ben Ott", "Bo Bell", "Ann Bell", "Dee Bo", "Eve Li"],
        ("be",): ["Bea Li", "Ben Ott", "Ann Bell", "Bo Bell", "Dee Bo", "Eve Li"],
        ("bell", "b"): ["Ann Bell", "Bo Bell"],
        ("b", "bell"): ["Bo Bell", "Ann Bell"],
    }.items():
        for size in (1, 2, 5, 50):
            found: list[int] = []
            page = search.FoundPeople((), more=True, count=0)
            while page.more and len(found) <= len(expected):
                after = found[-1] if found else None
                page = search.find_people(session, Sought(account.id, TODAY, words), after=after, limit=size)
                assert page.count == len(expected)
                found += page.ids
            assert [everybody[each] for each in found] == expected, (words, size)


def turn(person: Contact) -> tuple[bool, int, int]:
    day = (person.birth_month or 0, person.birth_day or 0)
    return day < (TODAY.month, TODAY.day), *day


def test_of_many_matches_only_a_thousand_are_counted(
    session: Session, crowd: Sequence[Contact], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "MOST_COUNTED", 5)
    for words in ((), ("lee",)):
        sought = Sought(crowd[0].account_id, TODAY, words)
        assert search.find_people(session, sought, after=None, limit=3).count == 6


def test_whom_a_frequent_word_does_not_fit_is_not_found(
    session: Session, crowd: Sequence[Contact], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "LOOKED_THROUGH", 1)
    monkeypatch.setattr(contact_list, "LOOKED_THROUGH", 1)
    for person in crowd:
        person.profile = {"company": "Acme"}
    anns = [person for person in crowd if person.full_name.startswith("A")]
    anns[0].profile, anns[1].profile = {"company": "Bacme"}, {}  # the word begins nothing, and isn't there
    session.flush()
    for words in (("ann", "acme"), ("acme", "ann"), ("acme", "lee", "ann")):
        sought = Sought(crowd[0].account_id, TODAY, words)
        found = search.find_people(session, sought, after=None, limit=50)
        assert sorted(found.ids) == sorted(each.id for each in anns[2:])
        assert found.count == len(anns) - 2
        listed = contact_list.list_contacts(session, ContactFilters(text=" ".join(words)), limit=50)
        assert [each.id for each in listed] == sorted(found.ids)


def test_the_erased_are_not_found(session: Session, crowd: Sequence[Contact]) -> None:
    account_id, gone = crowd[0].account_id, crowd[0].id
    personal_columns.erase_contacts(session, [gone])
    for words in ((), ("forgotten",), ("ann",)):
        assert (
            gone
            not in search.find_people(session, Sought(account_id, TODAY, words), after=None, limit=50).ids
        )


def test_a_place_that_is_gone_leads_to_the_first_page(session: Session, crowd: Sequence[Contact]) -> None:
    sought = Sought(crowd[0].account_id, TODAY)
    first = search.find_people(session, sought, after=None, limit=3)
    assert search.find_people(session, sought, after=10**15, limit=3) == first
