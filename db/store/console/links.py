"""Links that sign a user in once."""

from datetime import timedelta
from typing import Final
from uuid import uuid4

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from db.engine import execute_counted
from db.store.audit import record_change
from db.store.console.tokens import hash_token, new_token
from db.tables import ConsoleLink, ConsoleUser

LIFE: Final = timedelta(hours=24)
_KEPT_FOR: Final = timedelta(days=30)


def make_link(session: Session, user_id: int, *, by: str) -> str:
    """Return the token of a new link for a user; earlier ones that weren't used end."""
    token = new_token()
    name = session.scalars(select(ConsoleUser.name).where(ConsoleUser.id == user_id)).one()
    execute_counted(
        session, delete(ConsoleLink).where(ConsoleLink.user_id == user_id, ConsoleLink.used_at.is_(None))
    )
    session.add(
        ConsoleLink(id=uuid4(), user_id=user_id, token_hash=hash_token(token), expires_at=func.now() + LIFE)
    )
    record_change(session, by=by, change="user.link", about=name)
    return token


def use_link(session: Session, token: str) -> tuple[int, str] | None:
    """Use a link up; return id and name of its user, to one caller only. None: it can't be used."""
    used = (
        update(ConsoleLink)
        .where(
            ConsoleLink.token_hash == hash_token(token),
            ConsoleLink.used_at.is_(None),
            ConsoleLink.expires_at > func.now(),
            ConsoleLink.user_id == ConsoleUser.id,
            ConsoleUser.disabled_at.is_(None),
        )
        .values(used_at=func.now())
        .returning(ConsoleUser.id, ConsoleUser.name)
        .execution_options(synchronize_session=False)
    )
    row = session.execute(used).first()
    return None if row is None else (row.id, row.name)


def was_link(session: Session, token: str) -> bool:
    """Return whether there ever was a link with this token: such a visit isn't a guess."""
    return (
        session.scalar(select(ConsoleLink.id).where(ConsoleLink.token_hash == hash_token(token))) is not None
    )


def delete_old_links(session: Session) -> int:
    """Delete links that expired long ago; return how many."""
    return execute_counted(
        session, delete(ConsoleLink).where(ConsoleLink.expires_at < func.now() - _KEPT_FOR)
    )
