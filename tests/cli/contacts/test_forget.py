"""`rapport contacts forget` and `allow`: no trace of the person is left anywhere."""

from io import StringIO
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from db.engine import Database
from db.tables import Action, Contact, Tombstone
from tests.builders import SANDBOX, a_contact, an_account
from tests.cli.conftest import Rapport
from tests.whole_person import IDENTIFYING_TEXTS, NAME, SLUG, ZOE, a_known_person, pictures

_TEXTS = "('text', 'character varying', 'jsonb', 'json', 'bytea', 'ARRAY')"


def find_columns_with(session: Session, word: str) -> list[str]:
    """Return the columns that contain `word`, of all columns in Postgres that can hold a text."""
    columns = session.execute(
        text(
            "select table_name, column_name, data_type from information_schema.columns "
            f"where table_schema = 'public' and data_type in {_TEXTS}"
        )
    ).all()
    assert {column[0] for column in columns} > {"contacts", "actions", "interactions", "campaigns"}
    told = []
    for table, column, kind in columns:
        shown = f"encode(\"{column}\", 'escape')" if kind == "bytea" else f'"{column}"::text'
        count = text(f'select count(*) from "{table}" where lower({shown}) like lower(:word)')
        if session.scalar(count, {"word": f"%{word}%"}):
            told.append(f"{table}.{column}")
    return told


def files_that_tell(folder: Path, word: str) -> list[Path]:
    told = word.casefold()
    return [
        path
        for path in folder.rglob("*")
        if told in path.name.casefold() or (path.is_file() and told in path.read_text("latin-1").casefold())
    ]


@pytest.fixture
def evidence(environment: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    folder = tmp_path / "data" / "evidence"
    environment.setenv("RAPPORT_EVIDENCE_DIR", str(folder))
    return folder


def test_nothing_anywhere_tells_who_it_was(
    rapport: Rapport, database: Database, evidence: Path, tmp_path: Path
) -> None:
    (tmp_path / "files").mkdir()
    with database.transaction() as session:
        accounts = a_known_person(session, tmp_path / "files")
        for word in IDENTIFYING_TEXTS:
            assert find_columns_with(session, word), word
        open_one = session.scalars(select(Action.id).where(Action.state == "planned")).first()
    *hers, bobs = pictures(evidence, accounts)
    assert files_that_tell(tmp_path / "data", SLUG)

    said = rapport("contacts", "forget", f"sandbox.test/in/{SLUG.upper()}?utm=1", "--yes")

    assert "2 contacts" in said
    assert f"{len(hers)} pictures" in said
    assert "Not erased: earlier exports, backups" in said
    with database.transaction() as session:
        assert {word: find_columns_with(session, word) for word in IDENTIFYING_TEXTS} == {
            word: [] for word in IDENTIFYING_TEXTS
        }
    assert [files_that_tell(tmp_path / "data", word) for word in IDENTIFYING_TEXTS] == [[]] * len(
        IDENTIFYING_TEXTS
    )
    assert bobs.exists()
    for command in (
        ("actions", "list"), ("actions", "show", str(open_one)), ("why", str(open_one)[:8]), ("why", "demo"),
        ("summary", "demo"), ("campaign", "list"), ("import", "list"), ("export", "contacts"),
        ("export", "interactions"), ("export", "contacts", "--format", "jsonl"), ("audit", "verify"),
    ):  # fmt: skip
        out = rapport(*command)
        assert not [word for word in IDENTIFYING_TEXTS if word.casefold() in out.casefold()], command
    assert "(forgotten)" in rapport("export", "interactions")
    assert "(forgotten)" not in rapport("export", "contacts")
    assert "no match for" in rapport.refused("why", "(forgotten)")
    assert "this person was already forgotten" in rapport("contacts", "forget", ZOE, "--yes")


def test_who_is_not_known_is_never_collected(rapport: Rapport, database: Database) -> None:
    said = rapport("contacts", "forget", "linkedin.com/in/Never-Seen", "--yes")
    assert "never collected" in said
    assert "only be named by profile address" in rapport.refused("contacts", "forget", "Never Seen", "--yes")
    with database.transaction() as session:
        assert [each.site for each in session.scalars(select(Tombstone))] == ["linkedin"]


@pytest.mark.parametrize("typed", ["", "y\n"])
def test_nobody_is_forgotten_without_a_yes(
    rapport: Rapport, database: Database, monkeypatch: pytest.MonkeyPatch, typed: str
) -> None:
    monkeypatch.setattr("sys.stdin", StringIO(typed))
    with database.transaction() as session:
        a_contact(session, an_account(session), SLUG, name=NAME)
    code, said, error = rapport.code("contacts", "forget", SLUG)
    assert (code, ZOE in said) == (1, True)
    assert "not confirmed, so nothing was erased" in error
    with database.transaction() as session:
        assert session.scalars(select(Contact.full_name)).all() == [NAME]


def test_a_name_that_two_people_have_asks_for_the_address(rapport: Rapport, database: Database) -> None:
    with database.transaction() as session:
        account, other = an_account(session), an_account(session, "other")
        a_contact(session, account, "ann-1", name="Ann Lee")
        a_contact(session, other, "ann-2", name="Ann Lee")
    assert "give an address, or --account" in rapport.refused("contacts", "forget", "Ann Lee", "--yes")
    rapport("contacts", "forget", "ann lee", "--account", "other", "--yes")
    with database.transaction() as session:
        left = select(Contact.profile_url).where(Contact.forgotten_at.is_(None))
        assert session.scalars(left).all() == [f"{SANDBOX}ann-1/"]


def test_who_agrees_can_be_found_again(rapport: Rapport, database: Database) -> None:
    assert "nobody with this address was forgotten" in rapport.refused("contacts", "allow", ZOE)
    assert "isn't a profile address" in rapport.refused("contacts", "allow", NAME)
    rapport("contacts", "forget", ZOE, "--yes")
    rapport("contacts", "allow", ZOE)
    with database.transaction() as session:
        a_contact(session, an_account(session), SLUG, name=NAME)
        lifted = session.scalars(select(Tombstone)).one()
        assert (lifted.lifted_at is not None, lifted.lifted_by) == (True, "ops@host")
    rapport("contacts", "forget", ZOE, "--yes")
    with database.transaction() as session:
        assert session.scalars(select(Contact.full_name)).all() == ["(forgotten)"]
        assert session.scalars(select(Tombstone.lifted_at)).all() == [None]
