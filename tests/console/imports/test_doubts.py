"""Birthdays and people in doubt, side by side: each decision both ways, once, and the next one after it."""

from datetime import date

import pytest
from sqlalchemy.orm import Session

from api_stub.console.session import Role
from db.engine import Database
from db.store.identity import doubts as identity_doubts
from db.store.imports import birthday_doubts
from db.store.people.accounts import AccountRecord
from db.tables import Contact
from tests.builders import SANDBOX, a_contact, an_account, contact_by_slug
from tests.console.conftest import Console, with_token
from tests.console.hostile import HOSTILE
from tests.console.imports.helpers import check, import_it, runs_of
from tests.http.conftest import TestClient

MEMBER = f"{SANDBOX}ACoAABcDeFgHiJk/"


@pytest.fixture
def account(database: Database) -> AccountRecord:
    with database.transaction() as session:
        return an_account(session)


@pytest.fixture
def approver(console: Console, account: AccountRecord) -> TestClient:
    return console(Role.APPROVER)


def named(database: Database, account: AccountRecord, *people: tuple[str, str]) -> None:
    """Add contacts by slug and name, without birthdays."""
    with database.transaction() as session:
        for slug, name in people:
            a_contact(session, account, slug).full_name = name


def import_names(console: Console, *rows: str) -> None:
    client = console()
    import_it(client, "name,birthday\n" + "".join(f"{row}\n" for row in rows))
    for run in list(runs_of(client)._runs.values()):
        if run.thread is not None:
            run.thread.join(30)


def test_a_check_of_birthdays_in_doubt_does_not_say_that_there_is_nothing(
    console: Console, database: Database, account: AccountRecord
) -> None:
    named(database, account, ("ann", "Ann Roe"))
    _, page = check(console(), "name,birthday\nAnn Roe,1990-03-04\n")
    assert "If you import it: 1 birthday waits for you." in " ".join(page.split())
    assert "nothing new" not in page


def birthday_of(database: Database, account: AccountRecord, slug: str) -> tuple[int | None, int | None]:
    with database.transaction() as session:
        found = contact_by_slug(session, account, slug)
        return found.birth_month, found.birth_day


def open_ids(database: Database) -> list[int]:
    with database.transaction() as session:
        return [each.id for each in birthday_doubts.list_doubts(session)]


@pytest.fixture
def two_anns(database: Database, account: AccountRecord, console: Console) -> list[int]:
    named(database, account, ("ann", "Ann Roe"), ("ann2", "Ann Roe"), ("bob", "Bob Roe"))
    import_names(console, "Ann Roe,1990-03-04", "Bob Roe,--05-06")
    return open_ids(database)


def test_what_the_file_says_stands_beside_what_we_have(approver: TestClient, two_anns: list[int]) -> None:
    page = approver.get("/doubts").text
    assert "2 birthdays from files wait for you" in page
    assert "whose birthday is this?" in page
    assert "4 March 1990" in page
    assert "people.csv" in page
    assert page.count("What we have") == 3
    assert "(1/2)" in page


def test_a_yes_goes_to_one_and_is_taken_back(
    approver: TestClient, two_anns: list[int], database: Database, account: AccountRecord
) -> None:
    first, second, _ = two_anns
    answer = approver.post(f"/doubts/{first}/confirm", data=with_token())
    assert answer.headers["location"] == "/doubts?account=demo"
    assert birthday_of(database, account, "ann") == (3, 4)
    assert open_ids(database) == two_anns[2:]  # the other candidate is dropped
    page = approver.get("/doubts").text
    assert "The birthday is stored." in page
    assert "1 birthday from a file waits" in page
    again = approver.post(f"/doubts/{second}/confirm", data=with_token())
    assert (again.status_code, "answered already" in again.text) == (422, True)
    approver.post(f"/doubts/{first}/reopen", data=with_token())
    assert birthday_of(database, account, "ann") == (None, None)
    assert open_ids(database) == two_anns


