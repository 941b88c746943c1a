"""What is searched for, in the terms of a site's own search address."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, parse_qsl, quote_plus, urlencode, urlsplit

from worker.rules.addresses import HOSTS, PROFILE_ORIGINS
from worker.rules.sourcing.criteria import Criteria

MAX_URL_CHARACTERS: Final = 2000
"""Characters of an address. Longer ones are cut by some browsers and refused by many servers."""

_LOOPBACK: Final = {"127.0.0.1", "localhost"}

_PASSED_OVER: Final = frozenset(
    {
        "page", "origin", "sid", "searchid", "trk", "trkinfo", "trackingid", "refid", "lipi", "licu", "lici",
        "spellcorrectionenabled", "prioritizemessage",
    }
)  # fmt: skip
"""Where somebody came from and which page they were on, in small letters: not what they search for."""


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """A people search: the names and values of its address, without the page and without any host.

    The adapter puts them into an address of its own site, so no search leads anywhere else.
    """

    terms: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class _PeopleSearch:
    """A site's search: its address, and the names that it knows, in the order in which they are kept."""

    address: str
    names: tuple[str, ...]


_SEARCHES: Final[Mapping[str, _PeopleSearch]] = {
    "sandbox": _PeopleSearch(
        f"{PROFILE_ORIGINS['sandbox']}/search/people/", ("keywords", "title", "location", "company")
    ),
    "linkedin": _PeopleSearch(
        f"{PROFILE_ORIGINS['linkedin']}/search/results/people/",
        (
            "keywords", "title", "company", "geoUrn", "network", "currentCompany", "pastCompany", "industry",
            "profileLanguage", "schoolFilter", "firstName", "lastName", "school",
        ),
    ),
}  # fmt: skip

_LEDGER: Final = _PeopleSearch("https://ledger.test/", ())
"""The site without pages takes any terms, as they are."""


def parse_search(url: str, site: str) -> SearchQuery:
    """Return what the address of a people search on `site` looks for.

    Only the site's own search page and only names that it is known to have; where one came from and the
    page are left out. The same search gives the same terms in the same order. Raises ValueError with what
    is wrong and what is allowed.
    """
    search = _search_of(site)
    given = url.strip()
    if len(given) > MAX_URL_CHARACTERS:
        raise ValueError(
            f"a search address has {MAX_URL_CHARACTERS} characters at most; this one has {len(given)}"
        )
    if any(not character.isprintable() or character in " \\" for character in given):
        raise ValueError("a search address has no blanks, backslashes or control characters in it")
    parts = _parts_on(site, given)
    if parts is None:
        raise ValueError(f"this is no address on {site}: it begins with {_beginnings(site)}")
    if search is _LEDGER:
        return SearchQuery(tuple(parse_qsl(parts.query, keep_blank_values=True)))
    path = urlsplit(search.address).path
    if parts.path not in {path, path.removesuffix("/")}:
        raise ValueError(f"this is no people search of {site}: its path is {path}")
    return _kept(_values(parts.query, search), search)


def build_query(criteria: Criteria, site: str) -> SearchQuery:
    """Return the search that finds people for `criteria`, as far as `site` can be asked for them.

    A site wants every word that it is given, so skills are only searched for where neither keywords nor a
    title nor a company is given; a place goes with the keywords on a site that knows places by number.
    Raises ValueError where nothing is left to search for.
    """
    search = _search_of(site)
    words = list(criteria.keywords)
    if not (words or criteria.title or criteria.company):
        words += criteria.skills
    named = {"title": criteria.title, "company": criteria.company}
    if "location" in search.names or search is _LEDGER:
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
    return _kept(values, search)


def build_search_url(query: SearchQuery, site: str) -> str:
    """Return the address of the first page of a search, on the site's own host."""
    return f"{_search_of(site).address}?{urlencode(query.terms, quote_via=quote_plus)}"


def _search_of(site: str) -> _PeopleSearch:
    if site == "ledger":
        return _LEDGER
    if site not in _SEARCHES:
        raise ValueError(f"{site} has no people search: the sites with one are {' and '.join(_SEARCHES)}")
    return _SEARCHES[site]


def _parts_on(site: str, address: str) -> SplitResult | None:
    """Take apart what leads to the site, and to nothing else, whoever reads it."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    port_allowed = site == "sandbox" and host in _LOOPBACK and port != 0
    is_on = (
        parts.scheme in {"http", "https"}
        and parts.netloc.isascii()  # str.lower() makes an ASCII k of the Kelvin sign
        and "@" not in parts.netloc
        and (":" not in parts.netloc or port_allowed)
        and HOSTS[site].fullmatch(host) is not None
    )
    return parts if is_on else None


def _beginnings(site: str) -> str:
    local = " or http://127.0.0.1:PORT/" if site == "sandbox" else ""
    return f"{'/'.join(_search_of(site).address.split('/')[:3])}/{local}"


def _values(query: str, search: _PeopleSearch) -> Mapping[str, str]:
    """Return the values by name; refuse what the site's search is not known to have, by name."""
    try:
        pairs = parse_qsl(query, keep_blank_values=True, errors="strict")
    except UnicodeDecodeError:
        raise ValueError("a value in this search address is no UTF-8") from None
    values: dict[str, str] = {}
    for name, value in pairs:
        if name.lower() in _PASSED_OVER or name.lower().startswith("utm_"):
            continue
        if name not in search.names:
            raise ValueError(f"{name!r} is not known in a search: {', '.join(search.names)} are")
        if name in values:
            raise ValueError(f"{name!r} is there twice: a search has it once")
        if any(unicodedata.category(character) in {"Cc", "Zl", "Zp"} for character in value):
            raise ValueError(f"the value of {name!r} has control characters in it")
        values[name] = value
    return values


def _kept(values: Mapping[str, str], search: _PeopleSearch) -> SearchQuery:
    """Put the terms into their one order and form. Raises ValueError for none, or too many letters."""
    names = search.names or tuple(sorted(values))
    terms = tuple((name, told) for name in names if (told := " ".join(values.get(name, "").split())))
    if not terms:
        raise ValueError(f"this searches for nobody in particular: give one of {', '.join(names)}")
    if len(search.address) + 1 + len(urlencode(terms)) > MAX_URL_CHARACTERS:
        raise ValueError(
            f"this search is too long for an address of {MAX_URL_CHARACTERS} characters: use fewer words"
        )
    return SearchQuery(terms)
