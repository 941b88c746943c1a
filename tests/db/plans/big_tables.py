"""The store's statements on the big tables that must stay fast, each with the index that it uses."""

from collections.abc import Callable
from datetime import date, timedelta
from uuid import UUID, uuid4

from sqlalchemy import text
from sqlalchemy.orm import Session

from db.queries import load_query
from db.store.actions import claims, gates, interactions, leases
from db.store.actions.review import approval, proposals
from db.store.campaigns import campaigns, search_hits
from db.store.campaigns.search_hits import HitLine
from db.store.identity import doubts
from db.store.people import addresses, contact_list, contacts, profiles, search
from db.store.people.contact_list import ContactFilters
from db.store.people.search import Sought
from db.store.quota import ledger, limits
from db.store.reports import day, overview
from tests.builders import LONG_AGO
from worker.rules.messages.approval import UNDO_FIRST
from worker.rules.model import ActionState, ContactStatus, Kind
from worker.rules.quota.windows import Span
from worker.rules.sourcing.scoring import Score

SEEN = {"no_repeat": timedelta(days=30), "not_seen": "6 months"}
A_SEARCH = "select campaign_id from hits order by campaign_id limit 1"


def ranked_after(session: Session, score: int | None) -> object:
    """Read the page of a ranking that follows a person with this score."""
    campaign_id = session.scalars(text(A_SEARCH)).one()
    after = HitLine(7, "x", "x", "", "", None, False, False, score, ())
    return search_hits.list_hits(session, campaign_id, limit=50, after=after)


