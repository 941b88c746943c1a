"""Texts of notices: short, clean, and harmless whatever a name or a message holds."""

from collections.abc import Mapping
from datetime import date
from email.message import EmailMessage
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worker.errors import Reason
from worker.notices.html import render_html
from worker.rules.halts import Halt, HaltCause
from worker.rules.notices.digest import (
    EveningSummary,
    MorningDigest,
    People,
    PersonLine,
    Waiting,
    render_evening,
    render_morning,
)
from worker.rules.notices.kinds import NoticeKind, Urgency
from worker.rules.notices.page import LONGEST_TITLE
from worker.rules.notices.texts import Notice, render, render_group
from worker.rules.reports.summary import EndedCounts
from worker.rules.sites.mark_trends import Trend
from worker.rules.texts.characters import sanitise_text
from worker.rules.upkeep import UpkeepJob

NOTHING = EndedCounts(sent=0, late=0, replies=0, settled_by_hand=0, skipped={}, failed={})
ON = date(2026, 11, 29)

HOSTILE = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        [
            "Bob\r\nBcc: everyone@example.com",
            "Bob\n\nSubject: other",
            "\u202egnp.exe\u202c",
            "\u2066Ann\u2069\u200f",
            "<script>alert(1)</script>",
            "<img src=x onerror=alert(1)>",
            '"><a href="https://evil.example">x</a>',
            "{{ 7 * 7 }}{% raw %}",
            "`rapport account remove demo`",
            "\x1b]0;title\x07\x00",
            "x" * 300,
            "é\u0301" * 150,
        ]
    ),
)


