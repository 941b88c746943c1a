"""An address becomes terms of the site's own search, without the host that it points to."""

from contextlib import suppress
from urllib.parse import quote, urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.rules.sourcing.criteria import Criteria
from worker.rules.sourcing.search import (
    MAX_URL_CHARACTERS,
    SearchQuery,
    build_query,
    build_search_url,
    parse_search,
)

LINKEDIN = "https://www.linkedin.com/search/results/people/"
SANDBOX = "http://127.0.0.1:8765/search/people/"


@pytest.mark.parametrize(
    ("url", "site"),
    [
        (f"{LINKEDIN}?keywords=data%20engineer&title=lead", "linkedin"),
        (f"{LINKEDIN}?title=lead&page=7&keywords=data+engineer&origin=FACETED&sid=*x&searchId=1", "linkedin"),
        (f"{LINKEDIN.removesuffix('/')}?keywords=++data++engineer+&title=lead&company=#top", "linkedin"),
        ("HTTP://FR.LinkedIn.com/search/results/people/?trk=a&lipi=b&utm_source=c&keywords=data engineer"
         .replace(" ", "%20") + "&title=lead", "linkedin"),
        (f"  {SANDBOX}?keywords=data+engineer&title=lead&page=2\n", "sandbox"),
        ("https://sandbox.test/search/people/?title=lead&keywords=data+engineer", "sandbox"),
        ("http://localhost/search/people?title=lead&keywords=data+engineer", "sandbox"),
    ],
)  # fmt: skip
def test_the_same_search_is_the_same_terms_in_the_same_order(url: str, site: str) -> None:
    assert parse_search(url, site) == SearchQuery((("keywords", "data engineer"), ("title", "lead")))


def test_filters_and_letters_of_any_script_stay() -> None:
    url = f'{LINKEDIN}?geoUrn=%5B"103644278"%5D&keywords=développeur%20李&network=%5B"F"%5D'
    assert parse_search(url, "linkedin").terms == (
        ("keywords", "développeur 李"), ("geoUrn", '["103644278"]'), ("network", '["F"]'),
    )  # fmt: skip


ELSEWHERE = [
    "https://www.linkedin.com@evil.example/search/results/people/?keywords=x",
    "https://evil.example/search/results/people/?keywords=x",
    "https://linkedin.com.evil.example/search/results/people/?keywords=x",
    "https://evil-linkedin.com/search/results/people/?keywords=x",
    "https://www.linkedin.com%2eevil.example/search/results/people/?keywords=x",
    "https://www.linkedin.com%2Fevil/search/results/people/?keywords=x",
    "https://evil.example#@www.linkedin.com/search/results/people/?keywords=x",
    "https://evil.example?www.linkedin.com/search/results/people/?keywords=x",
    "//www.linkedin.com/search/results/people/?keywords=x",
    "//evil.example/search/results/people/?keywords=x",
    "/search/results/people/?keywords=x",
    "www.linkedin.com/search/results/people/?keywords=x",
    "javascript://www.linkedin.com/search/results/people/?keywords=x",
    "file://www.linkedin.com/search/results/people/?keywords=x",
    "ftp://www.linkedin.com/search/results/people/?keywords=x",
    "https:///search/results/people/?keywords=x",
    "https://www.linkedin.com:443/search/results/people/?keywords=x",
    "https://www.linkedin.com:/search/results/people/?keywords=x",
    "https://www.linkedin.com:99999/search/results/people/?keywords=x",
    "https://www.linkedin.com./search/results/people/?keywords=x",
    "http://127.0.0.1:22/search/results/people/?keywords=x",
    "http://2130706433/search/results/people/?keywords=x",
    "http://[::1]/search/results/people/?keywords=x",
    "http://[::ffff:127.0.0.1]/search/results/people/?keywords=x",
    "http://[www.linkedin.com/search/results/people/?keywords=x",
    "http://sandbox.test/search/people/?keywords=x",
    # letters that look like Latin ones, or become Latin in lower case
    "https://www.lin\u212aedin.com/search/results/people/?keywords=x",
    "https://www.l\u0456nkedin.com/search/results/people/?keywords=x",
    "https://www.\uff4cinkedin.com/search/results/people/?keywords=x",
    "https://www.linkedin\u3002com/search/results/people/?keywords=x",
    "https://www.xn--lnkedin-e4a.com/search/results/people/?keywords=x",
    "https://user:pw@www.linkedin.com/search/results/people/?keywords=x",
    "",
]


