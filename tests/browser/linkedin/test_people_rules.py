"""Degrees, spans, top cards and rows of a search, as rules without a page."""

# ruff: noqa: E501, RUF001 -- tables, and the dashes that pages write

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.browser.linkedin.page_text import Line
from worker.browser.linkedin.people.degrees import parse_degree, split_degree
from worker.browser.linkedin.people.entries import Item, to_education, to_positions
from worker.browser.linkedin.people.result_rows import Link, Row, find_person, to_people
from worker.browser.linkedin.people.search import Button, Surroundings, find_current_page, has_next_page
from worker.browser.linkedin.people.sections import SectionRead, choose_section
from worker.browser.linkedin.people.spans import is_span, parse_span
from worker.browser.linkedin.people.top_card import (
    Action,
    Card,
    CardsRead,
    Connection,
    choose_card,
    find_connection,
    find_headline,
)
from worker.errors import StopAccountError, TryAgainError
from worker.rules.sourcing.profile import Education, Position

ORIGIN = "https://www.linkedin.com"
ADA = "ACoAA" + "Ada-_" * 6 + "abcd"
ZED = "ACoAA" + "Zed-_" * 6 + "abcd"


@pytest.mark.parametrize(
    ("text", "degree"),
    [
        ("· 1st", 1), ("• 2nd", 2), ("3rd+", 3), ("· 1.", 1), ("3.+", 3), ("· 1er", 1), ("2e", 2), ("· 3e et +", 3),
        ("1.º", 1), ("2º", 2), ("1st degree connection", 1), ("Kontakt 3. Grades", 3), ("kontakt 1. stopnia", 1),
        ("1", None), ("1st class baker", None), ("500+", None), ("4th", None), ("11.", None), ("Baker · 1st", None),
    ],
)  # fmt: skip
def test_a_degree_is_the_whole_text(text: str, degree: int | None) -> None:
    assert parse_degree(text) == degree


@given(st.text(st.characters(exclude_characters="·•∙⋅"), max_size=30))
def test_a_badge_at_the_end_of_a_line_needs_its_dot(name: str) -> None:
    assert split_degree(name + "2nd")[1] is None
    assert split_degree(name + " • 2nd") == (name.strip(), 2)


@pytest.mark.parametrize(
    ("line", "span"),
    [
        ("maj 2025 – obecnie · 1 rok 1 mies.", ((2025, 5), None)),
        ("Jan 2019 - Mar 2022 · 3 yrs 3 mos", ((2019, 1), (2022, 3))),
        ("janv. 2019 - mars 2022", ((2019, 1), (2022, 3))),
        ("août 2010 – aujourd’hui", ((2010, 8), None)),
        ("März 2019–Heute · 5 Jahre", ((2019, 3), None)),
        ("Okt. 2019 bis Dez. 2020", ((2019, 10), (2020, 12))),
        ("ene. 2019 - actualidad · 3 años", ((2019, 1), None)),
        ("septiembre de 2019 - dic. 2020", ((2019, 9), (2020, 12))),
        ("wrz 2019 – paź 2020", ((2019, 9), (2020, 10))),
        ("2010 - 2014", ((2010, 1), (2014, 1))),
    ],
)
def test_spans_are_read_in_five_languages(
    line: str, span: tuple[tuple[int, int], tuple[int, int] | None]
) -> None:
    started, ended = span
    assert is_span(line)
    assert parse_span(line) == (date(*started, 1), date(*ended, 1) if ended else None)


@pytest.mark.parametrize(
    "line", ["tammi 2019 - maalis 2022", "Jan 2019 - someday", "Mar 2022 - Jan 2019", "2019", "1 yr 2 mos"]
)
def test_a_span_of_unknown_form_isnt_guessed(line: str) -> None:
    with pytest.raises(ValueError):
        parse_span(line)


def item(*lines: str, parts: list[list[str]] | None = None) -> Item:
    return Item(lines=list(lines), parts=parts or [])


