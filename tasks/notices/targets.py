"""Add a target of notices, and test one."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Final
from uuid import UUID

from pydantic import SecretStr

from db.engine import Database
from db.store.backups.fingerprints import record_key
from db.store.notices import deliveries, targets
from tasks.notices.sending import Sender
from worker.errors import RequestRefusedError
from worker.notices import child, webhook
from worker.notices.protocol import CheckedUrl, SendResult, TargetAddress
from worker.rules.notices.kinds import NoticeKind
from worker.rules.wording.hints import PROGRAM
from worker.secrets import Vault

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")
_LONGEST_URL: Final = 4_000


@dataclass(frozen=True, slots=True)
class AddedTarget:
    """A new target. `secret` signs a webhook's messages; it is shown once."""

    name: str
    checked: CheckedUrl
    secret: SecretStr | None


def add_target(
    database: Database,
    vault: Vault,
    url: SecretStr,
    *,
    name: str | None = None,
    account_id: int | None = None,
    kinds: Collection[NoticeKind] | None = None,
    with_texts: bool = False,
    with_screenshots: bool = False,
) -> AddedTarget:
    """Check a URL and store it encrypted. Raises RequestRefusedError that never quotes it."""
    if name is not None and not _NAME.fullmatch(name):
        raise RequestRefusedError(
            f"{name!r} can't be a target's name: use lower-case letters, digits, - and _, at most 60, "
            "beginning with a letter or digit"
        )
    given = url.get_secret_value().strip()
    if not given or len(given) > _LONGEST_URL or re.search(r"[\x00-\x20\x7f]", given):
        raise RequestRefusedError(
            f"the URL is empty, longer than {_LONGEST_URL} characters, or has a blank in it (write %20)"
        )
    secret = webhook.make_secret() if webhook.is_webhook(given) else None
    address = TargetAddress(url=SecretStr(given), secret=secret)
    checked = child.check_url(address)
    if checked.problem is not None:
        raise RequestRefusedError(f"the URL can't be used: {checked.problem}")
    with database.transaction() as session:
        taken = {each.name for each in targets.list_targets(session)}
        chosen = name or _choose_name(checked.scheme, taken)
        record_key(session, vault.variable, vault.fingerprints[0])
        targets.add_target(
            session,
            name=chosen,
            account_id=account_id,
            scheme=checked.scheme,
            host=checked.host,
            sealed=vault.seal(address.model_dump_json()),
            kinds=kinds,
            with_texts=with_texts,
            with_screenshots=with_screenshots,
        )
    return AddedTarget(chosen, checked, secret)


def send_test(
    database: Database, vault: Vault, target_id: UUID, *, evidence_dir: Path, program: str = PROGRAM
) -> SendResult:
    """Send a test to a target now, and return how that ended. A failed test is not tried again.

    `program` is what a person types to start Rapport; the test names two commands.
    """
    sender = Sender(database, vault, evidence_dir=evidence_dir, stopping=Event(), program=program)
    with database.transaction() as session:
        claim = deliveries.claim_test(session, target_id)
    return sender.send(claim).result


def list_unopened(database: Database, vault: Vault) -> Sequence[str]:
    """Return the names of the targets whose URL no key decrypts."""
    with database.transaction() as session:
        return [name for name, sealed in targets.list_sealed(session) if not vault.can_open(sealed)]


def reseal_targets(database: Database, vault: Vault) -> tuple[int, Sequence[str]]:
    """Re-encrypt the URL of every target with the newest key.

    Returns how many there are, and the names of those that no key decrypts, which stay as they are.
    """
    unopened = list_unopened(database, vault)
    with database.transaction() as session:
        record_key(session, vault.variable, vault.fingerprints[0])
        return targets.reseal(session, vault.reseal, without=unopened), unopened


def _choose_name(scheme: str, taken: Collection[str]) -> str:
    """Return a free name after the scheme: "mailtos", "mailtos-2"."""
    base = re.sub(r"[^a-z0-9]+", "-", scheme).strip("-") or "target"
    return next(
        name
        for number in range(1, len(taken) + 2)
        if (name := f"{base}-{number}" if number > 1 else base) not in taken
    )
