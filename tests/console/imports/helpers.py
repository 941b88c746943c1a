"""Send files to the console, and wait for what becomes of them."""

import re
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from api_stub.imports.jobs import Runs, RunState
from db.engine import Database
from db.tables import Account, Contact
from tests.builders import SANDBOX
from tests.cluster import wait_for
from tests.console.conftest import with_token
from tests.http.conftest import TestClient

PEOPLE = "name,profile_url,birthday,company\n" + "".join(
    f"{name} Roe,{SANDBOX}{name.lower()}/,{day},Acme\n"
    for name, day in (("Ann", "1990-03-04"), ("Bob", "--05-06"), ("Cid", "31 Feb"))
)


def send(client: TestClient, content: str | bytes, name: str = "people.csv", **fields: Any) -> Any:
    """Post a file as the form does."""
    given = content.encode() if isinstance(content, str) else content
    return client.post(
        "/imports?account=demo",
        data=with_token(account="demo") | fields,
        files={"file": (name, given, "text/csv")},
    )


def runs_of(client: TestClient) -> Runs:
    app: Any = client.app
    runs: Runs = app.state.import_runs
    return runs


def settle(client: TestClient, path: str) -> str:
    """Wait until the run at this path has ended; return its page."""
    run = runs_of(client).find(path.rpartition("/")[2])
    assert run is not None
    assert run.thread is not None
    run.thread.join(30)
    wait_for("the run", lambda: run.state is not RunState.RUNNING)
    return str(client.get(path).text)


def check(client: TestClient, content: str | bytes, name: str = "people.csv") -> tuple[str, str]:
    """Send a file and let it be checked; return the run's path and its page."""
    answer = send(client, content, name)
    assert answer.status_code == 303, answer.text
    path = answer.headers["location"]
    return path, settle(client, path)


def digest_in(page: str) -> str:
    found = re.search(r'name="digest" value="([0-9a-f]{64})"', page)
    assert found is not None, page
    return found[1]


def import_it(client: TestClient, content: str | bytes = PEOPLE) -> int:
    """Import a file; return the import's id."""
    path, page = check(client, content)
    answer = client.post(path, data=with_token(digest=digest_in(page)))
    page = settle(client, answer.headers["location"])
    found = re.search(r'href="/imports/(\d+)"', page)
    assert found is not None, page
    return int(found[1])


def count_people(database: Database, account: str = "demo") -> int:
    with database.transaction() as session:
        owned = select(func.count()).join(Account).where(Account.name == account).select_from(Contact)
        return session.scalars(owned).one()


def left_in(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.exists() else []