def test_jobs_with_one_and_several_roles_are_told_apart() -> None:
    roles = [["Head baker", "Full-time", "2022 - Present"], ["Baker", "2019 - 2022 · 3 yrs"]]
    jobs = [
        item("The Mill", "6 yrs", parts=roles),
        item(
            "Apprentice", "Crumb · Part-time", "tammi 2016 - maalis 2018", "Lyon", parts=[["Learned a lot"]]
        ),
        item("Founder", "Own Bread"),
    ]
    assert to_positions(jobs) == (
        Position("Head baker", "The Mill", date(2022, 1, 1), None),
        Position("Baker", "The Mill", date(2019, 1, 1), date(2022, 1, 1)),
        Position("Apprentice", "Crumb", None, None),
        Position("Founder", "Own Bread", None, None),
    )


def test_roles_that_have_run_together_are_unknown() -> None:
    assert to_positions([item("The Mill", "6 yrs", "Head", "2022 - Present", "Baker", "2019 - 2022")]) is None


def test_schools_have_the_years_that_are_shown() -> None:
    assert to_education([item("Crumb School", "Bread, Rye", "2015 – 2019"), item("Mill", "2011")]) == (
        Education("Crumb School", "Bread, Rye", 2015, 2019),
        Education("Mill", "", None, 2011),
    )


def section(*, way: str = "key", childless: bool = False, lines: tuple[str, ...] = ()) -> SectionRead:
    return SectionRead(
        section="skills", way=way, childless=childless, prose=None, lines=list(lines), items=[], details=[]
    )


def test_an_empty_place_is_no_section_only_where_the_page_has_loaded() -> None:
    empty = section(childless=True)
    assert choose_section([empty], is_loaded=True) is empty
    assert choose_section([empty], is_loaded=False) is None
    assert choose_section([], is_loaded=True) is None
    assert choose_section([section(way="heading", childless=True)], is_loaded=True) is None


def action(path: str | None = None, *, label: str = "", text: str = "") -> Action:
    return Action(path=path, label=label, text=text)


def card(
    *actions: Action, key: str = "", keyed: bool = False, level: str = "H2", name: str = "Ada Example",
    texts: tuple[str, ...] = (), states: tuple[str, ...] = (),
) -> Card:  # fmt: skip
    return Card(
        key=key, keyed=keyed, level=level, name=name, lines=[], texts=list(texts), actions=list(actions),
        states=list(states), urns=[], pictures=[],
    )  # fmt: skip


CONNECT = action("/preload/custom-invite/?vanityName=ada-example")
MESSAGE = action(f"/messaging/compose/?recipient={ADA}", text="Message")


@pytest.mark.parametrize(
    ("given", "degree", "language", "connection"),
    [
        (card(MESSAGE), None, "en", Connection.UNKNOWN),
        (card(MESSAGE), 1, "en", Connection.CONNECTED),
        (card(MESSAGE), 3, "en", Connection.NOT_CONNECTED),
        (card(MESSAGE, CONNECT), None, None, Connection.NOT_CONNECTED),
        (card(MESSAGE, CONNECT), 1, "en", Connection.UNKNOWN),
        (card(action(label="Pending, click to withdraw invitation sent to Ada")), 2, "en", Connection.PENDING),
        (card(action(text="En attente")), 2, "fr", Connection.PENDING),
        (card(action(text="Als Kontakt"), states=("ConnectButtonstate:invitation:urn:li:member:7_pending",)),
         2, "de", Connection.PENDING),
        (card(states=("ConnectButtonstate:invitation:urn:li:member:7_withdrawn",)), None, None,
         Connection.NOT_CONNECTED),
        (card(action(label="Zaproś użytkownika Ada Example do nawiązania kontaktu")), None, "pl",
         Connection.NOT_CONNECTED),
        (card(action("/in/ada-example/edit/intro/")), None, "en", Connection.OWN),
    ],
)  # fmt: skip
def test_message_is_no_proof_of_a_connection(
    given: Card, degree: int | None, language: str | None, connection: Connection
) -> None:
    assert find_connection(given, degree, language) is connection


