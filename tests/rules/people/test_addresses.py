"""A person has one address, however a file or a page writes it."""

import unicodedata
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.rules.people.addresses import PROFILE_ORIGINS, normalise_profile_url

ANN = "https://www.linkedin.com/in/ann-o-neil/"


@pytest.mark.parametrize(
    "given_as",
    [
        "https://www.linkedin.com/in/ann-o-neil/",
        "http://linkedin.com/in/ann-o-neil",
        "https://fr.linkedin.com/in/ann-o-neil/fr",
        "https://www.linkedin.com/in/ann-o-neil/de-de/?trk=people#about",
        "www.linkedin.com/in/Ann-O-Neil",
        "linkedin.com/in/ann%2Do%2dneil/",
        "  https://WWW.LINKEDIN.COM/in/ANN-O-NEIL \n",
        "https://m.linkedin.com/in/ann-o-neil",
        "https://touch.linkedin.com/in/ann-o-neil",
        "https://www.linkedin.com./in/ann-o-neil/",
        "//www.linkedin.com/in/ann-o-neil",
        "https://www.linkedin.com:443//in//ann-o-neil//",
        "linkedin.com//in/ann-o-neil",
        "https://www.linkedin.com/mwlite/in/ann-o-neil",
        "https://www.linkedin.com/comm/in/ann-o-neil?midToken=x",
        "https://www.linkedin.com/in/ann-o-neil/details/skills/",
        "https://www.linkedin.com/in/ann-o-neil/overlay/contact-info/",
        "https://www.linkedin.com/in/ann-o-neil/pt_BR/recent-activity/all/",
    ],
)
def test_all_spellings_of_one_person_are_one_address(given_as: str) -> None:
    assert normalise_profile_url(given_as, "linkedin") == ANN


@pytest.mark.parametrize(
    "slug",
    [
        "zoë-ångström-7",
        unicodedata.normalize("NFD", "zoë-ångström-7"),
        quote("ZOË-Ångström-7"),
        quote(unicodedata.normalize("NFD", "zoë-ångström-7")),
        quote(quote("zoë-ångström-7")),
        quote(quote(quote("zoë-ångström-7"))),
    ],
)
def test_neither_encoding_nor_normal_form_makes_another_person(slug: str) -> None:
    expected = "https://www.linkedin.com/in/zo%C3%AB-%C3%A5ngstr%C3%B6m-7/"
    assert normalise_profile_url(f"https://m.linkedin.com/in/{slug}", "linkedin") == expected


@pytest.mark.parametrize(
    ("given_as", "address"),
    [
        ("https://www.linkedin.com/in/ACoAABq7RzQBnQ-x_9ZZ", "https://www.linkedin.com/in/ACoAABq7RzQBnQ-x_9ZZ/"),
        ("fr.linkedin.com/in/ACwAAAbCdEfGhIj/fr", "https://www.linkedin.com/in/ACwAAAbCdEfGhIj/"),
        ("https://uk.linkedin.com/pub/Ann-Neil/5/b54/90", "https://www.linkedin.com/in/ann-neil-090b545/"),
        ("https://www.linkedin.com/pub/ann-neil/4b/698/a65/", "https://www.linkedin.com/in/ann-neil-a656984b/"),
        ("https://www.linkedin.com/in/ann-👩\u200d🚀", "https://www.linkedin.com/in/ann-%F0%9F%91%A9%E2%80%8D%F0%9F%9A%80/"),
    ],
)  # fmt: skip
def test_member_ids_and_old_forms_are_kept_or_converted(given_as: str, address: str) -> None:
    assert normalise_profile_url(given_as, "linkedin") == address
    assert normalise_profile_url(address, "linkedin") == address


@pytest.mark.parametrize(
    "given_as",
    [
        "", "ann", "https://www.linkedin.com/company/ann/", "https://www.linkedin.com/in/",
        "https://www.linkedin.com/in/a/b/c", "https://linkedin.com.evil.example/in/ann/",
        "https://evil.example/in/ann/?https://www.linkedin.com/in/ann/",
        "javascript:alert(1)//linkedin.com/in/ann", "https://www.linkedin.com/in/../",
        "ftp://www.linkedin.com/in/ann/", "https://www.linkedin.com/in/a%2Fb/", "https://[linkedin.com/in/ann/",
        "https://www.linkedin.com/in/%00ann/", f"https://www.linkedin.com/in/{'a' * 201}/",
        "https://www.linkedin.com/pub/dir/Ann/Neil/1", "https://www.linkedin.com/in/ann%ff/",
        "https://www.linkedin.com/in/ann\u200d-o-neil", "https://www.linkedin.com/in/a%252Fb/",
        "https://www.linkedin.com/in/%2525252525252541nn", "https://www.linkedin.com:x/in/ann",
        "https://mm.m.linkedin.com/in/ann", "https://user@evil.example\\@www.linkedin.com/in/ann/",
    ],
)  # fmt: skip
def test_what_is_no_profile_of_the_site_is_nobody(given_as: str) -> None:
    assert normalise_profile_url(given_as, "linkedin") is None


def test_sites_do_not_share_people() -> None:
    assert normalise_profile_url("http://127.0.0.1:5000/in/ann/", "sandbox") == "https://sandbox.test/in/ann/"
    assert normalise_profile_url("http://127.0.0.1:5000/in/ann/", "linkedin") is None
    assert normalise_profile_url("ledger:ann", "ledger") == "ledger:ann"
    assert normalise_profile_url(" ", "ledger") is None


SLUGS = st.text(
    st.characters(exclude_categories=["C", "Z"], exclude_characters="/"), min_size=1, max_size=50
).filter(lambda slug: slug not in {".", ".."})


@given(slug=SLUGS, site=st.sampled_from(sorted(PROFILE_ORIGINS)))
def test_an_address_is_its_own_address_whatever_it_is_written_in(slug: str, site: str) -> None:
    address = normalise_profile_url(f"{PROFILE_ORIGINS[site]}/in/{quote(slug)}", site)
    assert address is not None
    assert address.isascii()
    assert normalise_profile_url(address, site) == address
    assert normalise_profile_url(address.removesuffix("/") + "?a=b", site) == address


@given(anything=st.text(max_size=80), site=st.sampled_from([*PROFILE_ORIGINS, "ledger"]))
def test_nothing_crashes_it(anything: str, site: str) -> None:
    found = normalise_profile_url(anything, site)
    if found is not None and site in PROFILE_ORIGINS:
        assert found.startswith(PROFILE_ORIGINS[site] + "/in/")
