"""What upkeep publishes, without a broker."""

import pytest

from tasks.entry import upkeep
from tasks.services import Services
from tasks.upkeep import jobs


@pytest.fixture
def published(without_pages: Services, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the tasks that were published."""
    names: list[str] = []
    monkeypatch.setattr(jobs, "publish_task", names.append)
    monkeypatch.setattr(upkeep, "get_services", lambda: without_pages)
    return names