@pytest.mark.parametrize(
    ("texts", "language", "found"),
    [
        (
            ("Ada Example", "She/Her", "· 1st", "Baker", "Mill · School", "Bath", "500+", "connections"),
            "en",
            ("Baker", "Bath"),
        ),
        (("Ada Example", "1.", "Baker", "Łódź, Polska", "47", "kontaktów"), "pl", ("Baker", "Łódź, Polska")),
        (("Ada Example · 2e", "--", "Lyon, France", "1 052 abonnés"), "fr", ("", "Lyon, France")),
        (("Ada Example", "Bäckerin", "Mühle · Schule"), "de", ("Bäckerin", "")),
        (("Ada Example",), "es", ("", "")),
    ],
)
def test_the_lines_of_a_head_are_told_by_their_order(
    texts: tuple[str, ...], language: str, found: tuple[str, str]
) -> None:
    assert find_headline([line(text) for text in texts], "Ada Example", language) == found


def choose(*cards: Card, title: str = "LinkedIn", keys: tuple[str, ...] = ()) -> Card | None:
    address = f"{ORIGIN}/in/ada-example/"
    read = CardsRead(title=title, own=False, keys=list(keys), toolbar=[], cards=list(cards))
    return choose_card(read, address, address)


def test_a_strangers_tile_is_never_the_top_card() -> None:
    theirs = action(f"/messaging/compose/?recipient={ZED}")
    stranger = card(theirs, name="Zed Sample", texts=("· 1st",))
    invited = card(action("/preload/custom-invite/?vanityName=zed-sample"), level="H1", name="Zed Sample")
    ours = card(MESSAGE, action("/in/ada-example/overlay/contact-info/"))
    assert choose(stranger, invited, ours) is ours
    assert choose(stranger) is None
    assert choose(invited) is None
    # without an address in the card: the ids of the page's other cards, or the title, or nothing
    known = card(MESSAGE, texts=("· 1st",))
    key = f"com.linkedin.sdui.profile.card.ref{ADA}About"
    assert choose(stranger, known, keys=(key,)) is known
    assert choose(stranger, known, title="(3) Ada Example | LinkedIn") is known
    assert choose(stranger, known) is None
    # at an address by member id
    by_id = f"{ORIGIN}/in/{ADA}/"
    read = CardsRead(title="", own=False, keys=[], toolbar=[], cards=[stranger, ours])
    assert choose_card(read, by_id, by_id) is ours
    namesake = card(theirs, texts=("· 1st",))
    assert choose(namesake, known, title="Ada Example | LinkedIn") is None


def link(path: str, text: str = "", *, lines: int = 1, alone: str | None = None, named: bool = False) -> Link:
    return Link(path=path, text=text, lines=lines, named=named, alone=text if alone is None else alone)


def line(text: str, path: str | None = None, *, key: str = "", is_button: bool = False) -> Line:
    return Line(text=text, link=path, action=is_button, heading=False, key=key)


def row(
    *links: Link, keys: tuple[str, ...] = (), controls: tuple[str, ...] = (), urn: str = "",
    lines: tuple[Line, ...] = (), settled: bool = True, sells: bool = False,
) -> Row:  # fmt: skip
    return Row(
        keys=list(keys), urn=urn, lines=list(lines), links=list(links), controls=list(controls),
        settled=settled, sells=sells, pictures=[],
    )  # fmt: skip


MUTUALS = (
    link("/in/zed-sample/", "Zed Sample", alone="Zed Sample, Bo Else and 4 other mutual connections"),
    link("/in/bo-else/", "Bo Else", alone="Zed Sample, Bo Else and 4 other mutual connections"),
)


