"""Targets in this process, with a real Postgres."""

import warnings
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from threading import Event

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr

from db.engine import Database
from tasks.notices.sending import Sender
from tasks.notices.targets import AddedTarget, add_target
from tests.notices.receivers import Mailbox, Receiver, open_mailbox, open_receiver
from worker.notices import child, sender
from worker.secrets import Vault, open_notice_vault

KEY = Fernet.generate_key().decode()
AddTarget = Callable[..., AddedTarget]


@pytest.fixture
def vault() -> Vault:
    return open_notice_vault(SecretStr(KEY))


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with open_receiver() as receiver:
        yield receiver


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with open_mailbox() as mailbox:
        yield mailbox


@pytest.fixture
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Send without a child, whose imports take most of the time."""
    monkeypatch.setattr(child, "_ask", lambda request, *_: sender._answer(request))
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", DeprecationWarning
        )  # imghdr, which Apprise imports where there is one
        import_module("worker.notices.apprise_service")


@pytest.fixture
def add(database: Database, vault: Vault, in_this_process: None) -> AddTarget:
    """Adds a target."""

    def make(url: str, **options: object) -> AddedTarget:
        return add_target(database, vault, SecretStr(url), **options)  # type: ignore[arg-type]  # by the test

    return make


@pytest.fixture
def notice_sender(database: Database, vault: Vault, tmp_path: Path, in_this_process: None) -> Sender:
    return Sender(database, vault, evidence_dir=tmp_path, stopping=Event())
