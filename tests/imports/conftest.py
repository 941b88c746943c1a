"""Fixtures of the import tests."""

import pytest

from tests.imports.v1.messy_v1 import Messy, messy_v1


@pytest.fixture(scope="module")
def messy(tmp_path_factory: pytest.TempPathFactory) -> Messy:
    return messy_v1(tmp_path_factory.mktemp("v1") / "linkedin_automation.db")
