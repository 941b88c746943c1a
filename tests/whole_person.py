"""A person with data in every table, for tests of erasure."""

import sqlite3
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import quote_plus
from uuid import UUID

from sqlalchemy import func, update
from sqlalchemy.orm import Session

from db.imports.v1 import file, rows
from db.imports.v1.importer import import_v1_file as bring_v1_in
from db.imports.v1.rows import V1Context
from db.store.actions import lifecycle, plans
from db.store.actions.plans import PlannedAction
from db.store.campaigns import campaigns, searches
from db.store.people import profiles
from db.store.people.accounts import AccountRecord
from db.store.privacy import erasure
from db.store.privacy.erasure import ErasureReport
from db.store.quota import limits
from db.tables import (
    Action,
    Campaign,
    Contact,
    Exclusion,
    Hit,
    Interaction,
    SavedSearch,
    Schedule,
    Search,
)
from tests.builders import FREE, SANDBOX, a_campaign, an_account, contact_by_slug, database_now
from tests.db.helpers import claim_action, queue_due_actions
from tests.imports.files import import_path, write_file
from worker.errors import Reason
from worker.rules.model import ActionState, CampaignState, FoundPerson, Kind
from worker.rules.screenshot_names import screenshot_name
from worker.rules.sourcing.profile import Position, Profile

SLUG, NAME, EMAIL = "zoe-quill-77", "Zoë Quill", "zoe.q@example.org"
ZOE = f"{SANDBOX}{SLUG}/"
GREETING, REPLY, BY_HAND = "Happy birthday, dear Zoë!", "Thank you, it was lovely", "We wrote this by hand"
HEADLINE, COMPANY = "Chief Beekeeper", "Hives and Sons"
IDENTIFYING_TEXTS = (SLUG, NAME, EMAIL, GREETING, REPLY, BY_HAND, HEADLINE, COMPANY, "Honeycomb Hills")
"""Each of these is stored somewhere, and nowhere once she is forgotten."""

_VCARD = f"""BEGIN:VCARD
VERSION:3.0
FN:{NAME}
EMAIL:{EMAIL}
BDAY:1980-11-24
URL:{ZOE}
END:VCARD
"""
_CSV = f"profile_url,full_name,company,position,language\n{ZOE},{NAME},{COMPANY},{HEADLINE},de\n"


def a_known_person(session: Session, folder: Path) -> list[AccountRecord]:
    """Add data about Zoë in every table, for two accounts, and about Bob for one."""
    first, second = an_account(session), an_account(session, "second")
    for account in (first, second):
        limits.set_limits(session, account.id, Kind.GREET, FREE, by="tests")
    import_path(session, first, write_file(folder, _VCARD, f"{NAME}.vcf"))
    import_path(session, first, write_file(folder, _CSV))
    _bring_v1(session, first, folder)
    searches.save_found_people(
        session, second.id, [FoundPerson(ZOE, NAME, HEADLINE, "Honeycomb Hills", 2, open_to_work=True)]
    )
    bob = Contact(account_id=first.id, profile_url=f"{SANDBOX}bob/", full_name="Bob Other")
    session.add(bob)
    session.flush()
    for account in (first, second):
        zoe = contact_by_slug(session, account, SLUG)
        _found_and_read(session, account, zoe, bob)
        _acted(session, account, zoe)
        _asked_for(session, account)
        session.add(Exclusion(account_id=account.id, profile_url=ZOE, occasion="birthday:2020", note=NAME))
    session.flush()
    return [first, second]


def pictures(folder: Path, accounts: list[AccountRecord]) -> list[Path]:
    """Write screenshots of her pages, and one of Bob's, which is the last."""
    day = folder / "2026-11-24"
    day.mkdir(parents=True)
    names = [screenshot_name(account.id, ZOE, kind, 1) for account in accounts for kind in Kind]
    paths = [
        day / name for name in [*names, screenshot_name(accounts[0].id, f"{SANDBOX}bob/", Kind.GREET, 1)]
    ]
    for path in paths:
        path.write_bytes(b"a picture")
    return paths


def _bring_v1(session: Session, account: AccountRecord, folder: Path) -> None:
    path = folder / "v1.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(v1_script(database_now(session).date()))
    lines = rows.parse_file(
        file.read_v1_file(path), V1Context(account.site, account.zone, database_now(session))
    )
    bring_v1_in(session, account, lines, by="tests", now=database_now(session))


def v1_script(today: date) -> str:
    """Return V1's file as SQL, with Zoë in each of its tables."""
    yesterday = today - timedelta(days=1)
    return f"""
    create table contacts (id integer primary key, name text, linkedin_url text, notes text);
    insert into contacts values (1, '{NAME}', '{ZOE}', '{BY_HAND}');
    create table birthday_messages (id integer primary key, contact_id integer, contact_name text,
                                    message_text text, sent_at text, days_late integer);
    insert into birthday_messages values (1, 1, '{NAME}', '{GREETING}', '{yesterday}T09:00:00', 0),
                                         (2, null, '{NAME}', 'Another', '{yesterday}T10:00:00', 0);
    create table profile_visits (id integer primary key, profile_name text, profile_url text,
                                 visited_at text);
    insert into profile_visits values (1, '{NAME}', '{ZOE}', '{yesterday}T11:00:00');
    create table scraped_profiles (id integer primary key, profile_url text, full_name text, headline text);
    insert into scraped_profiles values (1, '{ZOE}', '{NAME}', '{HEADLINE}');
    create table blacklist (id integer primary key, contact_name text, linkedin_url text);
    insert into blacklist values (1, '{NAME}', null), (2, '{NAME}', '{ZOE}');
    create table linkedin_selectors (id integer primary key, selector_name text, selector_value text,
                                     page_type text);
    insert into linkedin_selectors values (1, 'card', 'a[href="/in/{SLUG}"]', 'birthdays'),
                                          (2, 'button', 'button.send', 'thread');
    """


