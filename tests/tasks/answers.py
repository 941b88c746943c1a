"""People who were greeted and answer, and what is known of it."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import select, update

from db.tables import Account, Interaction
from tasks.services import Services

ANN = "dr-anke-de-wit"
MING = "wang-xiaoming"
ANSWER = "Thank you, how very kind!"

Greet = Callable[..., int]


def an_hour_later(services: Services) -> None:
    with services.database.transaction() as session:
        session.execute(update(Account).values(inbox_asked_at=None))


def marked(services: Services, interaction_id: int) -> tuple[datetime | None, str | None]:
    with services.database.transaction() as session:
        row = session.get_one(Interaction, interaction_id)
        return row.replied_at, row.reply


def read_to(services: Services) -> datetime | None:
    with services.database.transaction() as session:
        return session.scalars(select(Account.inbox_read_at)).one()
