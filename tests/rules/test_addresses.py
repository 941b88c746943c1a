"""A person has one address, however a file or a page writes it."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.rules.addresses import PROFILE_ORIGINS, normalise_profile_url

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
    ],
)
def test_all_spellings_of_one_person_are_one_address(given_as: str) -> None:
    assert normalise_profile_url(given_as, "linkedin") == ANN


@pytest.mark.parametrize(
    "given_as",
    [
        "", "ann", "https://www.linkedin.com/company/ann/", "https://www.linkedin.com/in/",
        "https://www.linkedin.com/in/a/b/c", "https://linkedin.com.evil.example/in/ann/",
        "https://evil.example/in/ann/?https://www.linkedin.com/in/ann/",
        "javascript:alert(1)//linkedin.com/in/ann", "https://www.linkedin.com/in/../",
        "ftp://www.linkedin.com/in/ann/", "https://www.linkedin.com/in/a%2Fb/", "https://[linkedin.com/in/ann/",
        "https://www.linkedin.com/in/%00ann/", f"https://www.linkedin.com/in/{'a' * 201}/",
        "https://user@evil.example\\@www.linkedin.com/in/ann/",
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
