"""Whether anything changed in Postgres that a page shows."""

from sqlalchemy.orm import Session

from db.queries import load_query


def read_change_token(session: Session) -> str:
    """Return a text that is another one after each commit that changes what a page shows.

    It doesn't change with time: what is due or late becomes so without a commit.
    """
    token: str = session.scalars(load_query("change_token")).one()
    return token
