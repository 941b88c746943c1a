"""Keep pictures of the pages that actions end on."""

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
    """Save a picture of the page; return its path, or None where the browser gives none."""
    day: Path = services.settings.evidence_dir / clock.now().date().isoformat()
    path = day / screenshot_name(
        claim.account_id, claim.profile_url or claim.occasion, claim.kind, claim.attempt
    )
    try:
        make_private_folder(day)
        site.screenshot(path, masked=masked)
        if path.exists():  # the site without pages takes none
            make_private(path)
    except (RapportError, OSError) as error:
        log.warning("no_screenshot", text=str(error))
        return None
    return str(path)