def _found_and_read(session: Session, account: AccountRecord, zoe: Contact, bob: Contact) -> None:
    campaign = session.get_one(Campaign, a_campaign(session, account))
    campaign.options = {"criteria": {"keywords": ["beekeeper", NAME]}, "url": "https://x/?q=Zo%C3%AB+Quill"}
    campaign.state = CampaignState.PLANNED
    campaign.detail = f"gave up at {ZOE}"
    session.add(Search(campaign_id=campaign.id, terms=[["keywords", NAME], ["page", "2"]]))
    session.flush()
    reasons = [{"points": 30, "why": f"title {HEADLINE}"}]
    found = [Hit(campaign_id=campaign.id, contact_id=zoe.id, page=1, score=30, reasons=reasons)]
    if account.id == bob.account_id:
        found.append(Hit(campaign_id=campaign.id, contact_id=bob.id, page=1))
    session.add_all(found)
    at = Position(HEADLINE, COMPANY, None, None)
    profiles.save_profile(
        session,
        zoe.id,
        Profile(ZOE, NAME, HEADLINE, "Honeycomb Hills", 1, open_to_work=True, positions=(at,)),
    )


def _asked_for(session: Session, account: AccountRecord) -> None:
    """Mention her in requests: lists, schedules, searches, a dry run."""
    other = f"{SANDBOX}bob/"
    listed = session.get_one(Campaign, a_campaign(session, account))
    listed.options = {"profiles": [f"sandbox.test/in/{SLUG.upper()}?x=1", other], "limit": 5}
    listed.state = CampaignState.PLANNED
    dry = session.get_one(Campaign, a_campaign(session, account))
    dry.state = CampaignState.PLANNED
    dry.preview = [
        {"contact": NAME, "profile_url": ZOE, "message": GREETING},
        {"contact": "Bob Other", "profile_url": other, "message": "Hi Bob"},
        {"search": f"https://x/?keywords={quote_plus(NAME)}"},
    ]
    now = database_now(session)
    session.add_all(
        [
            Schedule(
                account_id=account.id, kind="visitor", cron="0 7 * * *", next_fire_at=now,
                options={"profiles": [ZOE]},
            ),
            SavedSearch(
                account_id=account.id, name="bees", terms=[["keywords", NAME]], criteria={"title": "bees"}
            ),
        ]
    )  # fmt: skip


def _acted(session: Session, account: AccountRecord, zoe: Contact) -> None:
    """Add an action of hers in every waiting and end state, with interactions and events."""
    for number, (kind, ends) in enumerate(
        (
            (Kind.GREET, ActionState.DONE), (Kind.GREET, ActionState.UNCERTAIN),
            (Kind.GREET, ActionState.NEEDS_REVIEW), (Kind.WITHDRAW, ActionState.DONE),
            (Kind.VISIT, ActionState.DONE), (Kind.GREET, ActionState.PLANNED),
            (Kind.GREET, ActionState.PROPOSED),
        )
    ):  # fmt: skip
        _one_action(session, account, zoe, kind, ends, occasion=f"test:{number}")
    session.add(
        Interaction(
            account_id=account.id, contact_id=zoe.id, source_key=f"seen:{zoe.id}:x", type=Kind.GREET,
            status="seen", occasion="by_hand:2026-11-23", message=BY_HAND, correlation_id="test",
        )
    )  # fmt: skip
    session.flush()


def _one_action(
    session: Session, account: AccountRecord, zoe: Contact, kind: Kind, ends: ActionState, *, occasion: str
) -> None:
    campaign = campaigns.find_campaign(session, a_campaign(session, account))
    assert campaign is not None
    today = database_now(session).date()
    draft = PlannedAction(zoe.id, occasion, today, GREETING, worded_for=today, expires_on=today)
    plans.insert_plan(session, campaign, kind, [draft], needs_approval=ends is ActionState.PROPOSED)
    of = update(Action).where(Action.id == draft.id)
    if ends is ActionState.PROPOSED:
        return
    session.execute(of.values(needs_approval=True, approval="a hash", approved_by="ops@host"))
    if ends is ActionState.PLANNED:
        return
    session.execute(
        update(Action)
        .where(Action.id != draft.id)
        .values(not_before=func.now() + timedelta(days=1), reason="gap")
    )
    assert queue_due_actions(session) == [draft.id]
    claim = claim_action(session, draft.id)
    assert lifecycle.write_intent(session, claim)
    if ends is ActionState.DONE:
        assert lifecycle.record_effect(
            session, claim, status="sent", text=GREETING, screenshot=f"/x/{SLUG}.png"
        )
        session.execute(
            update(Interaction)
            .where(Interaction.action_id == draft.id)
            .values(reply=REPLY, replied_at=func.now())
        )
        return
    wait = timedelta(days=1)
    lifecycle.mark_uncertain(
        session, claim, reason=Reason.PROOF_MISSING, detail=f"lost sight of {NAME}", wait=wait
    )
    if ends is ActionState.NEEDS_REVIEW:
        _ask_a_person(session, draft.id)


def _ask_a_person(session: Session, action_id: UUID) -> None:
    session.execute(
        update(Action)
        .where(Action.id == action_id)
        .values(state=ActionState.NEEDS_REVIEW, reason=Reason.CANNOT_TELL, detail=f"is {NAME} there?")
    )
    session.expire_all()


def forget(session: Session, address: str = ZOE) -> ErasureReport:
    result = erasure.forget_person(session, "sandbox", address)
    session.expire_all()
    return result
