"""The ids of messages: the time and the conversation that the server wrote into them."""

import base64
from datetime import UTC, datetime, timedelta
from urllib.parse import quote
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.browser.linkedin.messaging_pages import CONVERSATION, OWNER, thread_path, urn
from worker.browser.linkedin.messaging.message_ids import (
    find_conversation,
    is_conversation_page,
    read_message_id,
)

AT = datetime(2026, 11, 20, 9, 30, 15, 250_000, UTC)
TIMES = st.integers(10**12, 4 * 10**12).map(
    lambda ms: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
)


@given(TIMES, st.uuids(), st.integers(0, 99_999))
def test_an_id_gives_the_time_and_the_conversation_that_are_in_it(
    at: datetime, conversation: UUID, number: int
) -> None:
    found = read_message_id(urn(at, f"{conversation}_100", number))
    assert found is not None
    assert (found.at, found.conversation, found.owner) == (at, f"{conversation}_100", OWNER)
    assert (
        find_conversation(f"https://www.linkedin.com{thread_path(found.conversation)}") == found.conversation
    )


@pytest.mark.parametrize(
    "path",
    [thread_path(), thread_path().rstrip("/"), quote(thread_path()), thread_path().replace("=", "")],
)
def test_an_address_names_its_conversation_with_and_without_padding(path: str) -> None:
    assert find_conversation(f"https://www.linkedin.com{path}?x=1") == CONVERSATION
    assert is_conversation_page(f"https://www.linkedin.com{path}")


@given(st.text(max_size=80))
def test_other_texts_are_no_ids(text: str) -> None:
    assert read_message_id(text) is None
    assert find_conversation(f"https://www.linkedin.com/messaging/{quote(text)}") is None


@pytest.mark.parametrize(
    "made_by_the_page",
    [
        None,
        "client-1",
        f"urn:li:msg_message:(urn:li:fsd_profile:{OWNER},2b5e1c2a-1111-4222-8333-444455556666)",
        f"urn:li:msg_message:(urn:li:fsd_profile:{OWNER},2-{base64.b64encode(b'pending').decode()})",
        urn(AT) + "x",
    ],
)
def test_an_id_that_the_page_made_is_none_from_the_server(made_by_the_page: str | None) -> None:
    assert read_message_id(made_by_the_page) is None