class Tags(HTMLParser):
    """Collects the tags and the addresses of a document."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.feed(document)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in {"href", "src", "background"}]


def assert_harmless(notice: Notice, *, links: int = 0) -> None:
    """Check what a mail client, a chat and a terminal would be given."""
    assert 0 < len(notice.title) <= LONGEST_TITLE
    assert "\n" not in notice.title
    assert sanitise_text(notice.title + notice.body) == notice.title + notice.body
    mail = EmailMessage()
    mail["Subject"] = notice.title
    assert mail.keys() == ["Subject"]
    assert mail["Subject"] == notice.title
    document = Tags(render_html(notice))
    assert set(document.tags) <= {
        "html", "head", "meta", "title", "body", "div", "h1", "h2", "ul", "li", "p", "span", "code", "a",
        "blockquote", "bdi",
    }  # fmt: skip
    assert document.addresses == ["https://rapport.example/approve/TOKEN"] * links


def hostile_payload(value: str) -> Mapping[str, Any]:
    names = (
        "account", "site", "reason", "detail", "kind", "action", "campaign", "campaign_kind", "outcome",
        "job", "error", "last_ok_at", "expires_at", "zone", "state", "mark", "trend", "on",
    )  # fmt: skip
    return {**dict.fromkeys(names, value), "count": value, "queues": [value, value], "failures": 2}


@given(HOSTILE, st.sampled_from(NoticeKind))
@settings(max_examples=60)
def test_no_value_of_an_event_steers_a_mail_or_a_chat(value: str, kind: NoticeKind) -> None:
    assert_harmless(render(kind, hostile_payload(value)))
    assert_harmless(render_group([(kind, hostile_payload(value)), (kind, {}), (NoticeKind.TEST, {})]))


@given(HOSTILE, HOSTILE)
@settings(max_examples=40)
def test_no_name_or_message_steers_a_digest(name: str, message: str) -> None:
    url = "https://rapport.example/approve/TOKEN"
    people = People([PersonLine(name, "about 09:12", message, url)], 1)
    plain = People([PersonLine(name, "on hold", message)], 1)
    waiting = Waiting(proposals=people, approve_all_url=url, needs_review=1, steps=("look at it",))
    assert_harmless(render_morning(MorningDigest("demo", ON, waiting, plain, plain, NOTHING)), links=2)
    evening = EveningSummary("demo", ON, waiting, NOTHING, plain, plain, plain, plain, plain)
    assert_harmless(render_evening(evening), links=2)


EXAMPLES: Mapping[NoticeKind, Mapping[str, Any]] = {
    NoticeKind.ACCOUNT_STOPPED: {"account": "demo", "reason": Reason.CHALLENGE, "kind": "greet"},
    NoticeKind.SESSION_REFUSED: {"account": "demo", "reason": Reason.NOT_SIGNED_IN},
    NoticeKind.SESSION_EXPIRING: {"account": "demo", "expires_at": "2026-12-01T08:00:00+00:00"},
    NoticeKind.NEEDS_REVIEW: {"account": "demo", "reason": Reason.CANNOT_TELL, "action": "1f3a"},
    NoticeKind.APPROVAL_WAITING: {"account": "demo", "count": 12},
    NoticeKind.CAMPAIGN_ENDED: {
        "account": "demo",
        "campaign": "1f3a",
        "campaign_kind": "birthday",
        "sent": 3,
    },
    NoticeKind.UPKEEP_LATE: {"job": UpkeepJob.RETENTION, "failures": 3, "error": "OSError"},
    NoticeKind.NOBODY_CONSUMES: {"state": "idle", "queues": ["birthday"]},
    NoticeKind.SITE_CHANGED: {"site": "linkedin", "mark": "composer", "trend": Trend.MISSING},
    NoticeKind.QUOTA_DISAGREEMENT: {"account": "demo", "kind": "greet"},
}


@pytest.mark.parametrize(
    ("kind", "title", "command"),
    [
        (
            NoticeKind.ACCOUNT_STOPPED,
            "Account demo is stopped: the site asks for proof that you are human",
            "`./run account sign-in demo`",
        ),
        (
            NoticeKind.SESSION_REFUSED,
            "Account demo has to sign in: the site asks to sign in again",
            "`./run account sign-in demo`",
        ),
        (
            NoticeKind.SESSION_EXPIRING,
            "The sign-in of account demo expires soon: 1 Dec 08:00 UTC",
            "`./run account sign-in demo`",
        ),
        (NoticeKind.NEEDS_REVIEW, "An action of account demo needs your decision", "`./run actions review`"),
        (
            NoticeKind.APPROVAL_WAITING,
            "12 greetings of account demo wait for your approval",
            "`./run review --account demo`",
        ),
        (
            NoticeKind.CAMPAIGN_ENDED,
            "Birthday campaign of account demo ended: 3 greetings sent",
            "`./run campaign show 1f3a`",
        ),
        (NoticeKind.UPKEEP_LATE, "Upkeep is late: retention, never done", "`./run doctor`"),
        (NoticeKind.NOBODY_CONSUMES, "No worker takes messages of: birthday", "`./run doctor`"),
        (
            NoticeKind.SITE_CHANGED,
            "A page of linkedin may have changed: composer is not found any more",
            "`./run selectors check ACCOUNT`",
        ),
        (NoticeKind.QUOTA_DISAGREEMENT, "The quota's counters of account demo were wrong", "`./run doctor`"),
    ],
)
def test_a_notice_says_what_happened_and_what_to_do(kind: NoticeKind, title: str, command: str) -> None:
    notice = render(kind, EXAMPLES[kind], program="./run")
    assert notice.title.startswith(title)
    assert command in notice.body


def test_many_notices_are_counted_and_what_to_do_is_said_once() -> None:
    stopped = (NoticeKind.ACCOUNT_STOPPED, EXAMPLES[NoticeKind.ACCOUNT_STOPPED])
    reviews = [(NoticeKind.NEEDS_REVIEW, {"account": "demo", "action": str(n)}) for n in range(30)]
    notice = render_group([*reviews, stopped])
    assert notice.urgency is Urgency.URGENT
    assert notice.title.endswith(", and 30 more")
    assert notice.body.startswith("Account demo is stopped")
    assert "An action of account demo needs your decision (30 times)" in notice.body
    assert notice.body.count("rapport actions review") == 1


def test_a_long_group_names_the_first_ones_and_the_number_of_the_others() -> None:
    names = [(NoticeKind.ACCOUNT_STOPPED, {"account": f"name{n:02}"}) for n in range(50)]
    notice = render_group(names)
    assert "name18" in notice.body
    assert "name19" not in notice.body
    assert "and 31 more" in notice.body


def test_a_quiet_morning_is_one_line_and_a_stop_comes_first() -> None:
    quiet = render_morning(MorningDigest("demo", ON, Waiting(), People(), People(), NOTHING))
    assert quiet.title == "demo, Sun 29 Nov: no birthday today"
    assert quiet.body == "Nothing waits for you."
    halt = Halt(HaltCause.ACCOUNT_STOPPED, Reason.CHALLENGE)
    people = People([PersonLine("Ann", "waits")], 1)
    stopped = render_morning(MorningDigest("demo", ON, Waiting(halts=[halt]), people, People(), NOTHING))
    assert stopped.title == "demo, Sun 29 Nov: stopped, 1 birthday today"
    assert stopped.body.startswith("Account demo is stopped: the site asks for proof that you are human.")
