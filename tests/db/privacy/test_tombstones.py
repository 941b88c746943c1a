"""Tombstones and exclusions, and the triggers that apply them to new contacts."""

from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from db.engine import Database
from db.store.people import visits
from db.store.privacy import tombstones
from db.tables import Contact, Exclusion, Tombstone
from tests.builders import SANDBOX, a_contact, an_account
from tests.db.helpers import open_database, wait_for_lock_wait

ANN, BOB = f"{SANDBOX}ann/", f"{SANDBOX}bob/"


def lifted(session: Session) -> dict[tuple[str, bytes], str | None]:
    session.expire_all()
    return {(row.site, row.fingerprint): row.lifted_by for row in session.scalars(select(Tombstone))}


def three(session: Session) -> list[tuple[str, bytes]]:
    """Add tombstones of Ann on two sites, and of Bob on one."""
    written = [("sandbox", ANN), ("linkedin", ANN), ("sandbox", BOB)]
    for site, address in written:
        assert tombstones.add_tombstone(session, site, address)
    return [(site, tombstones.hash_address(address)) for site, address in written]


def test_a_tombstone_is_lifted_for_one_person_of_one_site_once(session: Session) -> None:
    stones = three(session)
    assert tombstones.lift_tombstone(session, "sandbox", ANN, by="me")
    assert not tombstones.lift_tombstone(session, "sandbox", ANN, by="somebody else")
    assert lifted(session) == dict(zip(stones, ("me", None, None), strict=True))


def test_who_rests_is_known_by_site_and_not_once_it_was_lifted(session: Session) -> None:
    three(session)
    eve = f"{SANDBOX}eve/"
    assert tombstones.list_forgotten_addresses(session, "sandbox", [ANN, BOB, eve]) == {ANN, BOB}
    assert tombstones.list_forgotten_addresses(session, "linkedin", [ANN, BOB, eve]) == {ANN}
    tombstones.lift_tombstone(session, "sandbox", ANN, by="me")
    assert tombstones.list_forgotten_addresses(session, "sandbox", [ANN, BOB]) == {BOB}
    assert tombstones.add_tombstone(session, "sandbox", ANN)
    assert tombstones.list_forgotten_addresses(session, "sandbox", [ANN, BOB]) == {ANN, BOB}


def test_nobody_is_forgotten_while_an_import_reads_who_rests(database: Database, database_url: str) -> None:
    order = []

    def forget() -> None:
        with open_database(database_url) as other, other.transaction() as session:
            tombstones.lock_exclusively(session)
            order.append("forgotten")

    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as session:
            tombstones.list_forgotten_addresses(session, "sandbox", [ANN])
            with open_database(database_url) as other, other.transaction() as beside:
                assert (
                    tombstones.list_forgotten_addresses(beside, "sandbox", [ANN]) == frozenset()
                )  # two imports at once
            forgetting = pool.submit(forget)
            wait_for_lock_wait(database, forgetting)
            order.append("imported")
        forgetting.result(60)
    assert order == ["imported", "forgotten"]


def test_who_agreed_comes_in_again_and_who_was_never_forgotten_does(session: Session) -> None:
    account = an_account(session)
    for address in (ANN, BOB):
        tombstones.add_tombstone(session, account.site, address)
    tombstones.lift_tombstone(session, account.site, ANN, by="me")
    assert len(visits.save_addresses(session, account.id, [ANN, BOB, f"{SANDBOX}eve/"])) == 2
    assert sorted(session.scalars(select(Contact.profile_url))) == [ANN, f"{SANDBOX}eve/"]
    session.execute(update(Contact).where(Contact.profile_url == ANN).values(profile_url=f"{SANDBOX}zoe/"))
    session.execute(update(Contact).where(Contact.profile_url != f"{SANDBOX}zoe/").values(profile_url=ANN))
    assert sorted(session.scalars(select(Contact.profile_url))) == [ANN, f"{SANDBOX}zoe/"]


def test_an_exclusion_leaves_alone_whom_it_names_in_its_own_account_for_ever(session: Session) -> None:
    account, other = an_account(session), an_account(session, "other")
    session.add_all(
        [
            Exclusion(account_id=account.id, profile_url=ANN),
            Exclusion(account_id=account.id, name_key="bob b"),
            Exclusion(account_id=account.id, profile_url=f"{SANDBOX}eve/", occasion="birthday:2026"),
        ]
    )
    session.flush()
    for owner in (account, other):
        for slug in ("ann", "eve", "zoe"):
            a_contact(session, owner, slug)
    marked = select(Contact.account_id, Contact.profile_url).where(Contact.do_not_contact)
    assert [tuple(row) for row in session.execute(marked)] == [(account.id, ANN)]
    zoe = Contact.profile_url == f"{SANDBOX}zoe/"
    session.execute(update(Contact).where(zoe).values(full_name=" Bob  B"))
    session.execute(update(Contact).where(Contact.profile_url == ANN).values(do_not_contact=False))
    session.execute(update(Contact).values(full_name=Contact.full_name))  # as a page does that is read again
    assert [tuple(row) for row in session.execute(marked)] == [(account.id, f"{SANDBOX}zoe/")]
