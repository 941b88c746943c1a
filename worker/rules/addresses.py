"""Profile addresses: convert every form that files and pages have to the canonical one."""

import re
from urllib.parse import quote, unquote, urlsplit

from worker.rules.sites import SITES

PROFILE_ORIGINS = {site.name: site.origin for site in SITES.values() if site.has_profile_addresses}
"""Scheme and host of the profile addresses of each site that has them."""

_PATH = re.compile(r"^/in/([^/]+)(?:/[a-z]{2}(?:-[a-z]{2})?)?/?$", re.IGNORECASE)
_LONGEST_SLUG = 200


def normalise_profile_url(given: str, site: str) -> str | None:
    """Return the canonical form of a profile address of `site`, or None if it is not one.

    Scheme, country host, query, fragment, a trailing language, capitals and percent-encoding don't matter.
    `given` may lack the scheme. On a site without profile addresses it is only stripped of white space.
    """
    if site not in PROFILE_ORIGINS:
        return given.strip() or None
    try:
        parts = urlsplit(given.strip() if "//" in given else f"https://{given.strip()}")
        host = parts.hostname or ""
    except ValueError:
        return None
    match = _PATH.match(parts.path)
    on_site = (
        parts.scheme in {"http", "https"}
        and "@" not in parts.netloc
        and SITES[site].hosts.fullmatch(host) is not None
    )
    if not on_site or match is None:
        return None
    slug = unquote(match[1]).strip().lower()
    if slug in {"", ".", ".."} or len(slug) > _LONGEST_SLUG or "/" in slug or not slug.isprintable():
        return None
    return f"{PROFILE_ORIGINS[site]}/in/{quote(slug, safe='-_.~')}/"
