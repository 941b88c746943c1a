"""A replica of LinkedIn in a process of its own, and a member who is signed in."""

from collections.abc import Iterator

import pytest

from tests.folders import system_folder
from tests.replica.harness import ReplicaHarness
from tests.replica.linkedin.client import ReplicaClient
from tests.replica.running import running_replica, signed_in_state


@pytest.fixture(scope="module")
def replica_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReplicaClient]:
    """One replica for the tests of a module."""
    with running_replica(tmp_path_factory.mktemp("replica") / "journal.jsonl") as client:
        yield client


@pytest.fixture
def replica(replica_process: ReplicaClient) -> ReplicaClient:
    """The module's replica as at its start; those who were signed in still are."""
    replica_process.reset()
    return replica_process


@pytest.fixture(scope="module")
def replica_state(replica_process: ReplicaClient) -> str:
    """The storage state of the member, signed in to the module's replica."""
    return signed_in_state(replica_process)


@pytest.fixture(scope="package")
def harness() -> Iterator[ReplicaHarness]:
    with system_folder("replica") as folder, ReplicaHarness(folder) as made:
        yield made
