"""What every way to sign in shares: the account's site, the proof in a fresh window, and what is kept."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from playwright.sync_api import Page

from api_stub.checks.words import describe_expiry
from api_stub.cli.context import require_account
from api_stub.cli.formatting import print_text
from api_stub.stack.interrupts import Interrupts
from db.engine import Database
from db.store.people import accounts
from db.store.people.accounts import AccountRecord
from worker import clock
from worker.browser.adapters import Adapter, load_adapter
from worker.browser.kept_session import prove_session
from worker.browser.person_sign_in import wait_for_person
from worker.browser.pool import BrowserPool
from worker.errors import Reason, RequestRefusedError
from worker.rules.model import AccountStatus
from worker.rules.sites.registry import SITES
from worker.secrets import Vault
from worker.settings import Settings
from worker.sign_in.storage_state import find_expiry, keep_own, own_hosts

WINDOW = 0
"""The context of a sign-in in the browser pool, which is this command's own."""


@dataclass(frozen=True, slots=True)
class SignInTarget:
    """An account whose session a command gets, and the adapter of its site."""

    account: AccountRecord
    adapter: type[Adapter]
    settings: Settings
    vault: Vault

    @property
    def is_own(self) -> Callable[[str], bool]:
        """Whether a host belongs to the site."""
        return own_hosts(self.account.site, self.adapter.sign_in_address(self.settings))

    def is_signed_in(self, page: Page) -> bool:
        """Return whether the site opens in this page. It goes to the site's feed."""
        return self.adapter.open(self.settings, lambda: page).signed_in()

    def read_kept_state(self) -> str | None:
        """Return the session of an account that its site stopped, so that the person can answer the site.

        None otherwise: a new sign-in replaces a session that has expired or soon will.
        """
        account = self.account
        is_stopped = (
            account.status is AccountStatus.STOPPED and account.stop_reason is not Reason.NOT_SIGNED_IN
        )
        if not is_stopped or account.session is None or not self.vault.can_open(account.session):
            return None
        return self.vault.open(account.session).get_secret_value()

    def wait(
        self, pool: BrowserPool, interrupts: Interrupts, attend: Callable[[Page], None] = lambda _page: None
    ) -> None:
        """Wait until a person has signed in, as `wait_for_person` does. Raises KeyboardInterrupt, too."""

        def attend_or_end(page: Page) -> None:
            if interrupts.is_pending:
                raise KeyboardInterrupt
            attend(page)

        wait_for_person(
            pool,
            WINDOW,
            address=self.adapter.sign_in_address(self.settings),
            state=self.read_kept_state(),
            looks_signed_in=self.adapter.looks_signed_in,
            attend=attend_or_end,
        )

    def prove(self, pool: BrowserPool) -> str:
        """Return the site's own part of the window's state, proven in a fresh one; see `prove_session`."""
        return prove_session(pool, WINDOW, self.is_signed_in, lambda state: keep_own(state, self.is_own))

    def keep(self, database: Database, state: str) -> None:
        """Encrypt and store a proven storage state, and say so.

        Raises RequestRefusedError if the account was removed meanwhile.
        """
        expires_at = find_expiry(state, SITES[self.account.site].session_cookie)
        with database.transaction() as session:
            account = require_account(session, self.account.name)
            accounts.save_session(session, account.id, self.vault.seal(state), expires_at=expires_at)
            stored = accounts.get_account(session, account.id)
        name, expiry = self.account.name, describe_expiry(stored, clock.now()).removeprefix(", ")
        print_text(f"account {name} is signed in{expiry and f'; the session {expiry}'}")
        print_text(f"`rapport why {name}` says what comes next")


@contextmanager
def defer_interrupts() -> Iterator[Interrupts]:
    """Raise Ctrl-C and termination signals at the end of the block: inside Playwright they could be lost."""
    interrupts = Interrupts()
    interrupts.install()
    try:
        with interrupts.deferred():
            yield interrupts
    finally:
        interrupts.restore()


def find_target(account: AccountRecord, settings: Settings, vault: Vault) -> SignInTarget:
    """Return the target of a sign-in. Raises RequestRefusedError if its site has no sign-in."""
    if SITES[account.site].session_cookie is None:
        raise RequestRefusedError(f"account {account.name} is on {account.site}, where nobody signs in")
    return SignInTarget(account, load_adapter(account.site), settings, vault)
