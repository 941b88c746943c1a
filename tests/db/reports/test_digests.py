"""The morning digest and the evening summary say what the reports say, on one page."""

from collections.abc import Sequence
from datetime import date, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from db.store.actions.review.proposals import Proposal
from db.store.kill_switch import pull_kill_switch
from db.store.people import accounts
from db.store.people.accounts import AccountRecord
from db.tables import Contact, Interaction
from tasks.notices.digests import build_digest
from tests.builders import (
    a_contact,
    add_planned,
    add_proposed,
    an_account,
    database_now,
    needing_checks,
)
from tests.db.helpers import run_without_triggers
from worker.errors import Reason
from worker.rules.notices.kinds import NoticeKind
from worker.rules.notices.texts import Notice

DAY = timedelta(days=1)


def today(session: Session) -> date:
    return database_now(session).date()


def signed_in(session: Session) -> AccountRecord:
    account = an_account(session)
    accounts.save_session(session, account.id, b"sealed")
    return accounts.get_account(session, account.id)


def morning(session: Session, account: AccountRecord, *, with_texts: bool = False) -> Notice:
    found = accounts.get_account(session, account.id)
    return build_digest(session, NoticeKind.MORNING_DIGEST, found.id, today(session), with_texts=with_texts)


def evening(session: Session, account: AccountRecord, *, with_texts: bool = False) -> Notice:
    return build_digest(
        session, NoticeKind.EVENING_SUMMARY, account.id, today(session), with_texts=with_texts
    )


def lines_of(notice: Notice, heading: str) -> list[str]:
    """Return the lines of a section, [] without it."""
    found = [one for one in notice.sections if one.heading == heading]
    return [": ".join(filter(None, (each.name, each.text))) for one in found for each in one.entries]


def birthday(session: Session, account: AccountRecord, slug: str, ago: int = 0) -> Contact:
    return a_contact(session, account, slug, birthday=today(session) - ago * DAY)


def test_a_morning_names_who_is_greeted_when_and_who_is_left_out_and_why(session: Session) -> None:
    account = signed_in(session)
    planned = birthday(session, account, "ann")
    planned.birth_year = today(session).year - 40
    add_planned(session, account, planned, text="Happy birthday, Ann!")
    birthday(session, account, "never").do_not_contact = True
    birthday(session, account, "hanna").hold_until = today(session) + 9 * DAY
    add_proposed(session, account, birthday(session, account, "pia"), text="A secret for Pia")
    birthday(session, account, "late", ago=2)
    birthday(session, account, "tomorrow", ago=-1)
    birthday(session, an_account(session, "other"), "stranger")
    session.flush()
    notice = morning(session, account)
    assert notice.title.endswith(": 4 birthdays today, 1 to look at")
    at = f"{database_now(session):%H:%M}"
    people = lines_of(notice, "Birthdays today")
    assert people[0] == f"Ann: turns 40, about {at}"
    assert sorted(people[1:]) == [
        "Hanna: not greeted: this person is on hold",
        "Never: not greeted: this person is not to be contacted",
        "Pia: waits for your approval",
    ]
    (late,) = lines_of(notice, "Late greetings today")
    assert late.startswith(f"Late: birthday on {(today(session) - 2 * DAY).day} ")
    assert lines_of(notice, "Waiting for your approval")[0] == "Pia"
    assert "`rapport review --account demo`" in notice.body
    assert "secret" not in notice.body
    assert "Happy birthday" not in notice.body


def test_a_late_greeting_that_waits_for_approval_has_no_time(session: Session) -> None:
    account = signed_in(session)
    add_proposed(session, account, birthday(session, account, "lea", ago=1), late_days=1)
    (late,) = lines_of(morning(session, account), "Late greetings today")
    assert late.startswith("Lea: birthday on ")
    assert late.endswith(", waits for your approval")


def test_texts_are_quoted_only_where_they_were_asked_for(session: Session) -> None:
    account = an_account(session)
    add_planned(session, account, birthday(session, account, "ann"), text="Happy birthday, Ann!")
    add_proposed(session, account, birthday(session, account, "pia"), text="For Pia\nwith love")
    body = morning(session, account, with_texts=True).body
    assert "> Happy birthday, Ann!" in body
    assert "  > For Pia\n  > with love" in body


def test_where_a_public_address_is_set_each_proposal_and_all_can_be_opened(session: Session) -> None:
    account = an_account(session)
    for slug in ("ann", "bob"):
        add_proposed(session, account, birthday(session, account, slug))

    def address(proposals: Sequence[Proposal]) -> str:
        return f"https://rapport.example/approve/{'-'.join(sorted(each.contact for each in proposals))}"

    notice = build_digest(
        session, NoticeKind.MORNING_DIGEST, account.id, today(session), approve_urls=address
    )
    for names in ("Ann", "Bob", "Ann-Bob"):
        assert f": https://rapport.example/approve/{names}\n" in f"{notice.body}\n"


