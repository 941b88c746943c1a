"""People searches: convert search terms from and to the address of a site's search page."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, parse_qsl, quote_plus, urlencode, urlsplit

from worker.rules.sites.registry import SITES, SearchForm, SiteDescription
from worker.rules.sourcing.criteria import Criteria

MAX_URL_CHARACTERS: Final = 2000
"""Characters. Some browsers cut longer addresses, and many servers refuse them."""

_LOOPBACK: Final = {"127.0.0.1", "localhost"}

_IGNORED: Final = frozenset(
    {
        "page", "origin", "sid", "searchid", "trk", "trkinfo", "trackingid", "refid", "lipi", "licu", "lici",
        "spellcorrectionenabled", "prioritizemessage",
    }
)  # fmt: skip
"""Parameters, in lower case, that say where the visitor came from or which page they were on."""


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """A people search: the parameters of its address, without the page and the host.

    The adapter puts them into an address of its own site, so a search can't lead anywhere else.
    """

    terms: tuple[tuple[str, str], ...]


def parse_search(url: str, site: str) -> SearchQuery:
    """Parse the address of a people search on `site`.

    Only the site's own search page and its known parameters are accepted. Equal searches give equal terms in
    the same order. Raises ValueError with what is wrong and what is allowed.
    """
    description, form = _search_of(site)
    given = url.strip()
    if len(given) > MAX_URL_CHARACTERS:
        raise ValueError(
            f"a search address has {MAX_URL_CHARACTERS} characters at most; this one has {len(given)}"
        )
    if any(not character.isprintable() or character in " \\" for character in given):
        raise ValueError("a search address has no blanks, backslashes or control characters in it")
    parts = _parts_on(description, given)
    if parts is None:
        raise ValueError(f"this isn't an address on {site}: it begins with {_address_examples(description)}")
    if not form.parameters:
        return SearchQuery(tuple(parse_qsl(parts.query, keep_blank_values=True)))
    if parts.path not in {form.path, form.path.removesuffix("/")}:
        raise ValueError(f"this isn't a people search of {site}: its path is {form.path}")
    return _to_query(_values(parts.query, form), description, form)


def build_query(criteria: Criteria, site: str) -> SearchQuery:
    """Return the search for people who may meet `criteria`, as far as the site's parameters allow.

    A site requires every word of a search, so skills are only searched for without keywords, title and
    company. On a site that knows places by number, the location is one of the keywords. Raises ValueError
    where nothing is left to search for.
    """
    description, form = _search_of(site)
    words = list(criteria.keywords)
    if not (words or criteria.title or criteria.company):
        words += criteria.skills
    named = {"title": criteria.title, "company": criteria.company}
    if "location" in form.parameters or not form.parameters:
        named["location"] = criteria.location
    elif criteria.location:
        words.append(criteria.location)
    values = {name: value for name, value in named.items() if value}
    if words:
        values["keywords"] = " ".join(words)
    if not values:
        raise ValueError(
            "there is nothing to search for: give keywords, a title, a location, a company or skills, or the "
            "address of a search"
        )
    return _to_query(values, description, form)


def build_search_url(query: SearchQuery, site: str) -> str:
    """Return the address of the first page of a search, on the site's own host."""
    description, form = _search_of(site)
    return f"{description.origin}{form.path}?{urlencode(query.terms, quote_via=quote_plus)}"


def _search_of(site: str) -> tuple[SiteDescription, SearchForm]:
    description = SITES.get(site)
    if description is None or description.search is None:
        searchable = [each.name for each in SITES.values() if each.search and each.offered]
        raise ValueError(f"{site} has no people search: the sites with one are {' and '.join(searchable)}")
    return description, description.search


def _parts_on(site: SiteDescription, address: str) -> SplitResult | None:
    """Split an address that every parser reads as one on `site`; return None for any other."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    port_allowed = site.on_loopback and host in _LOOPBACK and port != 0
    is_on_site = (
        parts.scheme in {"http", "https"}
        and parts.netloc.isascii()  # str.lower() turns the Kelvin sign into an ASCII k
        and "@" not in parts.netloc
        and (":" not in parts.netloc or port_allowed)
        and site.hosts.fullmatch(host) is not None
    )
    return parts if is_on_site else None


def _address_examples(site: SiteDescription) -> str:
    return f"{site.origin}/{' or http://127.0.0.1:PORT/' if site.on_loopback else ''}"


def _values(query: str, form: SearchForm) -> Mapping[str, str]:
    """Return the values by parameter. Raises ValueError for a parameter that the form doesn't have."""
    try:
        pairs = parse_qsl(query, keep_blank_values=True, errors="strict")
    except UnicodeDecodeError:
        raise ValueError("a value in this search address isn't UTF-8") from None
    values: dict[str, str] = {}
    for name, value in pairs:
        if name.lower() in _IGNORED or name.lower().startswith("utm_"):
            continue
        if name not in form.parameters:
            raise ValueError(f"{name!r} is unknown in a search, which can have {', '.join(form.parameters)}")
        if name in values:
            raise ValueError(f"{name!r} occurs twice: a search can have it once")
        if any(unicodedata.category(character) in {"Cc", "Zl", "Zp"} for character in value):
            raise ValueError(f"the value of {name!r} has control characters in it")
        values[name] = value
    return values


def _to_query(values: Mapping[str, str], site: SiteDescription, form: SearchForm) -> SearchQuery:
    """Normalise the terms. Raises ValueError if there are none, or they are too long for an address."""
    names = form.parameters or tuple(sorted(values))
    terms = tuple((name, text) for name in names if (text := " ".join(values.get(name, "").split())))
    if not terms:
        raise ValueError(f"this search has no terms: give one of {', '.join(names)}")
    if len(f"{site.origin}{form.path}?{urlencode(terms)}") > MAX_URL_CHARACTERS:
        raise ValueError(
            f"this search is too long for an address of {MAX_URL_CHARACTERS} characters: use fewer words"
        )
    return SearchQuery(terms)
