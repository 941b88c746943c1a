"""Something of each resource for generated requests to find."""

import httpx

from db.engine import Database
from db.store.notices import targets
from tests.builders import (
    SANDBOX,
    a_campaign,
    a_contact,
    a_search,
    add_planned,
    add_proposed,
    an_account,
    database_now,
    found,
)
from tests.http.conftest import KEY
from tests.http.server import Door

FULL_ACCOUNT = "office"
ACCOUNTS = ("annex", "demo", FULL_ACCOUNT)
PEOPLE = 30
CSV = f"profile_url,full_name,birthday\n{SANDBOX}ann/,Ann Roe,1990-03-04\n"


def seed(database: Database, door: Door) -> None:
    """Fill the database.

    The account `demo` is that of the document's examples, which also remove it. `annex` is the first of the
    list, so sequences begin with it. `office` has the data.
    """
    with database.transaction() as session:
        a_contact(session, an_account(session), "zoe", name="Zoe")
        an_account(session, "annex")
        office = an_account(session, "office")
        today = database_now(session).date()
        people = [a_contact(session, office, f"person-{number}", birthday=today) for number in range(PEOPLE)]
        campaign_id = a_campaign(session, office)
        add_planned(session, office, people[0], campaign_id=campaign_id)
        for person in people[1 : PEOPLE // 2]:
            add_proposed(session, office, person, campaign_id=campaign_id)
        a_search(session, office, found("grace"))
        for name in ("mail", "chat"):
            targets.add_target(
                session, name=name, account_id=None, scheme="mailtos", host="example.org", sealed=b"sealed",
                kinds=None, with_texts=False, with_screenshots=False,
            )  # fmt: skip
    with httpx.Client(timeout=60, base_url=f"{door.url}/v1/", headers={"X-API-Key": KEY}) as client:
        for sent in (
            client.post("templates", json={"language": "en", "text": "Happy birthday, {{ first_name }}!"}),
            client.put("schedules/office/birthday", json={"cron": "0 9 * * 1-5"}),
            client.put("searches/office/architects", json={"criteria": {"title": "Architect"}}),
            client.post("campaigns", json={"kind": "birthday", "account": "office"}),
            client.post(
                "imports",
                params={"account": "office", "file_name": "people.csv", "dry_run": "true"},
                content=CSV,
                headers={"Content-Type": "text/csv"},
            ),
        ):
            assert sent.is_success, sent.text
