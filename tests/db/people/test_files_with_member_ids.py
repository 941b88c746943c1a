"""A member id in a file is another key of the same person, kept as written."""

import random
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from db.store.identity import doubts, learning
from db.store.people.accounts import AccountRecord
from db.store.privacy import erasure
from db.tables import Action, Contact
from tests.builders import SANDBOX, a_contact, add_planned, an_account
from tests.imports.files import import_path, write_file
from worker.errors import Reason, RequestRefusedError
from worker.rules.people.identity import PersonKeys

IDS = ["ACoAABq7-xKZ_mD4vPz0QwErTyUiOpAsDfGhJkL", "ACoAABq7-xkz_md4vpz0qwertyuiopasdfghjkl"]
A, B = (f"{SANDBOX}{each}/" for each in IDS)
ANN, BOB = f"{SANDBOX}ann-lee/", f"{SANDBOX}bob-lee/"

KNOWN = [
    ("name,profile_url,member_urn", [f"Ann,{ANN},urn:li:fsd_profile:{IDS[0]}"]),
    ("name,profile_url,x", [f"Ann,{ANN},{IDS[0]}"]),
    ("name,profile_url", [f"Ann,{ANN}?miniProfileUrn=urn%3Ali%3Afs_miniProfile%3A{IDS[0]}"]),
    ("name,profile_url,member id", [f"Ann,{ANN},{IDS[0]}", f"Ann,{A},", f"Ann,{ANN},"]),
    ("name,profile_url,member id", [f"Ann,,{IDS[0]}", f"Ann,{ANN},", f"Ann,{ANN},{IDS[0]}"]),
]


def bring(session: Session, account: AccountRecord, folder: Path, header: str, rows: list[str]) -> None:
    import_path(session, account, write_file(folder, "\n".join([header, *rows, ""])))
    session.expire_all()


def people(session: Session) -> list[tuple[str, str | None]]:
    rows = session.scalars(
        select(Contact).where(Contact.forgotten_at.is_(None)).order_by(Contact.profile_url)
    )
    return [(row.profile_url, row.member_url) for row in rows]


@pytest.mark.parametrize(("header", "rows"), KNOWN)
def test_both_keys_of_a_row_are_one_person(
    session: Session, tmp_path: Path, header: str, rows: list[str]
) -> None:
    account = an_account(session)
    shuffled = random.Random(header).sample(rows, len(rows))
    for written in (rows, shuffled):
        bring(session, account, tmp_path, header, written)
        assert people(session) == [(ANN, A)]


def test_two_ids_that_differ_in_case_are_two_people(session: Session, tmp_path: Path) -> None:
    bring(session, an_account(session), tmp_path, "name,profile_url", [f"Ann,{A}", f"Bob,{B}"])
    assert people(session) == [(A, A), (B, B)]


@pytest.mark.parametrize("known", [[ANN], [A], [ANN, A]])
def test_a_file_joins_what_is_known_by_either_key(session: Session, tmp_path: Path, known: list[str]) -> None:
    account = an_account(session)
    for address in known:
        contact = a_contact(session, account, address.removeprefix(SANDBOX).rstrip("/"), name="Ann")
        add_planned(session, account, contact)
    bring(session, account, tmp_path, "name,profile_url,urn", [f"Ann,{ANN},{IDS[0]}"])
    assert people(session) == [(ANN, A)]
    assert [action.reason for action in session.scalars(select(Action).where(Action.state == "skipped"))] == [
        Reason.MERGED
    ] * (len(known) - 1)
    bring(session, account, tmp_path, "name,profile_url,urn", [f"Ann,{ANN},", f"Ann,,{IDS[0]}"])
    assert people(session) == [(ANN, A)]


def test_an_id_that_contradicts_what_is_stored_comes_in_by_itself(session: Session, tmp_path: Path) -> None:
    account = an_account(session)
    bring(session, account, tmp_path, "name,profile_url,urn", [f"Ann,{ANN},{IDS[0]}"])
    bring(session, account, tmp_path, "name,profile_url,urn", [f"Zoe,{ANN},{IDS[1]}"])
    assert people(session) == [(B, B), (ANN, A)]


