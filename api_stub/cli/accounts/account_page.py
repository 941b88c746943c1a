"""Open a browser of this command's own, signed in as an account."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Page

from api_stub.explain.halts import advise_sign_in
from db.store.people.accounts import AccountRecord
from worker.browser.pool import BrowserPool
from worker.errors import RequestRefusedError
from worker.secrets import SESSION_UNREADABLE, Vault
from worker.settings import Settings


@contextmanager
def open_account_page(settings: Settings, account: AccountRecord) -> Iterator[Page]:
    """Open the account's page; the browser is closed on exit.

    Raises RequestRefusedError if the account isn't signed in, or no key decrypts its session.
    """
    vault = Vault(settings.required("secret_keys"))
    if account.session is None:
        raise RequestRefusedError(
            f"account {account.name} isn't signed in: {advise_sign_in(account.name, account.site)}"
        )
    if not vault.can_open(account.session):
        raise RequestRefusedError(SESSION_UNREADABLE)
    timeout = settings.browser_timeout
    with BrowserPool(chromium=settings.chromium, headless=settings.headless, timeout=timeout) as pool:
        yield pool.page_for(account.id, vault.open(account.session).get_secret_value())
