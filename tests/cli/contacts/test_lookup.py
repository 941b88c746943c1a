"""Looking people up by words of the name, however they are spelt; several are listed, none is guessed at."""

# ruff: noqa: RUF001 -- these letters are meant

from pathlib import Path

import pytest

from db.engine import Database
from db.store.people import contact_list, lookup
from db.store.people.contact_list import ContactFilters
from db.tables import Contact
from tests.builders import SANDBOX, a_campaign, a_contact, add_planned, an_account, contact_by_slug
from tests.cli.conftest import Rapport
from tests.cli.screen.terminal import Terminal, terminal
from tests.cluster import untraced, wait_for

NAMES = {
    "zoe": "Zoë Ångström-Søndergaard",
    "strauss": "Jürgen Strauß",
    "lukasz": "Dr. Łukasz Wałęsa",
    "ilkay": "İLKAY Işık",
    "wide": "Ａｎｎａ Ｋｉｍ",
    "combined": "Jose\N{COMBINING ACUTE ACCENT} Peña",
    "apostrophe": "Siân O\N{RIGHT SINGLE QUOTATION MARK}Neil",
    "greek": "Γιώργος Παπαδόπουλος",
}


@pytest.fixture
def people(database: Database) -> None:
    with database.transaction() as session:
        account = an_account(session)
        for slug, name in NAMES.items():
            a_contact(session, account, f"{slug}-1", name=name)


@pytest.fixture
def namesakes(database: Database) -> None:
    with database.transaction() as session:
        account = an_account(session)
        for number, company in enumerate(("Acme", "Bolt Ltd"), start=1):
            contact = a_contact(session, account, f"ann-{number}", name="Ann Lee")
            contact.profile = {"headline": "Engineer", "company": company}
        a_contact(session, account, "annette", name="Annette Leeds")


@pytest.mark.parametrize(
    ("who", "slug"),
    [
        ("zoe angstrom", "zoe"), ("SONDERGAARD", "zoe"), ("angstrom søndergaard zoe", "zoe"),
        ("strauss", "strauss"), ("STRAUẞ", "strauss"), ("jurgen", "strauss"),
        ("Dr. Jürgen Strauß", "strauss"),
        ("lukasz walesa", "lukasz"), ("Łukasz", "lukasz"), ("prof walesa", "lukasz"),
        ("ilkay isik", "ilkay"), ("ışık", "ilkay"), ("anna kim", "wide"), ("Kim Anna", "wide"),
        ("josé pena", "combined"), ("JOSE", "combined"), ("o'neil", "apostrophe"),
        ("oneil sian", "apostrophe"),
        ("γιωργοσ", "greek"), ("zoe-1", "zoe"), (f"{SANDBOX}zoe-1", "zoe"),
        ("sandbox.test/in/ZOE-1/?x=1", "zoe"),
        ("@zoe", "zoe"), ("zoe 🎉", "zoe"), ("kim & anna", "wide"),
    ],
)  # fmt: skip
def test_a_person_is_found_however_the_name_is_spelt(
    database: Database, people: None, who: str, slug: str
) -> None:
    with database.transaction() as session:
        found = lookup.find_contacts(session, who).people
        assert [person.profile_url for person in found] == [f"{SANDBOX}{slug}-1/"]


def test_the_whole_name_wins_over_a_part_of_one_and_an_id_is_taken(
    rapport: Rapport, database: Database, people: None
) -> None:
    with database.transaction() as session:
        a_contact(session, an_account(session), "longer", name="Anna Kimberly")
        contact_id = contact_by_slug(session, an_account(session), "zoe-1").id
    assert "wide-1" in rapport("contacts", "show", "anna kim")
    assert "Zoë" in rapport("contacts", "show", str(contact_id))
    assert "longer" in rapport("contacts", "show", "kimber")


def test_several_are_listed_with_what_tells_them_apart_and_nobody_is_taken(
    rapport: Rapport, database: Database, namesakes: None
) -> None:
    for command in (("show",), ("do-not-contact",), ("forget", "--yes"), ("edit", "--language", "fr")):
        said = rapport.refused("contacts", command[0], "lee ann", *command[1:])
        assert said.splitlines()[1:] == [
            f"  1  Ann Lee, Engineer, Acme, {SANDBOX}ann-1/, of account demo",
            f"  2  Ann Lee, Engineer, Bolt Ltd, {SANDBOX}ann-2/, of account demo",
        ], command
    assert "several people match" in rapport.refused("why", "lee ann")
    assert "several people match" in rapport.refused("actions", "list", "--contact", "lee ann")
    with database.transaction() as session:
        everybody = contact_list.list_contacts(session, ContactFilters(), limit=9)
        assert [line.do_not_contact for line in everybody] == [False] * 3


