"""Draws the console's pages of one invented day, the same pixels at each run with the same fonts.

`.venv/bin/python docs/make_console_pictures.py` writes docs/console-*.png. The application, Postgres, Redis
and Chromium are real; only the people are invented, and the clock stands still.
"""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Final
from unittest.mock import patch

import redis
from playwright.sync_api import Browser, sync_playwright
from sqlalchemy import text
from sqlalchemy.orm import Session

sys.path.insert(0, str(Path(__file__).parents[1]))

from api_stub.console.session import Role
from api_stub.stack.servers.postgres import Postgres
from api_stub.stack.servers.redis import Redis
from db import migrate
from db.engine import Database
from db.store.people import accounts, holds
from db.store.people.accounts import AccountRecord
from tests.builders import a_contact, add_proposed, an_account
from tests.console.conftest import create_test_app, serve, sign_in
from tests.console.today.scenes import greeted, in_state, planned, with_schedule
from worker.browser.chromium import find_chromium
from worker.errors import Reason
from worker.queues import ALL_QUEUES, record_consumer
from worker.rules.model import ActionState
from worker.rules.quota.limits import Limits

HERE: Final = Path(__file__).parent
NOW: Final = datetime(2026, 11, 28, 10, 5, tzinfo=UTC)
STAND_STILL: Final = "create function public.{}() returns timestamptz stable return '{}'::timestamptz"
"""Functions of pg_catalog give way to those of public where the search path says so."""
FRAMES: Final = {"phone": (390, 844, 2), "desk": (1180, 800, 1)}
"""Width and height in CSS pixels, and the scale."""
PICTURES: Final = (
    ("today", "/", "phone"),
    ("approve", "/review", "phone"),
    ("people", "/people", "desk"),
    ("calendar", "/calendar", "desk"),
)


@dataclass(frozen=True, slots=True)
class Scene:
    """The console's address, and that of its Redis."""

    address: str
    redis_url: str


def set_the_scene(session: Session) -> None:
    """Add an account in the middle of its day."""
    limits = Limits(15, 15, 75, timedelta(seconds=90), timedelta(seconds=180))
    account = an_account(session, "mine", limits=limits)
    accounts.save_session(session, account.id, b"sealed")
    with_schedule(session, account)
    for minute, (name, said, replied) in enumerate(
        (
            ("Amélie Renard", "Bon anniversaire, Amélie ! Belle journée à vous.", True),
            ("Bartosz Zieliński", "Happy birthday, Bartosz! I hope the year ahead is kind to you.", False),
            ("יעל כהן", "יום הולדת שמח, יעל! שתהיה שנה טובה.", False),
        )
    ):
        at = NOW - timedelta(minutes=50 - 9 * minute)
        greeted(session, account, name, text=said, replied=replied, at=at)
    for name in ("Chiara Fontana", "Ingrid Solberg"):
        planned(session, account, name)
    in_state(session, account, "Zoé Lefèvre", ActionState.SKIPPED, Reason.WRITTEN_BY_HAND)
    for name, said in (
        ("Jonas Weber", "Alles Gute zum Geburtstag, Jonas! Ich hoffe, es gibt Kuchen."),
        ("Priya Nair", "Happy birthday, Priya! Wishing you a year to your liking."),
    ):
        contact = a_contact(session, account, name.split()[0].lower(), name=name, birthday=NOW.date())
        add_proposed(session, account, contact, text=said)
    invite_others(session, account)


def invite_others(session: Session, account: AccountRecord) -> None:
    """Add people whose birthdays are on other days."""
    names = (
        "Ana Lucía Torres",
        "Björn Lindqvist",
        "陈伟",
        "Dilnoza Karimova",
        "Emeka Obi",
        "Fatima Zahra El Idrissi",
    )
    for number, name in enumerate(names):
        birthday = date(1985, 1 + number * 2, 3 + number * 4)
        contact = a_contact(session, account, f"other-{number}", name=name, birthday=birthday)
        contact.profile = {"headline": "Head of Research", "company": "Example Corp"}
        if number == 1:
            holds.hold_contact(session, contact.id, date(2026, 12, 24), reason="parental leave", by="olga")


@contextmanager
def open_console() -> Iterator[Scene]:
    """Serve the console of that day."""
    with tempfile.TemporaryDirectory(prefix="rapport-pictures-") as folder:
        postgres, broker = Postgres(Path(folder) / "postgres", durable=False), Redis(Path(folder) / "redis")
        with postgres, broker:
            address = postgres.create_database("pictures")
            database = Database(address, application_name="pictures")
            migrate.upgrade_schema(database.engine)
            with database.engine.begin() as connection:
                for clock in ("now", "clock_timestamp"):
                    connection.execute(text(STAND_STILL.format(clock, NOW)))
                connection.execute(text("alter database pictures set search_path = public, pg_catalog"))
            database.engine.dispose()  # the path holds for new connections
            same = Random(0).randbytes  # noqa: S311 -- ids that decide the order of equals, no secrets
            with patch("uuid.os.urandom", same), database.transaction() as session:
                set_the_scene(session)
            app = create_test_app(address, broker.url)
            with patch("worker.clock.now", lambda: NOW), serve(app) as served:
                sign_in(app, "olga", Role.OWNER, "en")
                yield Scene(served, broker.url)
            database.close()
        postgres.remove_data()


def draw(browser: Browser, scene: Scene, path: str, frame: str, file: Path) -> None:
    """Write the picture of a page, as a window shows it."""
    with redis.Redis.from_url(scene.redis_url, decode_responses=True) as client:
        record_consumer(client, "browser1@here", ALL_QUEUES, asked_s=0, busy_s=None)
    width, height, scale = FRAMES[frame]
    page = browser.new_page(
        viewport={"width": width, "height": height}, device_scale_factor=scale, reduced_motion="reduce"
    )
    page.goto(f"{scene.address}{path}")
    page.wait_for_load_state("networkidle")
    page.screenshot(path=file, animations="disabled")
    page.close()


def main() -> None:
    """Draw them all."""
    with open_console() as scene, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium())
        for name, path, frame in PICTURES:
            draw(browser, scene, path, frame, HERE / f"console-{name}.png")
        browser.close()


if __name__ == "__main__":
    main()
