"""An address book with a contact, a doubt and a refused entry."""

from pathlib import Path

import pytest

from db.engine import Database
from tests.builders import a_contact, an_account
from tests.imports.files import write_file

CARDS = """BEGIN:VCARD
FN:Ann
URL:https://sandbox.test/in/ann
BDAY:--0305
END:VCARD
BEGIN:VCARD
FN:Bob
BDAY:1980-03-06
END:VCARD
BEGIN:VCARD
FN:Cid
BDAY:03/04/1980
END:VCARD
"""


@pytest.fixture
def vcf(database: Database, tmp_path: Path) -> Path:
    with database.transaction() as session:
        account = an_account(session)
        for slug in ("bob", "bob-two"):
            a_contact(session, account, slug, name="Bob")
    return write_file(tmp_path, CARDS, "book [x].vcf")
