"""Find and read everybody on the practice network, while workers are killed and everything is restarted.

`python -m tests.faults.everybody` takes about an hour. Six accounts of two members search country by country,
and a seventh reads a hundred pages of one search, with real browsers, in all mark-ups and both languages. It
reports how many of the people were found, what was opened twice, and the share of correct stored fields. It
exits with 1 if anybody was missed, or anything was opened twice without the loss of a worker.
"""

import argparse
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final
from urllib.parse import urlencode
from uuid import uuid4

from rich.console import Console  # noqa: TID251 -- prints only its own figures
from sqlalchemy import select, text

from api_stub.sandbox.client import KnownProfile
from api_stub.sandbox.faults import MARKUPS, FaultName
from api_stub.sandbox.pages import search_address
from api_stub.sandbox.population.profiles import fold_text
from bench.browsers.expected import compare_fields, expected_address, expected_profile
from db.store.people import profiles
from db.tables import Account, Contact, StoredProfile
from tasks.contract import SOURCING_CAMPAIGN
from tests.faults import shortcuts
from tests.faults.harness import Harness
from tests.faults.scenarios.processes import kill_somebody
from worker.rules import occasions
from worker.rules.people.addresses import PROFILE_ORIGINS, normalise_profile_url

MEMBERS: Final = ("demo", "demo2")
ACCOUNTS: Final = {"demo": "demo"} | {f"{member}-{n}": member for n in (1, 2, 3) for member in MEMBERS}
"""The member of the practice network that each account is. The first one does the deep search."""
DEEPEST: Final = 1000
"""The most people that one search shows: a hundred pages of ten."""
CRITERIA: Final = {"keywords": ["Planning"], "languages": ["en"]}
"""They need every section of a profile."""
LONGEST: Final = timedelta(hours=2)
MARKUP_LASTS: Final = 45
"""Seconds."""

_LEFT = text("""
    select (select count(*) from campaigns where state = 'planned'),
           (select count(*) from searches where ended is null),
           (select count(*) from actions where state not in ('done', 'failed', 'skipped', 'needs_review')),
           (select count(*) from profiles)
""")
_OPENINGS = text("""
    select split_part(a.name, '-', 1), case x.kind when 'visit' then c.profile_url else x.occasion end,
           count(distinct x.account_id), count(*) - count(distinct x.id) filter (where x.state = 'done')
    from action_events e join actions x on x.id = e.action_id
    join accounts a on a.id = x.account_id left join contacts c on c.id = x.contact_id
    where e.to_state = 'acting' group by 1, 2
""")
_FOUND = text("""
    select h.campaign_id, c.profile_url from hits h join contacts c on c.id = h.contact_id
""")


@dataclass(frozen=True, slots=True)
class Asked:
    """One search by one account, and the people whom it can find."""

    account: str
    terms: dict[str, str]
    reachable: frozenset[str]


def plan(known: Sequence[KnownProfile], lands: int) -> list[Asked]:
    """Distribute the countries among the accounts. People without a place are searched by name.

    The first search has more results than a search shows, and overlaps with the others.
    """

    def ask(account: str, term: str, words: str) -> Asked:
        wanted = fold_text(words).split() if term == "keywords" else [fold_text(words)]
        text_of = _anything if term == "keywords" else _place
        found = [expected_address(one) for one in known if all(word in text_of(one) for word in wanted)]
        return Asked(account, {term: words}, frozenset(found[:DEEPEST]))

    first, *others = ACCOUNTS
    asked = [ask(first, "location", "an")]
    load = Counter(dict.fromkeys(others, 0))
    for land in sorted({one.profile.location.rpartition(", ")[2] for one in known} - {""})[:lands]:
        asked.append(ask(min(others, key=load.__getitem__), "location", land))
        load[asked[-1].account] += len(asked[-1].reachable)
    placeless = list(dict.fromkeys(one.profile.name for one in known if not one.profile.location))[:lands]
    return asked + [ask(others[n % len(others)], "keywords", name) for n, name in enumerate(placeless)]


def _place(one: KnownProfile) -> str:
    return fold_text(one.profile.location)


def _anything(one: KnownProfile) -> str:
    told = one.profile
    jobs = [part for job in told.jobs for part in (job.title, job.company)]
    return fold_text("\n".join((told.name, told.headline, *jobs, told.location, *told.skills)))


@dataclass(frozen=True, slots=True)
class Report:
    """The result, compared with the practice network's own counts and data.

    `again` was opened again because its worker was lost; `twice` was opened again without that.
    """

    searches: int
    reachable: int
    missed: int
    strangers: int
    profiles: int
    unread: int
    pages: int
    again: int
    twice: tuple[tuple[str, str], ...]
    kills: int
    restarts: int
    fields: int
    wrong: tuple[tuple[str, object, object], ...]
    seconds: float

    def __str__(self) -> str:
        share = 100 * (self.fields - len(self.wrong)) / max(self.fields, 1)
        return (
            f"{self.searches} searches of {self.pages} pages for {self.reachable} people: "
            f"{self.missed} missed, {self.strangers} strangers; "
            f"{self.profiles} profiles: {self.unread} unread, {share:.3f} % of {self.fields} fields true; "
            f"{self.kills} kills, {self.restarts} of them of everything; "
            f"{self.again} opened again after a loss, {len(self.twice)} twice without; {self.seconds:.0f} s"
        )