def test_one_address_with_two_ids_proves_nothing(session: Session, tmp_path: Path) -> None:
    rows = [f"Ann,{ANN},{IDS[0]}", f"Zoe,{ANN},{IDS[1]}"]
    bring(session, an_account(session), tmp_path, "name,profile_url,urn", rows)
    assert people(session) == [(A, A), (B, B)]


def test_one_id_with_two_addresses_is_one_person(session: Session, tmp_path: Path) -> None:
    rows = [f"Ann,{ANN},{IDS[0]}", f"Ann,{BOB},{IDS[0]}", f"Ann,{BOB},"]
    bring(session, an_account(session), tmp_path, "name,profile_url,urn", rows)
    assert people(session) == [(ANN, A)]


def test_an_old_file_finds_a_person_by_a_former_address(session: Session, tmp_path: Path) -> None:
    account = an_account(session)
    bring(session, account, tmp_path, "name,profile_url,urn", [f"Ann,{ANN},{IDS[0]}"])
    learning.learn_keys(session, account.id, PersonKeys(BOB, A), by="tests")
    bring(session, account, tmp_path, "name,profile_url", [f"Ann,{ANN}"])
    assert people(session) == [(BOB, A)]


@pytest.mark.parametrize("given", [ANN, A, BOB])
def test_who_is_erased_by_one_key_does_not_come_back_by_another(
    session: Session, tmp_path: Path, given: str
) -> None:
    account = an_account(session)
    bring(session, account, tmp_path, "name,profile_url,urn", [f"Ann,{BOB},{IDS[0]}"])
    learning.learn_keys(session, account.id, PersonKeys(ANN, A), by="tests")  # BOB is a former address
    assert erasure.forget_person(session, "sandbox", given).erased.contacts
    bring(
        session, account, tmp_path, "name,profile_url,urn", [f"Ann,{ANN},", f"Ann,,{IDS[0]}", f"Ann,{BOB},"]
    )
    assert people(session) == []


def test_one_name_and_birthday_under_an_id_and_a_slug_may_be_one_person(
    session: Session, tmp_path: Path
) -> None:
    account = an_account(session)
    rows = [f"Ann Sample,{A},11-28", f"Ann Sample,{ANN},11-28", f"Ann Sample,{BOB},11-27"]
    report = import_path(
        session, account, write_file(tmp_path, "\n".join(["name,profile_url,birthday", *rows, ""]))
    )
    assert (report.new, report.maybe_same) == (3, 1)
    (doubt,) = doubts.list_identity_doubts(session, account=account.name)
    assert {doubt.profile_url, doubt.other_url} == {A, ANN}
    assert list(doubts.list_waiting(session, account.id).values()) == [Reason.MAYBE_SAME_PERSON]
    assert doubt.other_id is not None
    learning.tell_apart(session, doubt.other_id, doubt.contact_id, by="me")
    assert not doubts.list_identity_doubts(session)
    assert not doubts.list_waiting(session, account.id)


@pytest.mark.parametrize("given", [ANN, BOB])
def test_a_person_settles_an_address_that_moved(session: Session, tmp_path: Path, given: str) -> None:
    account = an_account(session)
    bring(session, account, tmp_path, "name,profile_url,urn", [f"Ann,{ANN},{IDS[0]}"])
    learning.learn_keys(session, account.id, PersonKeys(ANN, B), by="tests")
    (doubt,) = doubts.list_identity_doubts(session)
    assert (doubt.reason, doubt.profile_url, doubt.other_url) == (Reason.ADDRESS_MOVED, ANN, B)
    doubts.set_address(session, doubt.contact_id, given, by="me")
    assert people(session) == [(given, B if given == ANN else A)]
    assert not doubts.list_identity_doubts(session)
    with pytest.raises(RequestRefusedError):
        doubts.set_address(session, doubt.contact_id, given, by="me")
