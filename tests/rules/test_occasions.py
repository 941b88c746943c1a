"""The occasions of visits, withdrawals and search pages."""

from datetime import date, timedelta
from uuid import UUID

from worker.rules import occasions

ONE, OTHER = UUID(int=1), UUID(int=2)
MONDAY = date(2026, 3, 2)


def test_a_week_is_one_occasion_and_may_belong_to_the_next_year() -> None:
    days = [MONDAY + timedelta(days=number) for number in range(7)]
    assert {occasions.visit_occasion(day, ONE) for day in days} == {f"visit:2026-W10:{ONE}"}
    assert {occasions.withdrawal_occasion(day) for day in days} == {"withdraw:2026-W10"}
    assert occasions.withdrawal_occasion(days[-1] + timedelta(days=1)) == "withdraw:2026-W11"
    assert occasions.withdrawal_occasion(date(2026, 1, 1)) == "withdraw:2026-W01"
    assert occasions.withdrawal_occasion(date(2024, 12, 30)) == "withdraw:2025-W01"
    assert occasions.withdrawal_occasion(date(2027, 1, 1)) == "withdraw:2026-W53"


def test_campaigns_and_pages_have_occasions_of_their_own() -> None:
    told = [
        *(occasions.visit_occasion(MONDAY, campaign) for campaign in (ONE, OTHER)),
        *(occasions.search_occasion(campaign) for campaign in (ONE, OTHER)),
        *(occasions.search_page_occasion(campaign, page) for campaign in (ONE, OTHER) for page in (1, 2)),
    ]
    assert len(set(told)) == len(told)
