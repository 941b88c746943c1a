"""Send a claimed message and record how that ended."""

import random
import traceback
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Final

from psycopg.errors import QueryCanceled
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from db.engine import Database
from db.store.notices import deliveries
from db.store.notices.deliveries import MessageClaim
from tasks.notices.approve_urls import LinkMaker
from tasks.notices.compose import compose_message, compose_without_text
from worker import logs
from worker.errors import ConfigurationError
from worker.failpoint import trigger_failpoint
from worker.notices import child
from worker.notices.protocol import Message, SendResult, TargetAddress
from worker.rules.notices.deliveries import SendFailure
from worker.rules.wording.hints import PROGRAM
from worker.secrets import Vault

POSTGRES_AWAY: Final = (OperationalError, PoolTimeoutError)

log = logs.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SentMessage:
    """How sending ended. Not recorded: the claim's lease had ended, and another process has the message."""

    result: SendResult
    is_recorded: bool
    is_retried: bool

    @property
    def failure(self) -> SendFailure | None:
        """Why it was not sent; None: it was."""
        return self.result.failure


class Sender:
    """Sends messages to targets. Safe in several threads."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        *,
        evidence_dir: Path,
        stopping: Event,
        program: str = PROGRAM,
        public_url: str | None = None,
    ) -> None:
        self._database, self._vault = database, vault
        self._evidence_dir, self._stopping = evidence_dir, stopping
        self._program, self._public_url = program, public_url

    def send(self, claim: MessageClaim) -> SentMessage:
        """Send the message of a claim and record how that ended. Raises only the errors of Postgres."""
        trigger_failpoint("after_notice_claim")
        result = self._send(claim)
        trigger_failpoint("after_notice_send")
        with self._database.transaction() as session:
            if result.failure is None:
                is_recorded = deliveries.record_sent(session, claim)
                return SentMessage(result, is_recorded=is_recorded, is_retried=False)
            is_retried = deliveries.record_failure(
                session,
                claim,
                result.failure,
                may_have_arrived=result.may_have_arrived,
                chance=random.random(),  # noqa: S311 -- to spread retries
            )
        return SentMessage(result, is_recorded=True, is_retried=is_retried)

    def _send(self, claim: MessageClaim) -> SendResult:
        try:
            address = TargetAddress.model_validate_json(self._vault.open(claim.sealed).get_secret_value())
        except ConfigurationError:
            return SendResult(failure=SendFailure.KEYS)
        return child.send(address, self._compose(claim), stopping=self._stopping)

    def _compose(self, claim: MessageClaim) -> Message:
        try:
            links = LinkMaker(self._public_url, claim.target)
            with self._database.snapshot() as session:
                message = compose_message(
                    session, claim, evidence_dir=self._evidence_dir, links=links, program=self._program
                )
            links.store(self._database)
        except OperationalError as error:
            if not isinstance(error.orig, QueryCanceled):  # Postgres is away, not only busy
                raise
            return self._compose_without_text(claim, error)
        except PoolTimeoutError:
            raise
        except Exception as error:  # noqa: BLE001 -- a boundary: people are told all the same
            return self._compose_without_text(claim, error)
        return message

    @staticmethod
    def _compose_without_text(claim: MessageClaim, error: Exception) -> Message:
        # Without the error's text, which may quote a message.
        log.error(
            "notice_without_its_text",
            error=type(error).__name__,
            where=name_place(error),
            message_id=str(claim.id),
        )
        return compose_without_text(claim)


def name_place(error: Exception) -> str:
    """Return where an error was raised, as "file.py:12", for a log that must not have its text."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{Path(frame.filename).name}:{frame.lineno}"
