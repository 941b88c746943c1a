"""Numbers, days and texts out of range are refused with a clear error by every command."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from db.engine import Database
from tests.builders import an_account
from tests.cli.conftest import Rapport

HUGE = str(10**30)
BEYOND_BIGINT = str(2**63)
LONG = "9" * 5000
"""More digits than Python turns into a number."""

HALF = "\udcff"
"""How Python decodes a byte on the command line that is not valid text."""

BEYOND: Final[Sequence[Sequence[str]]] = (
    *(("summary", "far", "--on", day) for day in ("0001-01-01", "1899-12-31", "2201-01-01", "9999-12-31")),
    *(("quota", "warm-up", "far", "--from", day) for day in ("0001-01-01", "1899-12-31", "9999-12-31")),
    *(
        (*words, number)
        for words in (
            ("contacts", "confirm"), ("contacts", "refuse"), ("import", "undo"), ("templates", "remove"),
            ("templates", "enable"), ("templates", "disable"), ("forecast", "far", "--days"),
            ("actions", "list", "--limit"), ("contacts", "list", "--limit"),
            ("contacts", "list", "--min-score"), ("quota", "log", "far", "--limit"),
            ("account", "keep", "far", "--days"), ("campaign", "birthday", "far", "--late-days"),
            ("campaign", "list", "--limit"),
            ("campaign", "visitor", "far", "--not-seen-months"), ("campaign", "sourcing", "far", "--limit"),
            ("campaign", "sourcing", "far", "--stop-after"), ("invitations", "withdraw", "far", "--limit"),
            ("invitations", "withdraw", "far", "--older-than"), ("quota", "set", "far", "greet", "--per-day"),
            ("quota", "set", "far", "greet", "--gap"), ("quota", "set", "far", "greet", "--hours"),
            ("api", "--port"), ("demo", "--workers"), ("sandbox", "--port"),
            ("sourcing", "results", "aaaa", "--limit"),
        )
        for number in (HUGE, BEYOND_BIGINT, LONG, f"-{BEYOND_BIGINT}")
    ),
    ("templates", "weight", HUGE, "3"), ("templates", "weight", "3", HUGE),
    ("templates", "preview", "9" * 18), ("templates", "preview", LONG),
    ("quota", "set", "far", "greet", "--gap", "999999h"),
    ("quota", "set", "far", "greet", "--hours", "99:59-99:59"),
    *(("schedule", "set", "far", "birthday", "--cron", f"{minute} * * * *") for minute in (HUGE, LONG)),
    *(("account", "add", "x", "--time-zone", zone) for zone in ("Europe", "..", "/etc/passwd", LONG, HALF)),
    ("contacts", "show", HALF), ("why", HALF), ("actions", "show", HALF), ("campaign", "show", HALF),
    ("contacts", "list", "--text", HALF), ("stop-everything", "--by", HALF), ("quota", "show", HALF),
    ("templates", "add", "--language", "en", HALF), ("import", "contacts", HALF, "--account", "far"),
)  # fmt: skip


def test_what_is_beyond_all_bounds_is_refused_in_words(database: Database, rapport: Rapport) -> None:
    with database.transaction() as session:
        an_account(session, "far", zone="Pacific/Kiritimati")
    wrong = []
    for given in BEYOND:
        code, out, err = rapport.code(*given)
        if code not in {1, 2} or "Traceback" in err:
            wrong.append(f"{[word[:40] for word in given]}: exit {code}\n{out}\n{err}")
    assert not wrong, "\n".join(wrong)


def test_a_file_of_options_whose_numbers_or_depth_have_no_end_is_refused(
    database: Database, rapport: Rapport, tmp_path: Path
) -> None:
    with database.transaction() as session:
        an_account(session)
    for content in (f'{{"limit": {LONG}}}', "[" * 100_000, '{"limit": 1e999}', '{"limit": NaN}'):
        options = tmp_path / "options.json"
        options.write_text(content)
        said = rapport.refused(
            "schedule", "set", "demo", "birthday", "--cron", "0 9 * * *", "--options", str(options)
        )
        assert said.startswith("options.json: ")
