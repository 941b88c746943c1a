"""The levels of single modules: every wrong part is named, and none lets a library log data."""

import re

import pytest

from worker.rules.log_levels import parse_log_levels


def test_modules_and_libraries_have_levels_of_their_own() -> None:
    assert parse_log_levels(" tasks.actions=debug, db=WARNING,,celery.beat=INFO ,") == {
        "tasks.actions": "DEBUG",
        "db": "WARNING",
        "celery.beat": "INFO",
    }
    assert parse_log_levels("") == {}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("tasks", "'tasks' isn't MODULE=LEVEL"),
        ("tasks=LOUD", "with a level of DEBUG"),
        ("=DEBUG", "isn't MODULE=LEVEL"),
        ("tasks..x=DEBUG", "isn't the name of a module"),
        ("../x=INFO", "isn't the name of a module"),
        ("taks=DEBUG", "there is no module called 'taks'"),
        ("sqlalchemy.engine=DEBUG", "would log secrets or people's data; INFO"),  # rows
        ("celery.pool=DEBUG", "INFO"),  # arguments of tasks
        ("httpx=INFO", "WARNING"),  # addresses of subscriptions
        ("httpcore.http11=INFO", "WARNING"),
    ],
)
def test_a_wrong_part_is_refused_by_name(given: str, says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        parse_log_levels(f"db=INFO,{given}")
