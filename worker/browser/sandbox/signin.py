"""Sign in to the practice network, the only site for which Rapport types a password."""

from playwright.sync_api import Page

from worker.browser.errors import translate_errors
from worker.browser.sandbox import pages
from worker.errors import Reason


def sign_in(page: Page, base_url: str, name: str, password: str) -> None:
    """Sign in the context of this page. Raises StopAccountError(NOT_SIGNED_IN) if the site refuses."""
    with translate_errors("sign in", slow=Reason.SITE_UNREACHABLE):
        pages.sign_in(page, base_url.rstrip("/"), name, password)
