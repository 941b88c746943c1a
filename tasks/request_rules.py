"""What holds for every campaign request: when two ask for the same."""

import hashlib
import json

from tasks.contract import REQUEST_FIELDS, CampaignOptions


def fingerprint(options: CampaignOptions) -> str:
    """Return a hash of the kind and its options, the same for equal options, however they were written.

    Options at their defaults are left out, so that a new option of a later version changes no hash.
    """
    given = options.model_dump(exclude=REQUEST_FIELDS, exclude_defaults=True)
    plain = json.dumps([options.kind, given], default=sorted, sort_keys=True)  # sets have no order
    return hashlib.sha256(plain.encode()).hexdigest()
