"""Whole campaigns on the replica of LinkedIn through real workers, judged by the replica's own ledger."""

from collections import Counter
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from api_stub.sandbox.faults import FaultName
from db.tables import Contact, Interaction, StoredProfile
from tasks.contract import BIRTHDAY_REPLIES, INVITATIONS_CAMPAIGN, SOURCING_CAMPAIGN
from tests.faults.census import Expected
from tests.replica.harness import ReplicaHarness
from worker.errors import Reason
from worker.rules.model import ActionState


@pytest.mark.soak  # a greeting here takes three seconds of processor time
@pytest.mark.parametrize(
    ("front_end", "language"),
    [("ember", "fr"), ("sdui", "en"), ("sdui", "de"), ("ember", "es"), ("sdui", "pl")],
)
def test_everybody_is_greeted_once_though_the_site_lies(
    harness: ReplicaHarness, front_end: str, language: str
) -> None:
    harness.reset()
    harness.site.set(front_end=front_end, language=language)
    harness.site.fault(FaultName.SEND_SWALLOWS_REPLY, times=1)
    harness.site.fault(FaultName.SEND_NO_EFFECT, times=1)
    harness.campaign(late_days=9)
    harness.wait_until_settled()
    census = harness.take_census(Expected())
    left = [line.contact for line in harness.lines() if line.reason is Reason.NOT_CONNECTED]
    assert left == ["Vera Left"]
    assert [problem for problem in census.problems if not problem.startswith("Vera Left")] == []
    assert (census.doubles, census.in_ledger) == (0, census.planned - len(left))
    harness.site.write_as_person("ada-example", "member", "Thank you!")
    harness.publish(BIRTHDAY_REPLIES, "birthday", account="demo")
    harness.wait_for("the reply", lambda: who_replied(harness))
    assert who_replied(harness) == ["Ada Example"]


def who_replied(harness: ReplicaHarness) -> list[str]:
    with harness.database.transaction() as session:
        replied = select(Contact.full_name).join(Interaction, Interaction.contact_id == Contact.id)
        return list(session.scalars(replied.where(Interaction.replied_at.is_not(None))))


@pytest.mark.soak
@pytest.mark.parametrize(("front_end", "language"), [("sdui", "en"), ("ember", "de")])
def test_people_are_found_visited_and_uninvited_once(
    harness: ReplicaHarness, front_end: str, language: str
) -> None:
    harness.reset()
    harness.site.set(front_end=front_end, language=language)
    invited = {each.slug for each in harness.site.open_invitations() if each.days_ago >= 30}
    harness.publish(
        SOURCING_CAMPAIGN,
        account="demo",
        campaign_id=str(uuid4()),
        url="https://www.linkedin.com/search/results/people/?keywords=plain",
        limit=2,
    )
    harness.publish(INVITATIONS_CAMPAIGN, account="demo", campaign_id=str(uuid4()), older_than_days=30)
    harness.wait_for("both plans", lambda: len({line.kind for line in harness.lines()}) == 3)
    harness.wait_until_settled()
    assert {line.state for line in harness.lines()} == {ActionState.DONE}
    visits = Counter(harness.site.visits())
    with harness.database.transaction() as session:
        visited = session.scalars(select(func.count()).select_from(StoredProfile)).one()
    assert visited == len(visits) > 0
    assert set(visits.values()) == {1}
    withdrawn = [line.slug for line in harness.site.effects() if line.kind == "withdrawal"]
    assert sorted(withdrawn) == sorted(invited)
    assert {each.slug for each in harness.site.open_invitations()}.isdisjoint(invited)