def test_a_morning_lists_everything_else_that_waits_for_a_person(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    needing_checks(monkeypatch, "sandbox")
    account = an_account(session)
    accounts.save_session(session, account.id, b"sealed", expires_at=database_now(session) + 3 * DAY)
    add_planned(session, account, birthday(session, account, "ann"))
    run_without_triggers(
        session, "update actions set state = 'needs_review', reason = 'cannot_tell', acting_since = now()"
    )
    notice = morning(session, account)
    waiting = lines_of(notice, "Waiting for you")
    assert waiting[0] == "1 action may have been sent: look, then say so: `rapport actions review`"
    assert waiting[1].startswith("The sign-in expires on ")
    assert waiting[2].startswith("Check the site's pages: `rapport selectors check demo --profile ADDRESS")
    assert notice.title.endswith("3 to look at")


def test_a_stopped_account_s_morning_begins_with_what_to_do_and_promises_no_times(session: Session) -> None:
    account = an_account(session)
    add_planned(session, account, birthday(session, account, "ann"))
    birthday(session, account, "late", ago=2)
    accounts.save_session(session, account.id, b"sealed", expires_at=database_now(session) + 3 * DAY)
    accounts.stop_account(session, account.id, Reason.CHALLENGE)
    notice = morning(session, account)
    assert ": stopped, 1 birthday today" in notice.title
    assert notice.body.startswith("Account demo is stopped: the site asks for proof that you are human. ")
    assert "`rapport account sign-in demo`" in notice.body
    assert lines_of(notice, "Birthdays today") == ["Ann: waits"]
    assert lines_of(notice, "Late greetings today") == []
    assert "about" not in notice.body
    pull_kill_switch(session, by="tests")
    assert ": everything is stopped, " in morning(session, account).title


def test_more_people_than_fit_on_a_page_are_counted(session: Session) -> None:
    account = an_account(session)
    for number in range(30):
        birthday(session, account, f"person-{number:02}")
    people = lines_of(morning(session, account), "Birthdays today")
    assert len(people) == 21
    assert people[-1] == "and 10 more: `rapport birthdays demo --next 1`"


def test_a_day_without_anything_is_one_line(session: Session) -> None:
    account = signed_in(session)
    assert morning(session, account).body == "Nothing waits for you."
    assert evening(session, account).title.endswith(": nobody greeted")
    assert evening(session, account).body == "Nothing waits for you, and nobody has a birthday tomorrow."


def test_an_evening_names_who_was_greeted_who_answered_who_was_not_and_who_is_next(session: Session) -> None:
    account = signed_in(session)
    for slug in ("ann", "bob"):
        person = birthday(session, account, slug)
        action_id = add_planned(session, account, person)
        session.add(
            Interaction(
                account_id=account.id, contact_id=person.id, action_id=action_id, type="greet", status="sent",
                occasion="birthday", message=f"Dear {slug}", correlation_id="test",
                replied_at=database_now(session) if slug == "bob" else None,
            )
        )  # fmt: skip
    session.flush()
    run_without_triggers(session, "update actions set state = 'done', acting_since = now()")
    for slug, state, reason in (("noah", "skipped", "no_name"), ("fay", "failed", "no_template")):
        action_id = add_planned(session, account, birthday(session, account, slug))
        session.execute(
            text("update actions set state = 'queued', lease_until = now() where id = :id"), {"id": action_id}
        )
        session.execute(text("update actions set state = 'claimed' where id = :id"), {"id": action_id})
        session.execute(
            text("update actions set state = :state, reason = :reason where id = :id"),
            {"state": state, "reason": reason, "id": action_id},
        )
    birthday(session, account, "zoe", ago=-1)
    notice = evening(session, account)
    assert notice.title.endswith(": 2 people greeted, 1 answer")
    assert lines_of(notice, "Greeted") == ["Ann", "Bob"]
    assert lines_of(notice, "Answered") == ["Bob"]
    assert lines_of(notice, "Left out") == ["Noah: there is no name to address this person by"]
    assert [line.partition(":")[0] for line in lines_of(notice, "Failed")] == ["Fay"]
    (zoe,) = lines_of(notice, "Birthdays tomorrow")
    assert zoe.startswith("Zoe: about ")
    assert "Dear" not in notice.body
    assert "> Dear ann" in evening(session, account, with_texts=True).body
    yesterday = build_digest(session, NoticeKind.MORNING_DIGEST, account.id, today(session) + DAY)
    assert lines_of(yesterday, "Yesterday")[0] == "sent: 2 greetings, 0 of them late"
