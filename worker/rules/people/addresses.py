"""Profile addresses: convert every form that files and pages have to the canonical one."""

import re
import unicodedata
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlsplit

from worker.rules.sites.registry import SITES, SiteDescription

PROFILE_ORIGINS = {site.name: site.origin for site in SITES.values() if site.has_profile_addresses}
"""Scheme and host of the profile addresses of each site that has them."""

_USUAL = {
    name: re.compile(rf"{re.escape(origin)}/in/([a-z0-9-]{{1,200}})/?")
    for name, origin in PROFILE_ORIGINS.items()
}
"""The form that most addresses in files have, which needs no parsing: a file may have a million."""
_PATH = re.compile(
    r"/(?:comm/|mwlite/(?:profile/)?)?in/(?P<slug>[^/]+)(?:/[a-z]{2}(?:[-_][a-z]{2,4})?)?"
    r"(?:/(?:details?|overlay|recent-activity|edit|opportunities|opportunity|featured|posts)(?:/.*)?)?/?",
    re.IGNORECASE,
)
_OLD_PATH = re.compile(r"/pub/(?!dir/)([^/]+)/(\w{1,3})/(\w{1,3})/(\w{1,3})/?", re.IGNORECASE | re.ASCII)
"""The public form until 2015. LinkedIn redirects /pub/ann/1/2b/3c to /in/ann-03c02b1."""
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:|//", re.IGNORECASE)
_URN = re.compile(
    r"urn:li:(?:fsd_profile|fs_profile|fs_miniProfile|fs_normalized_profile):(?P<id>[\w-]+)", re.ASCII
)
"""A member id as pages and exports of other programs name it. A number (`urn:li:member:1`) is no address."""
_ID_PARAMETERS = frozenset({"miniProfileUrn", "profileUrn", "recipient"})
"""Parameters of links to a profile and to a conversation that hold the member id of their person."""
_JOINERS = frozenset("\u200c\u200d")
"""Format characters that are part of emoji and of words in Persian and Indic scripts."""
_LONGEST_SLUG = 200
_MAX_ENCODINGS = 4


def normalise_profile_url(given: str, site: str) -> str | None:
    """Return the canonical form of a profile address of `site`, or None if it is not one.

    Scheme, country and mobile hosts, query, fragment, a trailing language or sub-page, doubled slashes,
    capitals, the Unicode normal form and percent-encoding, also repeated, don't matter. A member id, which is
    case-sensitive, is kept as written, also that of a URN. `given` may lack the scheme. On a site without
    profile addresses it is only stripped of white space.
    """
    if site not in PROFILE_ORIGINS:
        return given.strip() or None
    if usual := _USUAL[site].fullmatch(given):
        return f"{PROFILE_ORIGINS[site]}/in/{usual[1]}/"
    parts = _split_url(given.strip())
    if parts is None or not _is_on_site(parts, SITES[site]):
        return find_member_url(given, site) if _URN.fullmatch(given.strip()) else None
    slug = _find_slug(re.sub("/{2,}", "/", parts.path), SITES[site])
    return f"{PROFILE_ORIGINS[site]}/in/{quote(slug, safe='-_.~')}/" if slug else None


def find_profile_site(given: str) -> tuple[str, str] | None:
    """Return the site of a profile address and its canonical form, or None if it is one of no site."""
    found = ((site, normalise_profile_url(given, site)) for site in PROFILE_ORIGINS)
    return next(((site, address) for site, address in found if address is not None), None)


def is_member_url(address: str, site: str) -> bool:
    """Return whether a normalised address names the person by member id, not by a slug."""
    form = SITES[site].member_id if site in SITES else None
    return form is not None and form.fullmatch(address.rstrip("/").rpartition("/")[2]) is not None


def find_member_url(given: str, site: str) -> str | None:
    """Return the address by member id of the person whom an address or a URN names, or None.

    The id stands in the path, in a URN, or in a parameter of a link (`miniProfileUrn`, `recipient`).
    """
    form = SITES[site].member_id if site in PROFILE_ORIGINS else None
    if form is None:
        return None
    text = given.strip()
    parts = _split_url(text)
    named = [match["id"] for match in [_URN.fullmatch(text)] if match]
    if parts is not None and _is_on_site(parts, SITES[site]):
        path = _PATH.fullmatch(re.sub("/{2,}", "/", parts.path))
        named += [_decode(path["slug"]) or ""] if path else []
        for name, value in parse_qsl(parts.query):
            if name in _ID_PARAMETERS:
                urn = _URN.fullmatch(value)
                named.append(urn["id"] if urn else value)
    found = {f"{PROFILE_ORIGINS[site]}/in/{each}/" for each in named if form.fullmatch(each)}
    return found.pop() if len(found) == 1 else None


def _split_url(given: str) -> SplitResult | None:
    try:
        parts = urlsplit(given if _SCHEME.match(given) else f"https://{given}", scheme="https")
        _ = parts.hostname, parts.port
    except ValueError:
        return None
    return parts


def _is_on_site(parts: SplitResult, site: SiteDescription) -> bool:
    return (
        parts.scheme in {"http", "https"}
        and "@" not in parts.netloc
        and site.hosts.fullmatch((parts.hostname or "").removesuffix(".")) is not None
    )


def _find_slug(path: str, site: SiteDescription) -> str | None:
    """Return the part of a path that names the person, decoded, or None."""
    if old := _OLD_PATH.fullmatch(path):
        name, first, second, third = old.groups()
        return _clean_slug(f"{name}-{third:0>3}{second:0>3}{first}", site)
    match = _PATH.fullmatch(path)
    return _clean_slug(match["slug"], site) if match else None


def _clean_slug(encoded: str, site: SiteDescription) -> str | None:
    slug = _decode(encoded)
    if slug is None:
        return None
    if site.member_id is None or not site.member_id.fullmatch(slug):
        slug = unicodedata.normalize("NFC", slug.lower())
    if slug in {"", ".", ".."} or len(slug) > _LONGEST_SLUG or "/" in slug or not _is_printable(slug):
        return None
    return slug


def _decode(encoded: str) -> str | None:
    """Remove percent-encoding, also repeated; return None for anything but UTF-8, or too many layers."""
    text = encoded
    for _ in range(_MAX_ENCODINGS):
        try:
            decoded = unquote(text, errors="strict")
        except UnicodeDecodeError:
            return None
        if decoded == text:
            return text.strip()
        text = decoded
    return None


def _is_printable(slug: str) -> bool:
    """Return whether all characters are visible. A joiner counts as visible behind a non-ASCII one."""
    return all(
        sign.isprintable() or (sign in _JOINERS and not before.isascii())
        for before, sign in zip("a" + slug, slug, strict=False)
    )
