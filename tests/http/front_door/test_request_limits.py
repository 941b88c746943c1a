"""Limits on the size of a request, by calling the guard directly."""

import pytest
from starlette.types import Message, Receive

from api_stub.http.access.guard import Guard
from tests.http.conftest import KEY
from tests.http.front_door.test_guard import SETTINGS, Head, answers, run, status


def body_of(size: int) -> Receive:
    """A body in two parts."""
    parts = [b" " * (size // 2), b" " * (size - size // 2)]

    async def receive() -> Message:
        return {"type": "http.request", "body": parts.pop(), "more_body": bool(parts)}

    return receive


@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("/control/birthday", 65_536),
        ("/control/campaigns/one/approve", 262_144),
        ("/control/visitor", 2_097_152),
        ("/v1/proposals/approve", 262_144),
        ("/v1/campaigns", 2_097_152),
        ("/v1/schedules/demo/visitor", 2_097_152),
        ("/v1/schedules/demo/birthday", 65_536),
        ("/control/visitors", 65_536),
    ],
)
def test_a_body_has_at_most_so_many_bytes_however_it_comes(path: str, most: int) -> None:
    async def both() -> None:
        json = (("content-type", "application/json"),)
        door = Guard(answers, SETTINGS)
        assert await status(door, path, body_of(most), json) == 204
        assert await status(door, path, body_of(most + 1), json) == 413

    run(both)


@pytest.mark.parametrize(
    ("head", "refused"),
    [
        ((("x-api-key", KEY),), 400),
        ((("authorization", "a"), ("authorization", "a")), 400),
        ((("content-type", "a"), ("content-type", "a")), 400),
        ((("content-length", "0"), ("content-length", "0")), 400),
        ((("host", "a"), ("host", "a")), 400),
        ((("content-length", "0"), ("transfer-encoding", "chunked")), 400),
        ((("accept", "a"), ("accept", "b")), 204),
        (tuple((f"x-{number}", "a") for number in range(63)), 204),
        (tuple((f"x-{number}", "a") for number in range(64)), 431),
        ((("x", "a" * (16_384 - len("x-api-key") - len(KEY) - 1)),), 204),
        ((("x", "a" * (16_384 - len("x-api-key") - len(KEY))),), 431),
    ],
)
def test_a_head_is_bounded_and_says_one_thing_once(head: Head, refused: int) -> None:
    async def one() -> None:
        assert await status(Guard(answers, SETTINGS), head=head) == refused

    run(one)


def test_an_address_is_bounded_and_has_no_line_end_at_its_end() -> None:
    async def both() -> None:
        door = Guard(answers, SETTINGS)
        assert await status(door, "/docs\n") == 404
        assert await status(door, "/" + "a" * 4_095) == 204
        assert await status(door, "/" + "a" * 4_096) == 414

    run(both)