def answer(opened: Terminal, question: str, keys: str) -> None:
    wait_for(f"{question}; there is:\n{opened.screen()}", lambda: question in opened.screen())
    opened.press(keys)


def test_on_a_terminal_the_number_chooses(database: Database, namesakes: None, environment: None) -> None:
    with terminal("contacts", "do-not-contact", "ann", env=untraced() | {"TERM": "xterm"}) as opened:
        answer(opened, "Which one? Number", "2\n")
        code, screen = opened.ended()
    assert code == 0
    assert "  3  Annette Leeds" in screen
    with database.transaction() as session:
        account = an_account(session)
        marked = [contact_by_slug(session, account, slug).do_not_contact for slug in ("ann-1", "ann-2")]
    assert marked == [False, True]


def test_a_part_of_a_name_forgets_nobody(rapport: Rapport, database: Database, people: None) -> None:
    said = rapport.refused("contacts", "forget", "lukasz", "--yes")
    assert said.splitlines() == [
        "'lukasz' is only a part of a name; give the whole name or the address:",
        f"  Dr. Łukasz Wałęsa, {SANDBOX}lukasz-1/, of account demo",
    ]
    assert "is only a part" in rapport.refused("contacts", "do-not-contact", "lukasz", "--off")
    assert "forgotten: 1 contact" in rapport("contacts", "forget", "lukasz walesa", "--yes")


@pytest.mark.parametrize("typed", ["Jurgen Stauss", "strauß jürgne", "Jurgn Strauss", "Stras", "@stras"])
def test_nobody_found_suggests_the_nearest(rapport: Rapport, people: None, typed: str) -> None:
    show, forget = ("contacts", "show"), ("contacts", "forget")
    for command in (show, forget, ("why",), ("actions", "list", "--contact")):
        said = rapport.refused(*command, typed)
        assert "did you mean:" in said, command
        assert f"Jürgen Strauß, {SANDBOX}strauss-1/, of account demo" in said
    assert "did you mean" not in rapport.refused("contacts", "show", "Qwxyz")


def test_a_list_is_narrowed_by_words_without_accents(
    rapport: Rapport, database: Database, people: None
) -> None:
    with database.transaction() as session:
        contact_by_slug(session, an_account(session), "zoe-1").profile = {
            "location": "Zürich",
            "company": "Ærø",
        }
    for words in ("zurich", "ZOE aero", "angstrom zürich"):
        assert rapport("contacts", "list", "--text", words).count("\tdemo\t") == 1, words
    assert "no match" in rapport("contacts", "list", "--text", "zurich kim")


def test_a_mistyped_account_or_id_is_suggested(rapport: Rapport, database: Database, tmp_path: Path) -> None:
    with database.transaction() as session:
        account = an_account(session)
        campaign_id = a_campaign(session, account)
        action_id = add_planned(session, account, a_contact(session, account, "ann"), campaign_id=campaign_id)
    for command in (("account", "pause"), ("forecast",), ("quota", "show"), ("campaign", "birthday")):
        assert "there is no account called 'demmo'; did you mean demo?" in rapport.refused(*command, "demmo")
    assert "did you mean demo?" in rapport.refused("contacts", "list", "--account", "DEMO")
    for command, found in ((("campaign", "show"), campaign_id), (("actions", "show"), action_id)):
        wrong = f"{str(found)[:7]}{'0' if str(found)[7] != '0' else '1'}"
        assert f"did you mean {str(found)[:8]}?" in rapport.refused(*command, wrong)


def test_an_id_with_several_ends_lists_them(rapport: Rapport, database: Database) -> None:
    with database.transaction() as session:
        account = an_account(session)
        ids = [str(a_campaign(session, account)) for _ in range(17)]
    several = next(digit for digit in "0123456789abcdef" if sum(each[0] == digit for each in ids) > 1)
    said = rapport.refused("campaign", "show", several)
    assert f"several campaigns begin with '{several}'" in said
    assert said.count("birthday campaign of demo") > 1


def test_a_word_that_folding_makes_longer_than_postgres_takes_finds_nobody(
    database: Database, people: None
) -> None:
    with database.transaction() as session:
        for found in (lookup.find_contacts, lookup.suggest_contacts):
            assert not getattr(found(session, "㌖" * 190), "people", ())


def test_search_text_is_folded_as_it_is_stored(database: Database) -> None:
    with database.transaction() as session:
        account = an_account(session)
        contact: Contact = a_contact(session, account, "x", name="Þóra Æsa  Đặng-Müller, Straße")
        session.refresh(contact)
        assert contact.folded_name.split() == ["thora", "aesa", "dang", "muller", "strasse"]
        assert lookup.fold_words(session, "ÞÓRA æsa đẶNG") == ["thora", "aesa", "dang"]
