"""`rapport sourcing results` and `rescore`: ranking, reasons, files, and new criteria."""

import csv
import io
import json
import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import delete, update

from db.engine import Database
from db.store.campaigns import campaigns, rescoring, search_hits, searches
from db.store.people import profiles
from db.tables import Campaign, Search
from tests.builders import SANDBOX, a_campaign, a_search, an_account, found
from tests.cli.conftest import Rapport
from worker.rules.model import SearchEnd
from worker.rules.sourcing.criteria import Criteria
from worker.rules.sourcing.profile import Position, Profile
from worker.rules.sourcing.scoring import DEFAULT_WEIGHTS, score

MINUS = "\N{MINUS SIGN}"


@pytest.fixture
def campaign_id(database: Database) -> UUID:
    """Ann is in Paris and knows Go; Bob is in Lyon and unread; Cy's name begins like a formula."""
    with database.transaction() as session:
        account = an_account(session)
        people = (found("ann"), found("bob", "Lyon"), replace(found("cy"), headline="=1+1\x1b[2J"))
        campaign_id, [ann, _, _] = a_search(session, account, *people)
        head = Profile(f"{SANDBOX}ann/", "Ann", "ann at work", "Paris, France", 2, open_to_work=True)
        profiles.save_profile(session, ann, replace(head, skills=("Go",)))
        criteria = Criteria.model_validate(
            {"skills": ["Go"], "location": "Paris", "weights": {"skills": 3, "location": 1},
             "required": ["location"]}
        )  # fmt: skip
        rescoring.rescore_hits(session, campaign_id, criteria, date(2026, 11, 24))
        search = searches.find_search(session, campaign_id)
        assert search is not None
        searches.save_cursor(session, campaign_id, replace(search, pages=4, found=3, ended=SearchEnd.NO_NEWS))
        campaigns.mark_planned(session, campaign_id)
    return campaign_id


def criteria_file(folder: Path, **criteria: object) -> str:
    file = folder / "criteria.json"
    file.write_text(json.dumps(criteria))
    return str(file)


def test_the_table_says_how_far_it_is_and_who_fits_why(rapport: Rapport, campaign_id: UUID) -> None:
    said = rapport("sourcing", "results", str(campaign_id)[:8])
    lines = said.splitlines()
    assert lines[0] == (
        f"campaign {str(campaign_id)[:8]} of demo: pages read: 4, people found: 3; it ended, nobody to "
        "visit was on the last pages; profiles: 1 read, 0 waiting"
    )
    cells = [line.split("\t") for line in lines[2:]]
    assert cells[0] == [
        "1", "100", "Ann", "ann at work", "Paris, France", "yes", "+25 location Paris, +75 skill Go",
    ]  # fmt: skip
    assert cells[1][:3] == ["2", "25", "Cy"]
    assert cells[1][6].startswith("+25 location Paris⏎")
    assert cells[1][6].endswith("⏎not opened yet")
    assert cells[2][:3] + cells[2][6:] == [
        "3",
        "0",
        "Bob",
        f"{MINUS}25 location: Lyon is not Paris⏎not opened yet",
    ]
    assert "\x1b" not in said
    assert "0 skill Go: not read" not in said
    assert "0 skill Go: not read" in rapport("sourcing", "results", str(campaign_id), "--explain")


def test_a_score_and_a_limit_narrow_it(rapport: Rapport, campaign_id: UUID) -> None:
    few = rapport("sourcing", "results", str(campaign_id), "--min-score", "25", "--limit", "1")
    assert "Ann" in few
    assert "Cy" not in few
    assert few.endswith("there are more: --limit N shows them, --format csv -o FILE writes all\n")
    both = rapport("sourcing", "results", str(campaign_id), "--min-score", "25", "--limit", "2")
    assert "Cy" in both
    assert "Bob" not in both
    assert "there are more" not in both
    file = rapport("sourcing", "results", str(campaign_id), "--format", "csv", "--limit", "2")
    assert len(file.splitlines()) == 3


def test_csv_is_safe_for_spreadsheets_and_whole(
    rapport: Rapport, campaign_id: UUID, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_hits, "BLOCK", 2)
    file = tmp_path / "people.csv"
    said = rapport("sourcing", "results", str(campaign_id), "--format", "csv", "-o", str(file))
    assert said == f"3 people are in {file}; only you may read it\n"
    assert file.stat().st_mode & 0o777 == 0o600
    ann, cy, bob = csv.DictReader(io.StringIO(file.read_text("utf-8-sig")))
    assert (ann["rank"], ann["score"], ann["open_to_work"], ann["profile_read"]) == (
        "1",
        "100",
        "true",
        "true",
    )
    assert ann["why"] == "'+25 location Paris; +75 skill Go"
    assert (cy["rank"], cy["headline"]) == ("2", "'=1+1\x1b[2J")
    assert (bob["rank"], bob["profile_read"]) == ("3", "false")
    again = rapport.refused("sourcing", "results", str(campaign_id), "--format", "jsonl", "-o", str(file))
    assert "already exists" in again


