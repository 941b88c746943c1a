"""People who were greeted and answer, and what is known of it."""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import select, update

from db.tables import Account, Action, Interaction
from tasks.services import Services

ANN = "dr-anke-de-wit"
MING = "wang-xiaoming"
NAMES = {MING: "王小明"}
"""What the network shows, where the slug does not tell it."""
ANSWER = "Thank you, how very kind!"

Greet = Callable[..., int]


def an_hour_later(services: Services) -> None:
    with services.database.transaction() as session:
        session.execute(update(Account).values(inbox_asked_at=None))


def ten_minutes_earlier(services: Services) -> None:
    """Let everything that was sent have been sent ten minutes before."""
    ago = timedelta(minutes=10)
    with services.database.transaction() as session:
        session.execute(update(Interaction).values(created_at=Interaction.created_at - ago))
        session.execute(update(Action).values(acting_since=Action.acting_since - ago))


def marked(services: Services, interaction_id: int) -> tuple[datetime | None, str | None]:
    with services.database.transaction() as session:
        row = session.get_one(Interaction, interaction_id)
        return row.replied_at, row.reply


def read_to(services: Services) -> datetime | None:
    with services.database.transaction() as session:
        return session.scalars(select(Account.inbox_read_at)).one()
