"""Adapters are found by the name that the registry of sites has for them."""

from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page

from worker.browser.adapters import Adapter, load_adapter
from worker.browser.ledger import LedgerSite
from worker.browser.linkedin.adapter import LinkedInSite
from worker.browser.sandbox.adapter import SandboxSite
from worker.errors import ConfigurationError
from worker.rules.sites.registry import SITES
from worker.settings import Settings

ADAPTERS: dict[str, type[Adapter]] = {
    "sandbox": SandboxSite,
    "linkedin": LinkedInSite,
    "ledger": LedgerSite,
}
"""Their shape is for mypy to check."""


def no_page() -> Page:
    raise AssertionError("a site without pages opened one")


@pytest.mark.parametrize("site", SITES)
def test_the_registry_names_the_class_of_each_adapter(site: str) -> None:
    assert load_adapter(site) is ADAPTERS[site]


def test_an_unknown_site_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="no adapter for the site 'elsewhere'"):
        load_adapter("elsewhere")


def test_an_adapter_names_the_setting_that_it_lacks(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="RAPPORT_LEDGER_DIR is not set"):
        load_adapter("ledger").open(Settings(ledger_dir=None), no_page)
    assert load_adapter("ledger").open(Settings(ledger_dir=tmp_path), no_page).signed_in()


def test_an_adapter_with_pages_opens_the_accounts_own(monkeypatch: pytest.MonkeyPatch) -> None:
    page = _Page()
    with pytest.raises(ConfigurationError, match="RAPPORT_SANDBOX_URL is not set"):
        load_adapter("sandbox").open(Settings(sandbox_url=None), lambda: page)  # type: ignore[arg-type,return-value]
    settings = Settings(sandbox_url="http://127.0.0.1:9", browser_timeout=timedelta(seconds=3))
    load_adapter("sandbox").open(settings, lambda: page)  # type: ignore[arg-type,return-value]
    assert page.timeouts == [3000, 3000]


class _Page:
    """Only what an adapter asks of a page when it is made."""

    def __init__(self) -> None:
        self.timeouts: list[float] = []

    def set_default_timeout(self, milliseconds: float) -> None:
        self.timeouts.append(milliseconds)

    set_default_navigation_timeout = set_default_timeout
