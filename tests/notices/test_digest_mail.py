"""A digest as it arrives: by mail, once a day, with names that are only names."""

from datetime import timedelta

import pytest

from db.engine import Database
from db.store.people import accounts
from tasks.notices.sending import Sender
from tasks.notices.watch import Watcher
from tests.builders import a_contact, add_proposed, an_account, database_now
from tests.notices.conftest import AddTarget
from tests.notices.receivers import Mailbox
from tests.notices.test_deliveries import claim, dispatch
from worker.settings import Settings

HOSTILE = "<b>Ann</b>\r\nBcc: everyone@example.org"


@pytest.fixture
def settings(
    database: Database, database_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> Settings:
    """Settings of a moment at which the morning's digest is due and the evening's summary is not."""
    with database.transaction() as session:
        now = database_now(session)
    for name, value in {
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "RAPPORT_DIGEST_AT": (now - timedelta(hours=1)).time().isoformat(),
        "RAPPORT_SUMMARY_AT": (now + timedelta(hours=1)).time().isoformat(),
    }.items():
        monkeypatch.setenv(name, value)
    return Settings()


def test_a_digest_is_mailed_once_a_day_and_quotes_texts_only_where_they_were_asked_for(
    database: Database, settings: Settings, add: AddTarget, notice_sender: Sender, mailbox: Mailbox
) -> None:
    notice_sender._public_url = "https://rapport.example"
    add(mailbox.url, name="plain")
    add(mailbox.url, name="texts", with_texts=True)
    with database.transaction() as session:
        account = an_account(session)
        accounts.save_session(session, account.id, b"sealed")
        person = a_contact(session, account, "ann", name=HOSTILE, birthday=database_now(session).date())
        add_proposed(session, account, person, text="Happy birthday, dear Ann!")
    for _ in range(2):
        for step in Watcher(database, settings).steps:
            step()
        dispatch(database)
        for target in ("plain", "texts"):
            while (found := claim(database, target)) is not None:
                notice_sender.send(found)
    plain, texts = (mail for mail in mailbox.mails if "birthday" in mail["subject"])
    assert plain["bcc"] is None
    html = plain.get_body(("html",))
    assert html is not None
    assert "&lt;b&gt;Ann&lt;/b&gt;" in html.get_content()
    for mail, quoted in ((plain, False), (texts, True)):
        for form in ("html", "plain"):
            part = mail.get_body((form,))
            assert part is not None
            assert "approval" in part.get_content().lower()
            assert "https://rapport.example/approve/" in part.get_content()
            assert ("dear Ann!" in part.get_content()) is quoted
