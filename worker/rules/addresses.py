"""Profile addresses: the one form in which a person is known, whatever form a file or a page gives."""

import re
from urllib.parse import quote, unquote, urlsplit

PROFILE_ORIGINS = {"linkedin": "https://www.linkedin.com", "sandbox": "https://sandbox.test"}
"""Where each site's people live. The practice network's port changes from run to run, so it has a name."""

HOSTS = {
    "linkedin": re.compile(r"^(?:[a-z]{2,3}\.)?linkedin\.com$"),
    "sandbox": re.compile(r"^(?:sandbox\.test|127\.0\.0\.1|localhost)$"),
    "ledger": re.compile(r"^ledger\.test$"),
}
"""The hosts under which each site is known; a browser goes to none of them by this list."""

_PATH = re.compile(r"^/in/([^/]+)(?:/[a-z]{2}(?:-[a-z]{2})?)?/?$", re.IGNORECASE)
_LONGEST_SLUG = 200

_WITH_ADAPTER = frozenset({"sandbox", "ledger"})


def has_adapter(site: str) -> bool:
    """Whether pages of `site` can be opened. For a real site no adapter ships."""
    return site in _WITH_ADAPTER


def normalise_profile_url(given: str, site: str) -> str | None:
    """Return the normalised profile address of `site` that `given` means, or None if it means none.

    Scheme, country host, query, fragment, a language at the end, capitals and percent-encoding don't make
    two people of one. `given` may lack the scheme.
    """
    if site not in PROFILE_ORIGINS:
        return given.strip() or None
    try:
        parts = urlsplit(given.strip() if "//" in given else f"https://{given.strip()}")
        host = parts.hostname or ""
    except ValueError:
        return None
    match = _PATH.match(parts.path)
    stranger = parts.scheme not in {"http", "https"} or "@" in parts.netloc or not HOSTS[site].match(host)
    if stranger or match is None:
        return None
    slug = unquote(match[1]).strip().lower()
    if slug in {"", ".", ".."} or len(slug) > _LONGEST_SLUG or "/" in slug or not slug.isprintable():
        return None
    return f"{PROFILE_ORIGINS[site]}/in/{quote(slug, safe='-_.~')}/"
