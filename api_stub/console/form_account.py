"""The account that a form is about."""

from sqlalchemy.orm import Session

from api_stub.console.errors import UnknownPageError
from api_stub.console.forms import PostedForm
from db.store.people import accounts
from db.store.people.accounts import AccountRecord


def read_account(session: Session, form: PostedForm) -> AccountRecord:
    """Return the account in the field `account`. Raises UnknownPageError if it was removed meanwhile."""
    account = accounts.find_account(session, form.text("account", most=200))
    if account is None:
        raise UnknownPageError
    return account
