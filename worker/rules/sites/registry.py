"""The site registry: one description for each site that an account can be on.

A new site is an entry here and an adapter package below worker/browser; docs/extending.md has the steps.
Everything else (addresses, searches, quota, the choice of the adapter, `rapport account add`) reads this.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from worker.rules.quota.limits import DEFAULT_QUOTA, PRACTICE_QUOTA, SiteQuota


@dataclass(frozen=True, slots=True)
class SearchForm:
    """A site's people search: the path of its page, and its parameters in the order in which they are stored.

    Without `parameters`, any are accepted as they are.
    """

    path: str
    parameters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SiteDescription:
    """What Rapport knows about one site.

    `origin` is the scheme and host of its canonical addresses, `hosts` the hosts that its addresses may have.
    `has_profile_addresses`: a person's address is `origin`/in/NAME/; otherwise any address is accepted as it
    is. `member_id`: the form of a case-sensitive id that may stand in place of NAME. `adapter` is the
    "module:class" that opens its pages (see worker/browser/adapters.py).
    `on_loopback`: its addresses may name any port of this machine. `risk_notice` is what a person accepts
    before an account is added. `offered`: `rapport account add` takes it. `needs_check`: it is a real site,
    where a capability is used to send only once `rapport selectors check` has proven it. `checker` is the
    "module:class" of that check. `session_cookie` is the cookie without which nobody is signed in; a person
    can sign in only to a site that has one.
    """

    name: str
    origin: str
    hosts: re.Pattern[str]
    quota: SiteQuota
    search: SearchForm | None
    adapter: str
    has_profile_addresses: bool = True
    member_id: re.Pattern[str] | None = None
    on_loopback: bool = False
    risk_notice: str | None = None
    offered: bool = True
    needs_check: bool = False
    checker: str | None = None
    session_cookie: str | None = None


_MEMBER_ID: Final = re.compile(r"AC[a-z]A(?:A[A-Za-z0-9_-]{8,}|[A-Za-z0-9_-]{35})")
"""Most begin with ACoAA. The trigger contact_has_member_id (migration 0020) knows the same form."""

_LINKEDIN: Final = SiteDescription(
    name="linkedin",
    origin="https://www.linkedin.com",
    hosts=re.compile(r"(?:(?:[a-z]{2,3}|m|mobile|touch)\.)?linkedin\.com"),
    member_id=_MEMBER_ID,
    quota=DEFAULT_QUOTA,
    search=SearchForm(
        "/search/results/people/",
        (
            "keywords", "title", "company", "geoUrn", "network", "currentCompany", "pastCompany", "industry",
            "profileLanguage", "schoolFilter", "firstName", "lastName", "school",
        ),
    ),
    adapter="worker.browser.linkedin.adapter:LinkedInSite",
    session_cookie="li_at",
    risk_notice=(
        "LinkedIn's user agreement forbids software that automates what you do there. It may limit or close "
        "an account for it, and the account is yours to risk. Rapport knows LinkedIn's pages from saved "
        "copies only, and its authors never tried it on the live site: nothing is sent before `rapport "
        "selectors check` has recognised the pages, and you approve the first message yourself."
    ),
    needs_check=True,
    checker="worker.browser.linkedin.checks.check:LinkedInChecker",
)  # fmt: skip

_SANDBOX: Final = SiteDescription(
    name="sandbox",
    origin="https://sandbox.test",  # a name, because its port changes from run to run
    hosts=re.compile(r"sandbox\.test|127\.0\.0\.1|localhost"),
    member_id=_MEMBER_ID,
    quota=PRACTICE_QUOTA,
    search=SearchForm("/search/people/", ("keywords", "title", "location", "company")),
    adapter="worker.browser.sandbox.adapter:SandboxSite",
    session_cookie="fellow_session",
    on_loopback=True,
    checker="worker.browser.sandbox.check:SandboxChecker",
)
"""The practice network."""

_LEDGER: Final = SiteDescription(
    name="ledger",
    origin="https://ledger.test",
    hosts=re.compile(r"ledger\.test"),
    quota=PRACTICE_QUOTA,
    search=SearchForm("/", ()),
    adapter="worker.browser.ledger:LedgerSite",
    has_profile_addresses=False,
    offered=False,
)
"""A site without pages, for benches and fault tests."""

SITES: Final[Mapping[str, SiteDescription]] = MappingProxyType(
    {site.name: site for site in (_SANDBOX, _LINKEDIN, _LEDGER)}
)


def needs_check(site: str) -> bool:
    """Return whether a capability must be proven before it is used to send on `site`."""
    return site in SITES and SITES[site].needs_check


def site_quota(site: str) -> SiteQuota:
    """Return the default and hard limits of `site`; of an unknown site, those of a real one."""
    return SITES[site].quota if site in SITES else DEFAULT_QUOTA