@pytest.mark.parametrize("url", ELSEWHERE)
def test_what_leads_elsewhere_is_refused(url: str) -> None:
    with pytest.raises(
        ValueError, match=r"isn't an address on linkedin: it begins with https://www\.linkedin\.com/"
    ):
        parse_search(url, "linkedin")


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:0/search/people/?keywords=x",
        "http://127.0.0.1:70000/search/people/?keywords=x",
        "http://127.0.0.1:x/search/people/?keywords=x",
        "http://127.0.0.2:80/search/people/?keywords=x",
        "http://a@127.0.0.1:80/search/people/?keywords=x",
        "http://sandbox.test:80/search/people/?keywords=x",
        "http://169.254.169.254/search/people/?keywords=x",
        f"{LINKEDIN}?keywords=x",
    ],
)
def test_a_port_is_for_this_machine_s_own_practice_network_only(url: str) -> None:
    with pytest.raises(ValueError, match=r"begins with https://sandbox.test/ or http://127.0.0.1:PORT/"):
        parse_search(url, "sandbox")


@pytest.mark.parametrize(
    ("url", "says"),
    [
        (f"{LINKEDIN}?keywords=a\\b", "no blanks, backslashes or control characters"),
        (f"{LINKEDIN}?keywords=a b", "no blanks, backslashes or control characters"),
        (f"{LINKEDIN}?key\tword=a", "no blanks, backslashes or control characters"),
        (f"{LINKEDIN}?keywords=a\u202eb", "no blanks, backslashes or control characters"),
        (f"{LINKEDIN}?keywords=a%0d%0aHost:%20evil", "the value of 'keywords' has control characters"),
        (f"{LINKEDIN}?keywords=a%00", "the value of 'keywords' has control characters"),
        (f"{LINKEDIN}?keywords=%ff%fe", "isn't UTF-8"),
        (f"{LINKEDIN}?keywords={'x' * MAX_URL_CHARACTERS}", "2000 characters at most; this one has 20"),
        (f"{LINKEDIN}?keywords={'李' * 300}", "too long for an address"),
        (LINKEDIN, "has no terms: give one of keywords, title"),
        (f"{LINKEDIN}?keywords=&title=%20&page=3", "has no terms"),
        (f"{LINKEDIN}?keywords=a&keywords=b", "'keywords' occurs twice"),
        (f"{LINKEDIN}?keywords=a&redirect=https://evil.example", "'redirect' is unknown in a search, which"),
        (f"{LINKEDIN}?Keywords=a", "'Keywords' is unknown"),
        (LINKEDIN.replace("people", "companies") + "?keywords=a", "its path is /search/results/people/"),
        (f"{LINKEDIN}../../../in/ann/?keywords=a", "its path is"),
        (f"{LINKEDIN};x?keywords=a", "its path is"),
        (f"{LINKEDIN}/?keywords=a", "its path is"),
        ("https://www.linkedin.com/search%2Fresults/people/?keywords=a", "its path is"),
        ("https://www.linkedin.com//evil.example/search/results/people/?keywords=a", "its path is"),
        ("https://www.linkedin.com?keywords=a", "its path is"),
    ],
)
def test_what_is_no_search_of_people_is_refused_and_said(url: str, says: str) -> None:
    with pytest.raises(ValueError) as refused:
        parse_search(url, "linkedin")
    assert says in str(refused.value)


def test_the_practice_network_s_search_has_its_own_names() -> None:
    with pytest.raises(
        ValueError, match="'geoUrn' is unknown in a search, which can have keywords, title, loc"
    ):
        parse_search(f"{SANDBOX}?geoUrn=1", "sandbox")


def test_a_site_without_a_search_says_so() -> None:
    says = "xing has no people search: the sites with one are sandbox and linkedin"
    with pytest.raises(ValueError, match=says):
        parse_search(LINKEDIN, "xing")
    with pytest.raises(ValueError, match=says):
        build_query(Criteria(title="x"), "xing")


def test_the_site_without_pages_takes_its_terms_as_they_are() -> None:
    url = "https://ledger.test/whatever?people=40&name=ann&page=2&empty="
    assert parse_search(url, "ledger").terms == (
        ("people", "40"), ("name", "ann"), ("page", "2"), ("empty", ""),
    )  # fmt: skip
    with pytest.raises(ValueError, match=r"isn't an address on ledger: it begins with https://ledger.test/"):
        parse_search("https://ledger.test.evil.example/?people=40", "ledger")


