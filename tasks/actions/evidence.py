"""Save screenshots of the pages on which actions end."""

from pathlib import Path

from db.store.actions.claims import Claim
from tasks.services import Services
from worker import clock, logs
from worker.browser.site import Site
from worker.errors import RapportError
from worker.files import make_private, make_private_folder
from worker.rules.screenshot_names import screenshot_name

log = logs.get_logger(__name__)


def take_screenshot(services: Services, claim: Claim, site: Site, *, masked: bool) -> str | None:
    """Save a screenshot of the page of an action, as `save_picture` does."""
    name = screenshot_name(claim.account_id, claim.profile_url or claim.occasion, claim.kind, claim.attempt)
    return save_picture(services, site, name, masked=masked)


def take_stop_screenshot(services: Services, claim: Claim) -> str | None:
    """Save a masked screenshot of the page that stops an account, if its site can be opened."""
    try:
        site = services.site_for(claim)
    except RapportError:  # not signed in, say: there is no page
        return None
    return take_screenshot(services, claim, site, masked=True)


def save_picture(services: Services, site: Site, name: str, *, masked: bool) -> str | None:
    """Save a screenshot of the page under this file name; return its path, or None if none could be taken."""
    day: Path = services.settings.evidence_dir / clock.now().date().isoformat()
    path = day / name
    try:
        make_private_folder(day)
        site.screenshot(path, masked=masked)
        if path.exists():  # a site without pages writes no file
            make_private(path)
    except (RapportError, OSError) as error:
        log.warning("no_screenshot", text=str(error))
        return None
    return str(path)