def test_a_no_is_not_asked_again_and_all_of_an_entry_can_be_refused(
    approver: TestClient, two_anns: list[int], database: Database, account: AccountRecord
) -> None:
    first, second, bob = two_anns
    approver.post(f"/doubts/{bob}/refuse", data=with_token())
    assert open_ids(database) == [first, second]
    answer = approver.post("/doubts/refuse-all", data=with_token(doubt=[first, second]))
    assert answer.status_code == 303
    assert open_ids(database) == []
    assert "No birthday waits" in approver.get("/doubts").text
    assert approver.post("/doubts/refuse-all", data=with_token(doubt=["x"])).status_code == 400
    assert birthday_of(database, account, "ann") == (None, None)


def test_those_of_one_contact_only_are_stored_at_once_as_they_were_shown(
    approver: TestClient, two_anns: list[int], database: Database, account: AccountRecord
) -> None:
    page = approver.get("/doubts/unique").text
    assert "Bob Roe" in page
    assert "Ann Roe" not in page
    answer = approver.post("/doubts/unique?account=demo", data=with_token(doubt=two_anns))  # more than shown
    assert answer.headers["location"] == "/doubts?account=demo"
    assert birthday_of(database, account, "bob") == (5, 6)
    assert open_ids(database) == two_anns[:2]  # several are called so


def test_a_list_is_paged_and_an_answer_goes_back_to_its_page(
    approver: TestClient, console: Console, database: Database, account: AccountRecord
) -> None:
    names = [f"Person{letter} Roe" for letter in "ABCDEFGHIJKL"]
    named(database, account, *((f"p{place}", name) for place, name in enumerate(names)))
    import_names(console, *(f"{name},--01-02" for name in names))
    page = approver.get("/doubts").text
    assert page.count('class="card doubt"') == 10
    after = page.partition("&amp;after=")[2].partition('"')[0]
    rest = approver.get(f"/doubts?account=demo&after={after}").text
    assert rest.count('class="card doubt"') == 2
    last = open_ids(database)[-1]
    answer = approver.post(f"/doubts/{last}/refuse", data=with_token(after=after))
    assert answer.headers["location"] == f"/doubts?account=demo&after={after}"
    assert approver.get("/doubts?after=nonsense").status_code == 404
    spoiled = approver.post(f"/doubts/{open_ids(database)[0]}/refuse", data=with_token(after="//evil"))
    assert spoiled.headers["location"] == "/doubts?account=demo"


def a_pair(session: Session, account: AccountRecord) -> tuple[int, int]:
    """Add a contact known by slug and one known by member id, of the same name and birthday."""
    one = a_contact(session, account, "zoe", birthday=date(2026, 3, 4))
    other = a_contact(session, account, "ACoAABcDeFgHiJk", birthday=date(2026, 3, 4))
    one.full_name = other.full_name = "Zoe Roe"
    other.profile_url = MEMBER
    session.flush()
    (doubt,) = identity_doubts.list_identity_doubts(session)
    assert doubt.other_id is not None
    return doubt.contact_id, doubt.other_id


def test_two_contacts_are_joined_only_after_a_typed_yes(
    approver: TestClient, database: Database, account: AccountRecord
) -> None:
    with database.transaction() as session:
        one, other = a_pair(session, account)
    page = approver.get("/doubts/same").text
    assert "one person or two?" in page
    assert page.count("Zoe Roe") >= 2
    path = f"/doubts/same/demo/{one}/{other}"
    refused = approver.post(f"{path}/merge", data=with_token(**{f"yes-{one}.{other}": "ja"}))
    assert (refused.status_code, "Nothing was changed" in refused.text) == (422, True)
    assert len(doubts_now(database)) == 1
    answer = approver.post(f"{path}/merge", data=with_token(**{f"yes-{one}.{other}": "yes"}))
    assert answer.headers["location"] == "/doubts/same?account=demo"
    assert doubts_now(database) == []
    with database.transaction() as session:
        kept = session.get_one(Contact, min(one, other))
        assert kept.member_url == MEMBER
    assert approver.post(f"{path}/merge", data=with_token(**{f"yes-{one}.{other}": "yes"})).status_code == 404


