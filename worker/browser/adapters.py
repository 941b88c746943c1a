"""Choose the adapter of a site. The registry of sites (worker/rules/sites/registry.py) names its class."""

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Protocol

from worker.browser.site import Site
from worker.errors import ConfigurationError
from worker.rules.sites.registry import SITES
from worker.settings import Settings

if TYPE_CHECKING:  # a control worker has no browser
    from playwright.sync_api import Page

    from worker.browser.site_check import Checker


class Adapter(Protocol):
    """The class of a site's adapter."""

    @classmethod
    def open(cls, settings: Settings, open_page: Callable[[], "Page"]) -> Site:
        """Return the account's view of the site.

        `open_page` returns the page of the account's browser context; an adapter without pages doesn't call
        it. Raises ConfigurationError if a setting that the site needs is unset.
        """

    @classmethod
    def sign_in_address(cls, settings: Settings) -> str:
        """Return the address at which a person who isn't signed in gets the sign-in page, others the site.

        Raises ConfigurationError if a setting that the site needs is unset.
        """

    @classmethod
    def looks_signed_in(cls, page: "Page") -> bool:
        """Return whether the page shows what only a signed-in person sees, and no wall.

        Only looks, because a person may be typing there. Raises Playwright's errors.
        """


def load_adapter(site: str) -> type[Adapter]:
    """Return the adapter class of `site`. Raises ConfigurationError for an unknown site."""
    if site not in SITES:
        raise ConfigurationError(f"there is no adapter for the site {site!r}")
    module, _, name = SITES[site].adapter.partition(":")
    adapter: type[Adapter] = getattr(import_module(module), name)
    return adapter


def load_checker(site: str) -> type["Checker"]:
    """Return the class that checks the pages of `site`. Raises ConfigurationError if the site has none."""
    if site not in SITES or SITES[site].checker is None:
        raise ConfigurationError(f"there is no check of the pages of {site!r}")
    module, _, name = str(SITES[site].checker).partition(":")
    checker: type[Checker] = getattr(import_module(module), name)
    return checker
