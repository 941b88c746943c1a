"""The embedded database: a backup of one data folder fills another, with the keys of the first."""

import json
import shutil
from pathlib import Path

import pytest
from pyrage import x25519

from api_stub.cli.stack.migrate import migrate_and_seed
from api_stub.stack.lock import Purpose
from api_stub.stack.servers.unprivileged import remove_cluster
from api_stub.stack.stack import Stack
from db.backup.make import make_backup
from db.backup.targets import open_target
from db.engine import Database
from db.store.backups.fingerprints import record_key
from db.store.people import accounts
from tests.builders import a_contact, an_account
from tests.cli.conftest import Rapport
from worker.secrets import Vault


def test_a_new_data_folder_is_made_from_a_backup_and_the_old_keys(
    rapport: Rapport, environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tmp_path.chmod(0o711)
    for variable in ("DATABASE_URL", "REDIS_URL", "RAPPORT_SECRET_KEYS", "RAPPORT_NOTICE_KEYS"):
        environment.delenv(variable)
    private = x25519.Identity.generate()
    key = tmp_path / "key"
    key.write_text(str(private))
    old, new = tmp_path / "old", tmp_path / "new"
    unused = "redis://not-started"
    try:
        with Stack(
            old, redis_url=unused, purpose=Purpose.COMMAND, migrate=migrate_and_seed, durable=False
        ) as stack:
            database = Database(stack.database_url, application_name="tests")
            vault = Vault(stack.secrets.secret_key)
            with database.transaction() as session:
                account = an_account(session)
                a_contact(session, account, "ann")
                accounts.save_session(session, account.id, vault.seal("cookies"))
                record_key(session, vault.variable, vault.fingerprints[0])
            report = make_backup(  # as the control worker does it, with the least rights
                stack.database_url,
                open_target(str(tmp_path)),
                [str(private.to_public())],
                evidence=None,
                keep=None,
            )
            database.close()
        assert report.left_out == ()
        environment.setenv("RAPPORT_DATA", str(new))
        code, _, err = rapport.code("restore", report.file, "--key", str(key))
        assert code == 1
        assert "secrets.json" in err
        assert not new.exists(), "a folder with keys of its own would only be in the way"
        new.mkdir()
        shutil.copy(old / "secrets.json", new / "secrets.json")
        assert "restored" in rapport("restore", report.file, "--key", str(key))
        code, out, _ = rapport.code("contacts", "list", "--json")
        assert code == 0
        assert len(json.loads(out)) == 1
    finally:
        for folder in (old, new):
            remove_cluster(folder / "postgres")