def test_two_people_are_told_apart(approver: TestClient, database: Database, account: AccountRecord) -> None:
    with database.transaction() as session:
        one, other = a_pair(session, account)
    approver.post(f"/doubts/same/demo/{one}/{other}/distinct", data=with_token())
    assert doubts_now(database) == []
    with database.transaction() as session:
        assert session.get_one(Contact, one).full_name == session.get_one(Contact, other).full_name
    assert "It is certain who each contact is" in approver.get("/doubts/same").text


def test_only_contacts_in_doubt_are_joined(
    approver: TestClient, database: Database, account: AccountRecord
) -> None:
    with database.transaction() as session:
        one, other = a_pair(session, account)
        stranger = a_contact(session, an_account(session, "second"), "ann").id
    for pair in ((one, stranger), (stranger, other), (other, one)):
        path = "/doubts/same/demo/{}/{}".format(*pair)
        key = "yes-{}.{}".format(*pair)
        assert approver.post(f"{path}/merge", data=with_token(**{key: "yes"})).status_code == 404
        assert approver.post(f"{path}/distinct", data=with_token()).status_code == 404


def test_an_address_that_moved_is_settled(
    approver: TestClient, database: Database, account: AccountRecord
) -> None:
    with database.transaction() as session:
        moved = a_contact(session, account, "max")
        moved.moved_to = MEMBER
        moved.member_url = f"{SANDBOX}ACoAAZzZzZzZzZz/"
        contact_id = moved.id
    assert "whose address is this now?" in approver.get("/doubts/same").text
    path = f"/doubts/same/demo/{contact_id}/0/address"
    wrong = approver.post(path, data=with_token(**{f"address-{contact_id}.0": "https://evil.test/x"}))
    assert (wrong.status_code, "isn&#39;t a profile address" in wrong.text) == (422, True)
    approver.post(path, data=with_token(**{f"address-{contact_id}.0": f"{SANDBOX}max-new/"}))
    with database.transaction() as session:
        assert contact_by_slug(session, account, "max-new").id == contact_id
    assert doubts_now(database) == []


def doubts_now(database: Database) -> list[identity_doubts.IdentityDoubt]:
    with database.transaction() as session:
        return list(identity_doubts.list_identity_doubts(session))


def test_a_viewer_reads_and_decides_nothing(
    console: Console, two_anns: list[int], database: Database, account: AccountRecord
) -> None:
    viewer = console(Role.VIEWER)
    page = viewer.get("/doubts").text
    assert "whose birthday is this?" in page
    assert "/confirm" not in page
    paths = [f"/doubts/{two_anns[0]}/{what}" for what in ("confirm", "refuse", "reopen")]
    for path in (*paths, "/doubts/unique", "/doubts/refuse-all", "/doubts/same/demo/1/2/merge"):
        assert viewer.post(path, data=with_token()).status_code == 403
    assert open_ids(database) == two_anns


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_are_shown_harmlessly(
    approver: TestClient, database: Database, account: AccountRecord, text: str
) -> None:
    with database.transaction() as session:
        one, other = a_pair(session, account)
        for contact_id in (one, other):
            found = session.get_one(Contact, contact_id)
            found.full_name = text.replace("\0", "")
            found.profile = {"headline": text.replace("\0", ""), "company": text.replace("\0", "")}
    page = approver.get("/doubts/same").text
    assert "<img" not in page
    assert "<b " not in page
    assert "<script>document" not in page
    assert not any(character in page for character in "\u202e\u2066\x1b\x85")