@pytest.mark.parametrize(
    ("given", "person"),
    [
        # the link around the card, after those of mutual connections
        (row(link("/in/zed-sample/", "Zed Sample"), link("/in/ada-example/", "Ada", lines=3, alone="")), "ada-example"),
        # the control names whose row it is
        (row(link("/in/zed-sample/", "Zed Sample"), link("/in/ada-example/", "Ada Example"),
             controls=("/preload/search-custom-invite/?vanityName=ada-example",)), "ada-example"),
        # the control speaks against the only link that looks like a name
        (row(link("/in/zed-sample/", "Zed Sample"), controls=("/preload/custom-invite/?vanityName=ada-example",)),
         "ada-example"),
        # an id in the link's parameter
        (row(link("/in/zed-sample/", "Zed"), link(f"/in/ada-example?miniProfileUrn=urn%3Ali%3Afs_miniProfile%3A{ADA}",
             "Ada"), keys=(f"SearchResults{ADA}",)), "ada-example"),
        (row(*MUTUALS, link("/in/ada-example/", "Ada Example", alone="Ada Example • 2nd")), "ada-example"),
        (row(*MUTUALS, link(f"/in/{ADA}/", "Ada Example")), ADA),
        # no link of their own: the key has the id
        (row(*MUTUALS, keys=(f"SearchResultssnippet_{ADA}",)), ADA),
        # hidden members
        (row(*MUTUALS, settled=False), None),
        # an advertisement
        (row(*MUTUALS, sells=True), None),
        (row(*MUTUALS, lines=(line("LinkedIn Member"),)), None),
        (row(link("/in/ada-example/", "Ada"), urn="headless"), None),
    ],
)  # fmt: skip
def test_a_rows_person_is_never_a_mutual_connection(given: Row, person: str | None) -> None:
    assert find_person(given, "en") == (person and f"{ORIGIN}/in/{person}/")


def test_a_row_of_an_uncertain_person_fails_the_page() -> None:
    links = link("/in/zed-sample/", "Zed"), link("/in/ada-example/", "Ada")
    for settled in (True, False):
        with pytest.raises(TryAgainError):
            find_person(row(*links, settled=settled), "en")


def test_a_row_that_names_two_ids_stops_the_account() -> None:
    with pytest.raises(StopAccountError):
        find_person(
            row(keys=(f"SearchResults{ADA}",), controls=(f"/messaging/compose/?recipient={ZED}",)), "en"
        )


def test_a_rows_lines_are_read_without_badges_controls_and_snippets() -> None:
    path = "/in/ada-example/"
    lines = (
        line("Zed Sample", "/in/zed-sample/"), line("Ada Example", path), line("• 3rd+", path),
        line("Writes on the commercial use limit", path), line("Bath", path), line("Connect", "/preload/"),
    )  # fmt: skip
    own = row(link("/in/me-sample/", "Me"), lines=(line("Me", "/in/me-sample/"), line("• Sie")))
    shown = row(*MUTUALS, link(path, "Ada Example", lines=4), lines=lines)
    (person,) = to_people([own, shown], "de")
    assert (person.full_name, person.degree) == ("Ada Example", 3)
    assert (person.headline, person.location) == ("Writes on the commercial use limit", "Bath")


def page_button(number: int, *, current: bool = False) -> Button:
    return Button(label=f"Strona {number}", text=str(number), off=False, numbered=True, current=current)


def around(*buttons: Button, next_mark: bool | None = None) -> Surroundings:
    return Surroundings(next=next_mark, buttons=list(buttons), hidden=[], texts=[])


def test_another_page_is_offered_by_marks_numbers_or_words() -> None:
    pages = [page_button(1, current=True), page_button(2)]
    assert find_current_page(around(*pages)) == 1
    assert has_next_page(around(next_mark=True), 1, 3, None)
    assert not has_next_page(around(*pages, next_mark=False), 1, 10, None)
    assert has_next_page(around(*pages), 1, 3, "pl")
    assert not has_next_page(around(*pages), 2, 10, "pl")
    off = Button(label="Dalej", text="Dalej", off=True, numbered=False, current=False)
    assert not has_next_page(around(off), 1, 10, "pl")
    # nothing says that a full page is the last one
    assert has_next_page(around(), 1, 10, None)
    assert not has_next_page(around(), 1, 4, None)
    assert not has_next_page(around(next_mark=True), 100, 10, None)
