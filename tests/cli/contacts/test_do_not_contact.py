"""`rapport contacts do-not-contact`: who is marked, and by how many accounts."""

from db.engine import Database
from db.store.actions import gates
from db.store.actions.gates import ClosedGate
from db.store.people import lookup
from tests.builders import SANDBOX, a_contact, an_account, contact_by_slug
from tests.cli.conftest import Rapport
from tests.cli.plans import a_plan
from tests.db.helpers import claim_action, queue_due_actions
from worker.errors import Reason


def test_do_not_contact_is_said_by_address_slug_or_name(database: Database, rapport: Rapport) -> None:
    with database.transaction() as session:
        account, _, (action_id,) = a_plan(session, people=1)
    assert "P0 (account demo) is never contacted" in rapport("contacts", "do-not-contact", f"{SANDBOX}p0/")
    with database.transaction() as session:
        queue_due_actions(session)
        assert gates.find_closed_gate(session, claim_action(session, action_id)) == ClosedGate(
            Reason.DO_NOT_CONTACT
        )
    assert "may be contacted again" in rapport("contacts", "do-not-contact", "P0", "--off")
    with database.transaction() as session:
        assert not contact_by_slug(session, account, "p0").do_not_contact
    assert "no account knows 'nobody'" in rapport.refused("contacts", "do-not-contact", "nobody")


def test_do_not_contact_holds_for_every_account_but_is_taken_back_for_one(
    database: Database, rapport: Rapport
) -> None:
    with database.transaction() as session:
        one, two = an_account(session, "one"), an_account(session, "two")
        a_contact(session, one, "ann")
        a_contact(session, two, "ann")
        a_contact(session, two, "other-ann", name="ann")
    address = f"{SANDBOX}ann/"
    assert rapport("contacts", "do-not-contact", address).count("never contacted") == 2
    said = rapport.refused("contacts", "do-not-contact", address, "--off")
    assert "of account one" in said
    assert "of account two" in said
    assert "other-ann" in rapport.refused("contacts", "do-not-contact", "ann")
    assert rapport("contacts", "do-not-contact", address, "--off", "--account", "two").count("again") == 1
    with database.transaction() as session:
        (first,) = lookup.find_contacts(session, address, account="one").people
        assert first.do_not_contact