BIG_TABLES: dict[str, tuple[str, str, Callable[[Session], object]]] = {
    "who has a birthday": (
        "contacts",
        "ix_contacts_birthday",
        lambda s: contacts.list_due_birthdays(s, 7, date(2027, 1, 3), 10, texts_since=LONG_AGO),
    ),
    "the best prospects of an account": (
        "contacts",
        "ix_contacts_account_status_score",
        lambda s: s.execute(
            text(
                "select id from contacts where account_id = 7 and status = 'prospect'"
                " order by score desc limit 20"
            )
        ),
    ),
    "prospects above a score": (
        "contacts",
        "ix_contacts_account_status_score",
        lambda s: s.execute(
            text("select id from contacts where account_id = 7 and status = 'prospect' and score >= 80")
        ),
    ),
    "the first page of an account's people": (
        "contacts",
        "ix_contacts_account_id",
        lambda s: contact_list.list_contacts(s, ContactFilters(account="account 7"), limit=100),
    ),
    "the last page of an account's people": (
        "contacts",
        "ix_contacts_account_id",
        lambda s: contact_list.list_contacts(s, ContactFilters(account="account 7"), limit=100, after=90_000),
    ),
    "an account's people with a good score": (
        "contacts",
        "ix_contacts_account_status_score",
        lambda s: contact_list.list_contacts(
            s, ContactFilters("account 7", ContactStatus.PROSPECT, min_score=80), limit=100
        ),
    ),
    "everybody, in pages": (
        "contacts",
        "pk_contacts",
        lambda s: contact_list.list_contacts(s, ContactFilters(), limit=100, after=50_000),
    ),
    "people added lately": (
        "contacts",
        "ix_contacts_created_at_id",
        lambda s: s.execute(text("select id from contacts where created_at > now() - interval '1 hour'")),
    ),
    "an account's people by name": (
        "contacts",
        "ix_contacts_name_order",
        lambda s: search.find_people(s, Sought(7, date(2027, 1, 3)), after=None, limit=50),
    ),
    "people by a word": (
        "contacts",
        "ix_contacts_search_words",
        lambda s: contact_list.list_contacts(s, ContactFilters(text="70606"), limit=50),
    ),
    "an account's people who are left alone": (
        "contacts",
        "ix_contacts_flagged",
        lambda s: s.execute(
            text("select id from contacts where account_id = 7 and forgotten_at is null and do_not_contact")
        ),
    ),
    "a person's page": (
        "contacts",
        "uq_contacts_profile_url_account_id",
        lambda s: contacts.set_do_not_contact(s, 7, "https://sandbox.test/in/706", value=True, by="tests"),
    ),
    "a person whom several accounts know": (
        "contacts",
        "uq_contacts_profile_url_account_id",
        lambda s: gates.was_written_to_since(
            s, LONG_AGO, site="sandbox", addresses=["https://sandbox.test/in/706"], besides=None
        ),
    ),
    "a person by member id": (
        "contacts",
        "uq_contacts_member_url_account_id",
        lambda s: addresses.resolve_addresses(s, 7, ["https://sandbox.test/in/ACoAABq7-xKZ_mD4vPz0Q/"]),
    ),
    "people of one name": (
        "contacts",
        "ix_contacts_name_key",
        lambda s: s.execute(text("select id from contacts where account_id = 7 and name_key = 'person 706'")),
    ),
    "whose e-mail address this is": (
        "contacts",
        "ix_contacts_email",
        lambda s: s.execute(
            text("select id from contacts where account_id = 7 and lower(email) = 'ann@example.org'")
        ),
    ),
    "whom an import brought in": (
        "contacts",
        "ix_contacts_import_id",
        lambda s: s.execute(text("delete from contacts where import_id = 7")),
    ),
    "whose address moved": (
        "contacts",
        "ix_contacts_moved",
        lambda s: doubts.count_identity_doubts(s, 7),
    ),
    "what an import said had happened": (
        "interactions",
        "ix_interactions_import_id",
        lambda s: s.execute(text("delete from interactions where import_id = 7")),
    ),
    "who answered on a day": (
        "interactions",
        "ix_interactions_replied_at",
        lambda s: day.list_replies(s, 7, Span(LONG_AGO, LONG_AGO + timedelta(days=1))),
    ),
    "what a person had from us, or is to have": (
        "actions",
        "ix_actions_contact_id",
        lambda s: interactions.list_our_texts_to(s, 706),
    ),
    "what it is too late for": (
        "actions",
        "ix_actions_expires_on",
        lambda s: s.execute(
            text(
                "select id from actions where state in ('planned', 'proposed') and expires_on < current_date"
            )
        ),
    ),
    "what waits for a person": (
        "actions",
        "ix_actions_waiting",
        lambda s: proposals.list_proposals(s, limit=50, after=UUID(int=7)),
    ),
    "how many have not ended, of each kind": (
        "actions",
        "ix_actions_waiting",
        lambda s: s.execute(load_query("open_actions")),
    ),
    "how many wait for a person": (
        "actions",
        "ix_actions_waiting",
        lambda s: proposals.count_proposals(s, account="account 7"),
    ),
    "who is never to be contacted again": (
        "contacts",
        "uq_contacts_profile_url_account_id",
        lambda s: approval.never_contact(
            s, s.scalars(text("select id from actions order by created_at, id limit 1")).one(), by="tests"
        ),
    ),
    "has this person been greeted": (
        "interactions",
        "ix_interactions_contact_type_status_occasion",
        lambda s: s.execute(
            text("select 1 from interactions where contact_id = 706 and type = 'greet' and status = 'sent'")
        ),
    ),
    "what happened last": (
        "interactions",
        "ix_interactions_created_at",
        lambda s: interactions.list_history(s, limit=10),
    ),
    "the first page of interactions": (
        "interactions",
        "pk_interactions",
        lambda s: interactions.list_interactions(s, limit=50),
    ),
    "the last page of interactions": (
        "interactions",
        "pk_interactions",
        lambda s: interactions.list_interactions(s, limit=50, before=51),
    ),
    "the newest interactions of an account": (
        "interactions",
        "ix_interactions_account_id",
        lambda s: interactions.list_interactions(s, limit=10, account="account 7"),
    ),
    "what an account has used of its quota": (
        "actions",
        "ix_actions_acting_since",
        lambda s: ledger.read_ledger(s, limits.load_context(s, 7, Kind.GREET, "").context),
    ),
    "who was never seen": (
        "interactions",
        "ix_interactions_visits",
        lambda s: s.execute(load_query("never_seen"), {"account_id": 7, "limit": 40}),
    ),
    "who was seen longest ago": (
        "actions",
        "ix_actions_visits",
        lambda s: s.execute(load_query("seen_long_ago"), {**SEEN, "account_id": 7, "limit": 40}),
    ),
    "the newest actions": ("actions", "ix_actions_created_at", lambda s: overview.list_actions(s, limit=10)),
    "which accounts can start": (
        "actions",
        "ix_actions_due",
        lambda s: s.execute(load_query("lock_ready_accounts"), {"batch": 50, "undo_first": UNDO_FIRST}),
    ),
    "which accounts are busy": (
        "actions",
        "uq_actions_one_in_flight",
        lambda s: s.execute(load_query("lock_ready_accounts"), {"batch": 50, "undo_first": UNDO_FIRST}),
    ),
    "the longest waiting action": (
        "actions",
        "ix_actions_due",
        lambda s: s.execute(
            load_query("queue_due_actions"),
            {"accounts": list(range(50, 100)), "lease": timedelta(minutes=3), "undo_first": UNDO_FIRST},
        ),
    ),
    "one claim": (
        "actions",
        "pk_actions",
        lambda s: claims.claim_action(s, uuid4(), owner="w", lease=timedelta(minutes=3)),
    ),
    "leases that lapsed": ("actions", "ix_actions_lease", lambda s: leases.take_lapsed(s, batch=50)),
    "leases that run": ("actions", "ix_actions_lease", leases.void_leases),
    "a campaign's progress": (
        "actions",
        "ix_actions_campaign_id_state",
        lambda s: campaigns.count_actions(s, UUID(int=7)),
    ),
    "the newest actions of an account": (
        "actions",
        "ix_actions_account_created_at",
        lambda s: overview.list_actions(s, limit=10, account="account 7"),
    ),
    "the last page of the actions of a kind": (
        "actions",
        "ix_actions_kind_created_at",
        lambda s: overview.list_actions(s, limit=10, kind=Kind.WITHDRAW, before=(LONG_AGO, UUID(int=7))),
    ),
    "which actions failed": (
        "actions",
        "ix_actions_state_created_at",
        lambda s: overview.list_actions(s, limit=10, state=ActionState.FAILED),
    ),
    "which actions are planned": (
        "actions",
        "ix_actions_state_created_at",
        lambda s: overview.list_actions(s, limit=10, state=ActionState.PLANNED),
    ),
    "what happened to an account lately": (
        "interactions",
        "ix_interactions_account_created_at",
        lambda s: interactions.list_history(s, limit=10, account="account 7"),
    ),
    "the last page of interactions of a type": (
        "interactions",
        "ix_interactions_type_created_at",
        lambda s: interactions.list_history(s, limit=10, kind=Kind.WITHDRAW, before=(LONG_AGO, 7)),
    ),
    "the best whom a search found": (
        "hits",
        "ix_hits_score",
        lambda s: search_hits.list_hits(s, s.scalars(text(A_SEARCH)).one(), limit=50),
    ),
    "the next best whom a search found": ("hits", "ix_hits_score", lambda s: ranked_after(s, 50)),
    "those without a score": ("hits", "ix_hits_score", lambda s: ranked_after(s, None)),
    "whose searches found a person": (
        "hits",
        "ix_hits_contact_id",
        lambda s: search_hits.list_campaigns_of_contact(s, 706),
    ),
    "how well somebody fits": (
        "hits",
        "pk_hits",
        lambda s: search_hits.save_score(s, s.scalars(text(A_SEARCH)).one(), 706, Score(0, ())),
    ),
    "what was read of somebody": ("profiles", "pk_profiles", lambda s: profiles.find_profile(s, 706)),
    "profiles that were read long ago": (
        "profiles",
        "ix_profiles_read_at",
        lambda s: s.execute(
            text("select contact_id from profiles where read_at < now() - interval '1 year'")
        ),
    ),
    "readings to ask for again": (
        "campaigns",
        "ix_campaigns_reading",
        lambda s: campaigns.take_stale_readings(s, timedelta(minutes=2)),
    ),
}