class Everybody:
    """The accounts, their searches, and the faults of their workers."""

    def __init__(self, harness: Harness, *, lands: int, draw: random.Random, kill_every: float) -> None:
        self._harness, self._draw, self._kill_every = harness, draw, kill_every
        self.kills = self.restarts = 0
        harness.reset()
        for name, member in list(ACCOUNTS.items())[1:]:
            harness.add_account(member, name)
        self._known = harness.site.list_profiles()
        self._asked = {uuid4(): asked for asked in plan(self._known, lands)}
        self._began = time.perf_counter()

    def run(self, tell: Callable[[str], object]) -> None:
        """Start all searches, and return when nothing is left to be done."""
        for campaign_id, asked in self._asked.items():
            self._harness.publish(
                SOURCING_CAMPAIGN,
                account=asked.account,
                campaign_id=str(campaign_id),
                url=f"{self._harness.site.base_url}/search/people/?{urlencode(asked.terms)}",
                criteria=CRITERIA,
                limit=DEEPEST,
                stop_after=20,
            )
        next_kill, markups = self.seconds + self._kill_every, 0
        while not self._is_over(tell):
            assert self.seconds < LONGEST.total_seconds(), self._harness.describe()
            if self.seconds > next_kill:
                next_kill = self.seconds + self._kill_every
                self._strike()
            if self.seconds >= markups * MARKUP_LASTS:
                self._harness.site.fault(FaultName.MARKUP, MARKUPS[markups % len(MARKUPS)])
                markups += 1
            self._harness.run_for(1)
            with self._harness.database.transaction() as session:
                shortcuts.skip_waits(session, fresh=timedelta(0))  # seven accounts wait for two workers

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return time.perf_counter() - self._began

    def _is_over(self, tell: Callable[[str], object]) -> bool:
        with self._harness.database.transaction() as session:
            planned, open_searches, actions, read = session.execute(_LEFT).one()
        tell(f"{read} profiles read, {actions} actions left, {self.kills} kills")
        return bool(planned == len(self._asked) and not open_searches and not actions)

    def _strike(self) -> None:
        """Kill one process; every tenth time all processes and both servers, like a power failure."""
        self.kills += 1
        if self.kills % 10:
            kill_somebody(self._harness, self._draw)
            return
        self.restarts += 1
        self._harness.kill_all()
        self._harness.restart_postgres(signal.SIGQUIT)
        self._harness.restart_redis(keep=False)

    def report(self) -> Report:
        """Compare the stored data with the network's, and the openings with its own count."""
        with self._harness.database.transaction() as session:
            found = {(search, url) for search, url in session.execute(_FOUND)}
            openings = {
                (member, what): (once, lost) for member, what, once, lost in session.execute(_OPENINGS)
            }
            read = {
                (name, url): profiles.load_profile(told)
                for name, url, told in session.execute(
                    select(Account.name, Contact.profile_url, StoredProfile.profile)
                    .join(Contact, Contact.id == StoredProfile.contact_id)
                    .join(Account, Account.id == Contact.account_id)
                )
            }
        opened = self._opened()
        again = {what: count - openings[what][0] for what, count in opened.items()}
        doubles = tuple(what for what, count in again.items() if count > openings[what][1])
        known = {expected_address(one): one for one in self._known}
        outcomes = [
            compare_fields(profile, expected_profile(known[url], ACCOUNTS[name]))
            for (name, url), profile in read.items()
        ]
        reachable = {(id_, url) for id_, asked in self._asked.items() for url in asked.reachable}
        visitable = {(self._asked[id_].account, url) for id_, url in reachable}
        return Report(
            searches=len(self._asked),
            reachable=len(reachable),
            missed=len(reachable - found),
            strangers=len(found - reachable),
            profiles=len(visitable),
            unread=len(visitable - read.keys()),
            pages=sum(_is_page(what) for _, what in opened),
            again=sum(min(count, openings[what][1]) for what, count in again.items()),
            twice=doubles,
            kills=self.kills,
            restarts=self.restarts,
            fields=sum(outcome.count for outcome in outcomes),
            wrong=tuple(miss for outcome in outcomes for miss in outcome.misses),
            seconds=self.seconds,
        )

    def _opened(self) -> dict[tuple[str, str], int]:
        """Count how often each member opened each profile (by address) and search page (by occasion)."""
        searched = {
            (ACCOUNTS[asked.account], search_address(asked.terms, number)): occasions.search_page_occasion(
                id_, number
            )
            for id_, asked in self._asked.items()
            for number in range(1, 101)
        }
        opened = {}
        for member in MEMBERS:
            for path, count in self._harness.site.views(member).items():
                profile = normalise_profile_url(f"{PROFILE_ORIGINS['sandbox']}{path}", "sandbox")
                if what := searched.get((member, path)) or profile:
                    opened[member, what] = count
        return opened


def _is_page(what: str) -> bool:
    return what.startswith("search:")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.everybody", description=__doc__)
    parser.add_argument("--lands", type=int, default=1000, help="so many lands at most, to see that it works")
    parser.add_argument("--kill-every", type=float, default=30.0, help="seconds")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    console = Console()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # leave no process behind
    with (
        tempfile.TemporaryDirectory(prefix="rapport-everybody-") as folder,
        Harness(Path(folder)) as harness,
        console.status("starting") as status,
    ):
        draw = random.Random(given.seed)
        everybody = Everybody(harness, lands=given.lands, draw=draw, kill_every=given.kill_every)
        everybody.run(status.update)
        report = everybody.report()
    for where, read, true in report.wrong[:20]:
        console.print(f"{where}: read {read!r}, true is {true!r}")
    for member, what in report.twice:
        console.print(f"{member} opened {what} twice")
    console.print(str(report))
    return int(bool(report.missed or report.strangers or report.unread or report.twice))


if __name__ == "__main__":
    sys.exit(main())