def test_criteria_become_the_search_that_a_site_can_do() -> None:
    some = Criteria(
        keywords=("data", "R&D"), title="engineer", location="Paris", company="Acme", skills=("C#",),
        languages=("fr",), min_years=3, open_to_work=True,
    )  # fmt: skip
    assert build_query(some, "sandbox").terms == (
        ("keywords", "data R&D"), ("title", "engineer"), ("location", "Paris"), ("company", "Acme"),
    )  # fmt: skip
    assert build_query(some, "linkedin").terms == (
        ("keywords", "data R&D Paris"), ("title", "engineer"), ("company", "Acme"),
    )  # fmt: skip
    assert build_query(Criteria(skills=("C#", "SQL"), location="Paris"), "sandbox").terms == (
        ("keywords", "C# SQL"), ("location", "Paris"),
    )  # fmt: skip
    assert dict(build_query(some, "ledger").terms)["location"] == "Paris"


@pytest.mark.parametrize("given", [Criteria(), Criteria(min_years=3, languages=("fr",), open_to_work=True)])
def test_criteria_that_no_search_asks_for_are_refused(given: Criteria) -> None:
    with pytest.raises(ValueError, match="nothing to search for: give keywords, a title"):
        build_query(given, "sandbox")


def test_criteria_that_make_too_long_an_address_are_refused() -> None:
    given = Criteria(keywords=tuple(f"{chr(0x4E00 + n)}" * 100 for n in range(10)))
    with pytest.raises(ValueError, match="use fewer words"):
        build_query(given, "sandbox")


TEXTS = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=12)
VALUES = st.lists(TEXTS | st.just("evil.example"), min_size=1, max_size=3).map(" ".join)


@given(
    site=st.sampled_from(["sandbox", "linkedin"]),
    terms=st.dictionaries(st.sampled_from(["keywords", "title", "company"]), VALUES, min_size=1),
    noise=st.dictionaries(st.sampled_from(["page", "origin", "trk", "utm_x"]), VALUES),
)
def test_parsing_what_was_parsed_changes_nothing_and_stays_on_the_site(
    site: str, terms: dict[str, str], noise: dict[str, str]
) -> None:
    base = {"sandbox": SANDBOX, "linkedin": LINKEDIN}[site]
    query = parse_search(f"{base}?{urlencode(noise | terms)}", site)
    assert dict(query.terms) == terms
    address = build_search_url(query, site)
    assert parse_search(address, site) == query
    host = {"sandbox": "sandbox.test", "linkedin": "www.linkedin.com"}[site]
    assert (urlsplit(address).scheme, urlsplit(address).netloc) == ("https", host)


HOSTS = st.sampled_from(
    [
        "www.linkedin.com",
        "linkedin.com",
        "sandbox.test",
        "127.0.0.1",
        "localhost",
        "evil.example",
        "[::1]",
        "",
    ]
)
PIECES = st.sampled_from(["@", ":", ":80", "\\", "/", "//", "%2f", "%40", ".", "#", "?", "\t", "\u212a", "x"])


@given(
    scheme=st.sampled_from(["https://", "http://", "//", "https:", "", "javascript:"]),
    host=st.lists(HOSTS | PIECES, min_size=1, max_size=4).map("".join),
    path=st.sampled_from(["/search/people/", "/search/results/people/"]),
    value=st.text(max_size=20),
    site=st.sampled_from(["sandbox", "linkedin"]),
)
def test_whatever_is_let_in_is_on_the_site_and_keeps_no_host(
    scheme: str, host: str, path: str, value: str, site: str
) -> None:
    hosts = {
        "sandbox": {"sandbox.test", "127.0.0.1", "localhost"},
        "linkedin": {"www.linkedin.com", "linkedin.com"},
    }[site]
    url = f"{scheme}{host}{path}?keywords={quote(value, errors='replace')}"
    try:
        query = parse_search(url, site)
    except ValueError:
        return
    assert urlsplit(url).hostname in hosts
    assert urlsplit(url).username is None
    assert [name for name, _ in query.terms] == ["keywords"]
    assert urlsplit(build_search_url(query, site)).hostname in hosts


@given(url=st.text(max_size=80), site=st.sampled_from(["sandbox", "linkedin", "ledger"]))
def test_nothing_crashes_it(url: str, site: str) -> None:
    with suppress(ValueError):
        assert parse_search(url, site)
