"""Wire the concrete parts together. Each is made at first use, after the fork.

Playwright is imported only where there is a browser: it is a quarter of a worker's imports.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Final

from db.engine import Database
from db.store.actions.claims import Claim
from db.store.backups.fingerprints import record_key
from db.store.people.accounts import AccountRecord
from tasks.quota import Quota
from worker import clock, metrics
from worker.browser.adapters import load_adapter
from worker.browser.site import Site
from worker.browser.traced_verbs import trace_verbs
from worker.errors import NeverError, RapportError, Reason, StopAccountError, TryAgainError
from worker.quota import redis_quota
from worker.quota.redis_quota import RedisQuota
from worker.secrets import SESSION_UNREADABLE, Vault
from worker.settings import Settings, get_settings
from worker.tracing import spans

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from worker.browser.pool import BrowserPool
    from worker.browser.traces.recorder import Recording


_OUTCOMES: Final = {TryAgainError: "try_again", StopAccountError: "stop_account", NeverError: "never"}


class Services:
    """The services that tasks use, one of each per process."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.worker_name = f"{os.uname().nodename}:{os.getpid()}"
        self._is_recording = False

    @cached_property
    def database(self) -> Database:
        """Postgres."""
        url = self.settings.required("database_url").get_secret_value()
        return Database(url, application_name=f"rapport {self.worker_name}")

    @cached_property
    def quota(self) -> Quota:
        """The quota. A reservation lasts as long as an action may."""
        script = RedisQuota(redis_quota.connect(self.settings.redis))
        return Quota(self.database, script, lease=self.settings.action_time_limit)

    @cached_property
    def vault(self) -> Vault:
        """Encryption at rest. Records which key encrypts, for whoever restores a backup."""
        vault = Vault(self.settings.required("secret_keys"))
        with self.database.transaction() as session:
            record_key(session, vault.variable, vault.fingerprints[0])
        return vault

    @cached_property
    def browser_pool(self) -> "BrowserPool":
        """This process's one Chromium."""
        from tasks.mark_counts import learn_order  # noqa: PLC0415 -- see above
        from worker.browser.pool import BrowserPool  # noqa: PLC0415 -- see above

        learn_order(self.database)
        return BrowserPool(
            chromium=self.settings.chromium,
            headless=self.settings.headless,
            timeout=self.settings.browser_timeout,
        )

    def can_open_session(self, session: bytes | None) -> bool:
        """Return whether the keys decrypt the account's session; True without one."""
        return session is None or self.vault.can_open(session)

    def site_for(self, claim: Claim) -> Site:
        """Return the site of the claim's account; raises as `open_site`."""
        return self.open_site(name=claim.site, account_id=claim.account_id, session=claim.session)

    def site_of(self, account: AccountRecord) -> Site:
        """Return the account's site; raises as `open_site`."""
        return self.open_site(name=account.site, account_id=account.id, session=account.session)

    def open_site(self, *, name: str, account_id: int, session: bytes | None) -> Site:
        """Return the account's view of its site, in the account's own browser context.

        Raises StopAccountError before the first sign-in, TryAgainError if no key decrypts the session,
        and ConfigurationError for a site without an adapter, or if a setting that the site needs is unset.
        """

        def open_page() -> "Page":
            if session is None:
                raise StopAccountError(Reason.NOT_SIGNED_IN, "this account isn't signed in yet")
            if not self.can_open_session(session):
                raise TryAgainError(Reason.NOT_SIGNED_IN, SESSION_UNREADABLE)
            page = self.browser_pool.page_for(account_id, self.vault.open(session).get_secret_value())
            if self._is_recording:
                self.browser_pool.record(account_id)
            return page

        site = load_adapter(name).open(self.settings, open_page)
        return trace_verbs(site, name) if spans.is_on() else site

    @contextmanager
    def record_pages(self) -> Iterator[None]:
        """Record the pages that the block opens; what is not saved by its end is discarded."""
        self._is_recording = self.settings.browser_traces
        try:
            yield
        finally:
            self._is_recording = False
            if "browser_pool" in vars(self):
                self.browser_pool.discard_recording()

    def save_recording(self) -> "Recording | None":
        """Return what `record_pages` has recorded, not masked; None if no page was opened."""
        return self.browser_pool.save_recording() if "browser_pool" in vars(self) else None

    @contextmanager
    def time_request(self, site: str, verb: str) -> Iterator[None]:
        """Measure how long the block takes, as one operation of `verb` on the site."""
        began, outcome = clock.monotonic_seconds(), "error"
        try:
            yield
            outcome = "ok"
        except RapportError as error:
            outcome = next((name for kind, name in _OUTCOMES.items() if isinstance(error, kind)), "error")
            raise
        finally:
            metrics.SITE_VERB_SECONDS.labels(site, verb, outcome).observe(clock.monotonic_seconds() - began)

    def close(self) -> None:
        """Close what was opened: the browser first, because it would leave processes behind."""
        opened = vars(self)
        if "browser_pool" in opened:
            self.browser_pool.close()
        if "database" in opened:
            self.database.close()


_services: list[Services] = []


def get_services() -> Services:
    """Return this process's services."""
    if not _services:
        _services.append(Services(get_settings()))
    return _services[0]


def save_mark_looks() -> None:
    """Save what matched on the pages of this process's browser, between two tasks."""
    for services in _services:
        if "browser_pool" in vars(services):
            from tasks.mark_counts import save_looks  # noqa: PLC0415 -- see above

            save_looks(services.database)


def close_worn_browser() -> None:
    """Close this process's browser if it is worn, between two tasks."""
    for services in _services:
        if "browser_pool" in vars(services):
            services.browser_pool.close_if_worn()


def close_services() -> None:
    """Close this process's services, if it made any."""
    while _services:
        _services.pop().close()
