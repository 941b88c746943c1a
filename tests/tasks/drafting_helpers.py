"""Plan a greeting of one person, let a day pass, and send it."""

from datetime import timedelta
from uuid import UUID, uuid4

from sqlalchemy import delete, select, update

from db.store.actions import dispatch
from db.store.campaigns import templates
from db.store.people.accounts import AccountRecord
from db.tables import Action, MessageTemplate
from tasks.actions.perform import perform_action
from tasks.actions.settle import Outcome
from tasks.campaigns.start import start_campaign
from tasks.contract import BirthdayOptions
from tasks.services import Services
from tests import builders
from tests.builders import SANDBOX, an_account

ANN = f"{SANDBOX}ann/"


def an_account_with_texts(services: Services) -> AccountRecord:
    """Add an account with one text for the day and one for later, in English and in French."""
    with services.database.transaction() as session:
        session.execute(delete(MessageTemplate))
        account = an_account(session, site="ledger")
        for language, on_the_day, late in (
            ("en", "Happy birthday, {{ first_name }}!", "Belated wishes, {{ first_name }}!"),
            (
                "fr",
                "Joyeux anniversaire, {{ first_name }} !",
                "Un peu tard, {{ first_name }} : mes vœux !",
            ),
        ):
            templates.add_template(
                session, account_id=account.id, language=language, late=False, body=on_the_day
            )
            templates.add_template(session, account_id=account.id, language=language, late=True, body=late)
        return account


def campaign(services: Services, *, days_ago: int = 0, name: str = "Ann Smith", **options: object) -> UUID:
    """Plan a greeting of Ann, whose birthday was so many days ago; return the action's id."""
    with services.database.transaction() as session:
        account = builders.an_account(session)
        born = builders.database_now(session).date() - timedelta(days=days_ago)
        contact = builders.a_contact(session, account, "ann", name=name, birthday=born)
        contact.language = str(options.pop("language", "en"))
        session.flush()
        wanted = BirthdayOptions.model_validate({"read_site": False, "late_days": 5, **options})
        campaign_id = uuid4()
        start_campaign(session, account="demo", campaign_id=campaign_id, options=wanted)
        return session.scalars(select(Action.id).where(Action.campaign_id == campaign_id)).one()


def a_day_passes(services: Services) -> None:
    """What was planned today was planned yesterday, for yesterday's birthday."""
    with services.database.transaction() as session:
        session.execute(
            update(Action).values(
                occasion_on=Action.occasion_on - 1,
                worded_for=Action.worded_for - 1,
                not_before=Action.not_before - timedelta(days=1),
            )
        )


def carry_out(services: Services, action_id: UUID) -> Outcome:
    with services.database.transaction() as session:
        (due,) = dispatch.queue_due_actions(session, batch=10, lease=timedelta(minutes=1))
        assert due.action_id == action_id
    return perform_action(services, action_id)


def row(services: Services, action_id: UUID) -> Action:
    with services.database.transaction() as session:
        return builders.action(session, action_id)
