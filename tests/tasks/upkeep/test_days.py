"""Each day of an account is summed up once, in one line that names nobody."""

import pytest
from sqlalchemy import select, text, update

from db.store.reports import summary
from db.tables import Account, DailySummary
from tasks.entry import upkeep
from tasks.services import Services
from tasks.upkeep.daily_summaries import record_ended_days
from tests import builders


def test_each_day_is_told_once_and_the_line_holds_counts_only(
    without_pages: Services, capsys: pytest.CaptureFixture[str]
) -> None:
    with without_pages.database.transaction() as session:
        account = builders.an_account(session, site="ledger")
        builders.add_planned(
            session,
            account,
            builders.a_contact(session, account, "ann", name="Ann Unmistakable"),
            text="Happy birthday!",
        )
        session.execute(update(Account).values(created_at=text("now() - interval '9 days'")))
        builders.an_account(session, "began-today", site="ledger")
    assert record_ended_days(without_pages) == 1
    assert record_ended_days(without_pages) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if "daily_summary" in line]
    assert len(lines) == 1
    assert "Unmistakable" not in lines[0]
    assert "Happy birthday" not in lines[0]
    with without_pages.database.transaction() as session:
        (kept,) = session.scalars(select(DailySummary))
    assert kept.summary["account"] == "demo"
    assert kept.summary["happened"]["sent"] == 0
    assert str(kept.on) in lines[0]


def test_of_two_who_would_tell_one_day_one_does(
    without_pages: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    with without_pages.database.transaction() as session:
        builders.an_account(session, site="ledger")
        session.execute(update(Account).values(created_at=text("now() - interval '9 days'")))
        over = summary.list_unsaved_days(session)
    monkeypatch.setattr(summary, "list_unsaved_days", lambda _: over)
    assert [record_ended_days(without_pages), record_ended_days(without_pages)] == [1, 0]


def test_the_tick_keeps_days(without_pages: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upkeep, "get_services", lambda: without_pages)
    with without_pages.database.transaction() as session:
        builders.an_account(session, site="ledger")
        session.execute(update(Account).values(created_at=text("now() - interval '9 days'")))
    upkeep.save_summaries()
    with without_pages.database.transaction() as session:
        assert len(session.scalars(select(DailySummary)).all()) == 1
