"""The fault tests' system on the replica of LinkedIn: an account whose pages are proven, and real workers."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import uuid4

from api_stub.sandbox.client import SandboxClient
from db.store.people.accounts import AccountRecord
from db.store.quota import limits
from tests.builders import prove_site
from tests.conftest import KEY
from tests.faults.harness import PLENTY, TIME_LIMIT, Harness
from tests.replica.linkedin.client import ReplicaClient
from tests.replica.running import signed_in_state
from worker.rules.model import Kind


class ReplicaHarness(Harness):
    """A fresh replica for each test, with an account that a person has already watched sending."""

    site_name = "linkedin"
    plenty = replace(PLENTY, per_day=30, per_week=120)  # the hard ceilings of a real site
    time_limit = 2 * TIME_LIMIT  # two looks at a conversation take half a minute
    advance_s = 1.2  # a greeting takes that long, and each tick costs processor time
    site: ReplicaClient

    def wait_until_settled(self, *, seconds: float = 300) -> None:
        """Wait until every action has ended: a greeting takes longer here than on the practice network."""
        super().wait_until_settled(seconds=seconds)

    def make_client(self, url: str) -> SandboxClient:
        """Return the replica's client."""
        return ReplicaClient(url, KEY)

    def site_command(self, port: int) -> Sequence[str]:
        """Return the command of a replica that nobody has used yet."""
        journal = self.data / f"replica-{uuid4().hex}.jsonl"
        return "-m", "tests.replica.linkedin", "--port", str(port), "--journal", str(journal)

    def sign_in(self, member: str) -> str:
        """Return the storage state of the replica's only member."""
        return signed_in_state(self.site)

    def add_account(self, member: str, name: str | None = None) -> AccountRecord:
        """Add an account that has passed the check of its pages, and whose first message was looked at."""
        account = super().add_account(member, name)
        with self.database.transaction() as session:
            limits.set_limits(session, account.id, Kind.WITHDRAW, self.plenty, by="tests")
            prove_site(session, account.id)
        return account
