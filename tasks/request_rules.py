"""What holds for every campaign request: when two ask for the same, and which sites allow it."""

import hashlib
import json

from tasks.contract import REQUEST_FIELDS, CampaignOptions
from worker.errors import RequestRefusedError
from worker.rules.sites import has_adapter


def fingerprint(options: CampaignOptions) -> str:
    """Return a hash of the kind and its options, the same for equal options, however they were written.

    Options at their defaults are left out, so that a new option of a later version changes no hash.
    """
    given = options.model_dump(exclude=REQUEST_FIELDS, exclude_defaults=True)
    plain = json.dumps([options.kind, given], default=sorted, sort_keys=True)  # sets have no order
    return hashlib.sha256(plain.encode()).hexdigest()


def require_adapter(site: str, options: CampaignOptions) -> None:
    """Raise RequestRefusedError for a campaign that opens pages of a site without an adapter."""
    if options.opens_site and not has_adapter(site):
        raise RequestRefusedError(
            f"account: Rapport has no adapter for {site} yet, so nothing can be done there; only a dry "
            "run that doesn't read the site is possible (for birthdays: --dry-run --no-read-site)"
        )
