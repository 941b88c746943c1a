"""One harness for all fault tests: its servers and workers outlive every fault, as they should.

It ends with the last fault test, because its workers tick every second and would slow the tests after it.
"""

from collections.abc import Iterator

import pytest

from tests.conftest import migrated_cluster
from tests.faults.harness import Harness
from tests.folders import system_folder
from tests.servers import copy_cluster


@pytest.fixture(scope="package")
def harness() -> Iterator[Harness]:
    with system_folder("faults") as folder:
        copy_cluster(migrated_cluster(), folder)
        with Harness(folder) as made:
            yield made
