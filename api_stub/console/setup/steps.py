"""The steps of the guide, and which of them are done by what is stored."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy.orm import Session

from db.store.people.accounts import AccountRecord
from db.store.reports.setup_facts import read_setup_facts
from worker.rules.sites.registry import needs_check

_UTC = "UTC"


class StepName(StrEnum):
    """What there is to set up, in its order."""

    ACCOUNT = "account"
    ZONE = "zone"
    SIGN_IN = "sign_in"
    PAGES = "pages"
    PEOPLE = "people"
    HOURS = "hours"
    TEMPLATES = "templates"
    NOTICES = "notices"
    SCHEDULE = "schedule"


@dataclass(frozen=True, slots=True)
class Step:
    """One step. `path` is the page where it is done, "" if only a command does it."""

    name: StepName
    is_done: bool
    path: str


def setup_steps(session: Session, account: AccountRecord | None) -> Sequence[Step]:
    """Return the steps for an account, or for the first one if there is none yet."""
    if account is None:
        return [Step(StepName.ACCOUNT, False, "/setup/account")]
    facts = read_setup_facts(session, account)
    of_account = f"?account={account.name}"
    steps = [
        Step(StepName.ACCOUNT, True, f"/setup/account{of_account}"),
        Step(StepName.ZONE, account.zone.key != _UTC, f"/setup/account{of_account}"),
        Step(StepName.SIGN_IN, facts.signed_in, ""),
        Step(StepName.PAGES, facts.pages_proven, ""),
        Step(StepName.PEOPLE, facts.has_people, f"/imports{of_account}"),
        Step(StepName.HOURS, facts.has_limits, f"/setup/hours{of_account}"),
        Step(StepName.TEMPLATES, facts.has_templates, f"/templates{of_account}"),
        Step(StepName.NOTICES, facts.has_notices, "/setup/notices"),
        Step(StepName.SCHEDULE, facts.has_schedule, f"/schedules/birthday{of_account}"),
    ]
    return [step for step in steps if step.name is not StepName.PAGES or needs_check(account.site)]
