"""Files with photographs: the transaction is never silent for long, and memory stays bounded."""

import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.errors import IdleInTransactionSessionTimeout
from sqlalchemy.exc import DBAPIError, InternalError, OperationalError

from api_stub.cli.context import translate_database_errors
from db.engine import Database
from db.imports import merge
from db.imports.blocks import Block, BlockReader
from db.imports.merge import import_file, inspect_file
from db.imports.text_file import Lines
from tests.builders import SANDBOX, an_account
from tests.imports.files import TODAY
from worker.errors import RequestRefusedError
from worker.rules.model import ImportSource

PHOTO_LINE = " " + "A" * 74 + "\r\n"
MIB = 1 << 20


def write_cards(path: Path, cards: int, photo_bytes: int) -> Path:
    with path.open("w", encoding="ascii", newline="") as out:
        for number in range(cards):
            out.write(
                f"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Person {number}\r\nURL:{SANDBOX}p{number}\r\n"
                "PHOTO;ENCODING=b;TYPE=JPEG:AAAA\r\n"
            )
            out.write(PHOTO_LINE * (photo_bytes // len(PHOTO_LINE)))
            out.write("END:VCARD\r\n")
    return path


@pytest.mark.parametrize("content", ["one long card", "no card at all", "one long line", "many cards"])
def test_postgres_hears_of_an_import_while_no_entry_comes(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    monkeypatch.setattr(merge, "_SILENT_AT_MOST_S", 0.0)
    path = tmp_path / "people.vcf"
    if content == "one long card":
        write_cards(path, 1, 4 * MIB)
    elif content == "many cards":
        write_cards(path, 4, MIB)
    else:
        junk = "x" * (4 * MIB) if content == "one long line" else f"{'junk' * 15}\n" * (4 * MIB // 61)
        path.write_text(f"{junk}\nBEGIN:VCARD\nFN:Ann\nURL:{SANDBOX}ann\nEND:VCARD\n", encoding="ascii")
    seen: list[int] = []
    asked: list[object] = []
    execute = psycopg.Connection.execute

    def count_and_execute(self: Any, query: Any) -> Any:
        asked.append(query)
        return execute(self, query)

    monkeypatch.setattr(psycopg.Connection, "execute", count_and_execute)
    with database.transaction() as session:
        account = an_account(session)
        file = inspect_file(path, source=ImportSource.VCARD)
        report = import_file(session, account, file, by="tests", today=TODAY, progress=seen.append)
    assert report.new == (4 if content == "many cards" else 1)
    steps = [after - before for before, after in zip([0, *seen], seen, strict=False)]
    assert max(steps) <= 2 * MIB
    assert asked.count("select 1") >= 3
    assert seen[-1] == path.stat().st_size


@pytest.mark.parametrize("kind", [InternalError, OperationalError])
def test_a_command_whose_transaction_slept_says_so(kind: type[DBAPIError]) -> None:
    slept = kind("select 1", None, IdleInTransactionSessionTimeout("terminating connection"))
    with pytest.raises(RequestRefusedError, match="asleep; nothing was changed"), translate_database_errors():
        raise slept


def test_a_batch_ends_after_some_bytes(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(merge, "_BATCH_BYTES", MIB)
    path = write_cards(tmp_path / "people.vcf", 20, MIB // 5)
    copies = 0

    def count_copies(_: int) -> None:
        nonlocal copies
        copies += 1

    with database.transaction() as session:
        account = an_account(session)
        import_file(session, account, inspect_file(path), by="tests", today=TODAY, progress=count_copies)
    assert copies >= 4


def test_no_photograph_is_held_while_cards_are_read(tmp_path: Path) -> None:
    path = write_cards(tmp_path / "people.vcf", 4, MIB)
    reader = BlockReader("VCARD", {"FN", "URL"}.__contains__, Counter())
    blocks = [block for block in reader.read(Lines(path, "utf-8")) if isinstance(block, Block)]
    assert len(blocks) == 4
    assert max(block.size for block in blocks) < 200


MEASURE = """
import sys
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo
import psutil
from db.engine import Database
from db.imports.merge import import_file, inspect_file
from db.store.people import accounts
me, peak = psutil.Process(), 0
def note_memory(_):
    global peak
    peak = max(peak, me.memory_info().rss)
database = Database(sys.argv[1], application_name="tests")
with database.transaction() as session:
    account = accounts.add_account(session, name="photos", site="sandbox", zone=ZoneInfo("UTC"))
    file = inspect_file(Path(sys.argv[2]))
    report = import_file(session, account, file, by="tests", today=date(2026, 11, 24), progress=note_memory)
    session.rollback()
print(report.new, peak >> 20)
"""


@pytest.mark.soak
def test_two_thousand_photographs_are_imported_within_150_mib(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    path = write_cards(tmp_path / "photos.vcf", 2_000, 200_000)
    told = subprocess.run(
        [sys.executable, "-c", MEASURE, database_url, str(path)], check=True, capture_output=True, text=True
    )
    new, peak_mib = map(int, told.stdout.split())
    assert new == 2_000
    assert peak_mib < 150
