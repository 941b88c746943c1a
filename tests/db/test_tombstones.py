"""Tombstones: one for each person of a site, lifted once, and held still while somebody reads them."""

from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.engine import Database
from db.store import tombstones
from db.tables import Tombstone
from tests.builders import SANDBOX
from tests.db.helpers import connected, until_somebody_waits

ANN, BOB = f"{SANDBOX}ann/", f"{SANDBOX}bob/"


def lifted(session: Session) -> dict[tuple[str, bytes], str | None]:
    session.expire_all()
    return {(row.site, row.fingerprint): row.lifted_by for row in session.scalars(select(Tombstone))}


def three(session: Session) -> list[tuple[str, bytes]]:
    """Write tombstones of Ann on two sites, and of Bob on one."""
    written = [("sandbox", ANN), ("linkedin", ANN), ("sandbox", BOB)]
    for site, address in written:
        assert tombstones.put(session, site, address)
    return [(site, tombstones.fingerprint(address)) for site, address in written]


def test_a_tombstone_is_lifted_for_one_person_of_one_site_once(database: Database) -> None:
    with database.transaction() as session:
        stones = three(session)
        assert tombstones.lift(session, "sandbox", ANN, by="me")
        assert not tombstones.lift(session, "sandbox", ANN, by="somebody else")
        assert lifted(session) == dict(zip(stones, ("me", None, None), strict=True))


def test_who_rests_is_known_by_site_and_not_once_it_was_lifted(database: Database) -> None:
    with database.transaction() as session:
        three(session)
        eve = f"{SANDBOX}eve/"
        assert tombstones.resting(session, "sandbox", [ANN, BOB, eve]) == {ANN, BOB}
        assert tombstones.resting(session, "linkedin", [ANN, BOB, eve]) == {ANN}
        tombstones.lift(session, "sandbox", ANN, by="me")
        assert tombstones.resting(session, "sandbox", [ANN, BOB]) == {BOB}
        assert tombstones.put(session, "sandbox", ANN)
        assert tombstones.resting(session, "sandbox", [ANN, BOB]) == {ANN, BOB}


def test_nobody_is_forgotten_while_an_import_reads_who_rests(database: Database, database_url: str) -> None:
    order = []

    def forget() -> None:
        with connected(database_url) as other, other.transaction() as session:
            tombstones.hold_still(session)
            order.append("forgotten")

    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as session:
            tombstones.resting(session, "sandbox", [ANN])
            with connected(database_url) as other, other.transaction() as beside:
                assert tombstones.resting(beside, "sandbox", [ANN]) == frozenset()  # two imports at once
            forgetting = pool.submit(forget)
            until_somebody_waits(database, forgetting)
            order.append("imported")
        forgetting.result(60)
    assert order == ["imported", "forgotten"]
