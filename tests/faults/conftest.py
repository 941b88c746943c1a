"""One harness for all fault tests: its servers and workers outlive every fault, as they should.

It ends with the last fault test, because its workers tick every second and would slow the tests after it.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import migrated_cluster
from tests.faults.harness import Harness
from tests.servers import copy_cluster


@pytest.fixture(scope="package")
def harness() -> Iterator[Harness]:
    with tempfile.TemporaryDirectory(prefix="rapport-faults-") as folder:
        copy_cluster(migrated_cluster(), Path(folder))
        with Harness(Path(folder)) as made:
            yield made