def test_json_lines_have_every_reason(rapport: Rapport, campaign_id: UUID) -> None:
    lines = rapport("sourcing", "results", str(campaign_id), "--format", "jsonl").splitlines()
    ann, _, bob = map(json.loads, lines)
    assert ann == {
        "rank": 1, "score": 100, "full_name": "Ann", "profile_url": f"{SANDBOX}ann/",
        "headline": "ann at work", "location": "Paris, France", "degree": 2, "open_to_work": True,
        "profile_read": True,
        "reasons": [
            {"points": 25, "criterion": "location", "text": "location Paris"},
            {"points": 75, "criterion": "skills", "text": "skill Go"},
        ],
    }  # fmt: skip
    assert [reason["points"] for reason in bob["reasons"]] == [-25, 0]


def test_other_criteria_rank_anew_without_a_visit(
    rapport: Rapport, campaign_id: UUID, tmp_path: Path
) -> None:
    file = criteria_file(tmp_path, location="Lyon", languages=["fr"])
    said = rapport("sourcing", "rescore", str(campaign_id), "--criteria", file).splitlines()
    assert [line.split()[:5] for line in said[1:4]] == [
        ["1", "3", "60", "0", "Bob"], ["2", "1", "0", "100", "Ann"], ["3", "2", "0", "25", "Cy"],
    ]  # fmt: skip
    assert said[4:] == [
        "3 people are scored anew, no profile was opened; 3 have another rank",
        "2 people were not opened yet, and scored by what the search showed",
        "1 person was read without languages, which gives and takes no points",
    ]
    ranked = rapport("sourcing", "results", str(campaign_id), "--format", "jsonl").splitlines()
    assert [json.loads(line)["full_name"] for line in ranked] == ["Bob", "Ann", "Cy"]


def test_criteria_that_can_t_be_used_change_nothing(
    rapport: Rapport, campaign_id: UUID, tmp_path: Path
) -> None:
    def refused(file: str) -> str:
        return rapport.refused("sourcing", "rescore", str(campaign_id), "--criteria", file)

    bad = tmp_path / "bad.json"
    assert refused(str(bad)) == f"{bad} can't be read: No such file or directory"
    for content, says in (
        (b'{"title": "x",}', "bad.json: this isn't valid JSON: line 1: "),
        (b"\xff\xfe", "bad.json: this isn't UTF-8 text"),
        (b'{"title": "%s"}' % (b"x" * 100_000), "bad.json: this is too long to be criteria"),
        (b"[]", "bad.json: an object is wanted"),
        (b'{"min_years": 9, "max_years": 1}', "bad.json: min_years (9) is above max_years (1)"),
        (b'{"skills": ["Go", "GO"]}', "bad.json: skills: GO is given twice"),
        (b"{}", "bad.json: it asks for nothing, so there is nothing to score by"),
    ):
        bad.write_bytes(content)
        assert refused(str(bad)).startswith(says)
    first = json.loads(rapport("sourcing", "results", str(campaign_id), "--format", "jsonl").splitlines()[0])
    assert (first["full_name"], first["score"]) == ("Ann", 100)


def test_what_has_no_results_says_so(rapport: Rapport, database: Database, tmp_path: Path) -> None:
    with database.transaction() as session:
        account = an_account(session)
        birthday = a_campaign(session, account)
        nobody, _ = a_search(session, account)
    said = rapport.refused("sourcing", "results", str(birthday))
    assert "isn't a sourcing campaign (birthday)" in said
    assert "there is no campaign 'zz'" in rapport.refused("sourcing", "results", "zz")
    assert "found: 0; it continues; profiles: 0 read, 0 waiting" in rapport(
        "sourcing", "results", str(nobody)
    )
    assert "nobody has a score of 50 or more" in rapport(
        "sourcing", "results", str(nobody), "--min-score", "50"
    )
    assert rapport("sourcing", "results", str(nobody), "--format", "jsonl") == ""
    file = criteria_file(tmp_path, title="x")
    assert "nobody was found yet" in rapport("sourcing", "rescore", str(nobody), "--criteria", file)
    assert "for a file give --format" in rapport.refused(
        "sourcing", "results", str(nobody), "-o", "people.csv"
    )
    with database.transaction() as session:
        session.execute(update(Campaign).values(state="paused"))
    assert "of demo, paused: pages read: 0" in rapport("sourcing", "results", str(nobody))
    with database.transaction() as session:
        session.execute(delete(Search))
        campaigns.mark_planned(session, nobody, preview=[])
    assert "nothing was searched, it was a dry run" in rapport("sourcing", "results", str(nobody))


PAGE = (Path(__file__).parents[3] / "docs" / "sourcing.md").read_text()


def test_the_page_s_example_is_what_is_computed() -> None:
    [criteria] = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    somebody = Profile(
        "x", "Ann", "Data engineer at Acme", "Dresden, Germany", 2, open_to_work=False,
        positions=(
            Position("Data Engineer", "Acme", date(2022, 3, 1), None),
            Position("Analyst", "Globex", date(2019, 1, 1), date(2022, 2, 1)),
        ),
        skills=("Python 3", "SQL"), languages=("Spanish", "English"),
    )  # fmt: skip
    found = score(Criteria.model_validate_json(criteria), somebody, date(2026, 11, 24))
    printed = "".join(f"{reason}\n" for reason in found.reasons)
    assert f"```\n{printed}```" in PAGE
    assert f"has {found.points} points" in " ".join(PAGE.split())


def test_the_page_s_table_has_every_criterion_with_its_weight() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\d+) \|", PAGE, re.MULTILINE)
    assert {name: int(weight) for name, weight in rows} == DEFAULT_WEIGHTS
