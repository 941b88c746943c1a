"""`rapport forecast`: a line a day, the verdict, what would help, and what must be done first."""

import json
from datetime import timedelta

from api_stub.responses.forecast import MAX_DAYS
from db.engine import Database
from db.store.people import accounts
from tests.builders import FREE, a_contact, action, add_planned, an_account, database_now
from tests.cli.conftest import Rapport
from worker.errors import Reason
from worker.rules.quota.limits import Limits

DAY = timedelta(days=1)
TWO_A_DAY = Limits(9, 2, 14, timedelta(0), timedelta(0))


def people(database: Database, limits: Limits, birthdays: dict[str, int]) -> None:
    with database.transaction() as session:
        account = an_account(session, limits=limits)
        for slug, days in birthdays.items():
            # a name such as Z0 isn't one: nobody would be greeted
            name = slug.title().translate(str.maketrans("0123456789", "abcdefghij"))
            day = (database_now(session) + days * DAY).date()
            a_contact(session, account, slug, name=name, birthday=day)


def test_a_day_names_who_is_reached_late_or_missed_and_the_verdict_says_what_helps(
    rapport: Rapport, database: Database
) -> None:
    people(database, TWO_A_DAY, {f"z{n}": 0 for n in range(9)} | {"early": -3})
    said = rapport("forecast", "demo").splitlines()
    table = [line.split("\t")[-1] for line in said if "█" in line]
    assert table == [
        "Early (missed), Za, Zb",
        "Zc (1 late), Zd (1 late)",
        "Ze (2 late), Zf (2 late)",
        "Zi (missed), Zg (3 late), Zh (3 late)",
    ]
    assert "2 of 2" in "".join(said[4:7])
    assert said[-1] == (
        "8 of 10 will be greeted, 6 of them late, 2 missed: the day's limit is reached; to allow more: "
        "`rapport quota set demo greet --per-day N`"
    )


def test_who_is_missed_already_is_named_on_the_first_day(rapport: Rapport, database: Database) -> None:
    people(database, FREE, {"ann": 0})
    with database.transaction() as session:
        account, yesterday = an_account(session), (database_now(session) - DAY).date()
        late = a_contact(session, account, "late", name="Late", birthday=yesterday)
        action(session, add_planned(session, account, late)).expires_on = yesterday
    said = rapport("forecast", "demo").splitlines()
    assert [line.split("\t")[-1] for line in said if "█" in line] == ["Late (missed), Ann"]
    assert "1 missed" in said[-1]


def test_where_all_is_well_it_says_so(rapport: Rapport, database: Database) -> None:
    people(database, FREE, {f"z{n}": 1 for n in range(9)})
    said = rapport("forecast", "demo", "--days", "2").splitlines()
    assert said[-1] == "9 of 9 will be greeted, all on time"
    assert said[-3].rstrip().endswith("Za, Zb, Zc, Zd, Ze, Zf and 3 more")
    assert "is still to be greeted" in rapport("forecast", "demo", "--days", "1").splitlines()[-1]


def test_what_a_person_must_do_first_is_said(rapport: Rapport, database: Database) -> None:
    people(database, FREE, {"ann": 0, "late": -1})
    with database.transaction() as session:
        account = accounts.find_account(session, "demo")
        assert account is not None
        accounts.stop_account(session, account.id, Reason.CHALLENGE)
    said = rapport("forecast", "demo")
    assert said.startswith(
        "account demo is stopped: the site asks for proof that you are human; check the account on"
    )
    assert "if the account resumed now" in said
    assert said.endswith(
        "2 of 2 will be greeted, 1 of them late, 0 missed: their birthdays were already over\n"
    )


def test_the_same_as_json(rapport: Rapport, database: Database) -> None:
    people(database, TWO_A_DAY, {f"z{n}": 0 for n in range(3)})
    answer = json.loads(rapport("forecast", "demo", "--json", "--days", "5"))
    assert (answer["birthdays"], answer["in_time"], answer["late"], answer["missed"]) == (3, 2, 1, 0)
    assert answer["held_back_by"] == {"day_limit": 1}
    assert [day["used"] for day in answer["days"]] == [2, 1, 0, 0, 0]
    assert [person["end"] for person in answer["people"]] == ["in_time", "in_time", "late"]
    assert answer["people"][2]["days_late"] == 1


def test_an_account_that_is_not_there_and_too_many_days_are_refused(rapport: Rapport) -> None:
    assert "no account called 'nobody'" in rapport.refused("forecast", "nobody")
    code, _, said = rapport.code("forecast", "demo", "--days", str(MAX_DAYS + 1))
    assert code == 2
    assert "--days" in said
