"""The door of a remote sign-in: one link, one browser, a few minutes, HTTPS or this machine only."""

from base64 import b64encode
from collections.abc import Iterator
from datetime import timedelta

import pytest
import redis
from playwright.sync_api import Page

from tests.cluster import wait_for
from tests.http.conftest import Front, TestClient
from tests.http.front_door.test_front_door import problem
from worker.browser.pool import BrowserPool
from worker.browser.remote_window import RemoteWindow
from worker.sign_in import relay
from worker.sign_in.relay import MAX_WAITING, BrowserEnd, PageEnd
from worker.sign_in.sealing import Direction, seal, unseal

HERE = "http://127.0.0.1:8000"
FAR = "https://rapport.example"
KEY = bytes(range(32))


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def end(client: redis.Redis) -> BrowserEnd:
    return BrowserEnd(client)


def browser(front: Front) -> TestClient:
    """A person's browser, which knows no API key."""
    made = front()
    del made.headers["X-API-Key"]
    return made


def test_a_link_opens_once_and_for_one_browser(front: Front, end: BrowserEnd) -> None:
    token = end.create_link()
    first, second = browser(front), browser(front)
    assert first.post(f"{HERE}/sign-in/open", json={"token": token}).status_code == 204
    end.send(b"a sealed picture")
    for again in (second, first):
        assert "was opened before" in problem(again.post(f"{HERE}/sign-in/open", json={"token": token}), 410)
    assert problem(second.get(f"{HERE}/sign-in/frames"), 410)
    assert problem(second.post(f"{HERE}/sign-in/input", json={"sealed": "aGk="}), 410)
    assert first.get(f"{HERE}/sign-in/frames").content == b"a sealed picture"
    assert first.post(f"{HERE}/sign-in/input", json={"sealed": "aGk="}).status_code == 204
    assert end.receive() == b"hi"


def test_a_browser_reaches_its_own_sign_in_only(front: Front, client: redis.Redis, end: BrowserEnd) -> None:
    other = BrowserEnd(client)
    person = browser(front)
    person.post(f"{HERE}/sign-in/open", json={"token": end.create_link()})
    other.create_link()
    other.send(b"of bea")
    person.post(f"{HERE}/sign-in/input", json={"sealed": "aGk="})
    assert (other.receive(), end.receive()) == (None, b"hi")
    end.send(b"of demo")
    assert person.get(f"{HERE}/sign-in/frames").content == b"of demo"


def test_a_link_expires(
    front: Front, end: BrowserEnd, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "LINK_LIFE", timedelta(milliseconds=1))
    token = end.create_link()
    wait_for("the link to expire", lambda: not client.keys("rapport:sign-in:link:*"))
    assert problem(browser(front).post(f"{HERE}/sign-in/open", json={"token": token}), 410)


def test_a_link_and_its_browser_end_with_the_sign_in(
    front: Front, end: BrowserEnd, client: redis.Redis
) -> None:
    token, person = end.create_link(), browser(front)
    end.end()
    assert problem(person.post(f"{HERE}/sign-in/open", json={"token": token}), 410)
    person.post(f"{HERE}/sign-in/open", json={"token": end.create_link()})
    end.send(b"last words")
    end.end()
    assert person.get(f"{HERE}/sign-in/frames").content == b"last words"
    assert problem(person.get(f"{HERE}/sign-in/frames"), 410)
    assert problem(person.post(f"{HERE}/sign-in/input", json={"sealed": "aGk="}), 410)


def test_what_a_sign_in_leaves_in_redis_expires_and_holds_no_token(
    front: Front, end: BrowserEnd, client: redis.Redis
) -> None:
    token, person = end.create_link(), browser(front)
    kept = [client.keys("*")]
    person.post(f"{HERE}/sign-in/open", json={"token": token})
    person.post(f"{HERE}/sign-in/input", json={"sealed": "aGk="})
    end.send(b"x")
    kept.append(client.keys("*"))
    keys = {key for each in kept for key in each}
    secrets = (token, *person.cookies.values())
    assert len(keys) == 5
    assert not [each for each in secrets if each in repr(keys)]
    assert all(0 < client.ttl(key) <= 3600 for key in kept[-1])
    assert all(client.type(key) != b"string" or client.get(key) not in secrets for key in kept[-1])


@pytest.mark.parametrize("path", ["", "/page.js", "/page.css", "/frames"])
def test_it_is_shown_over_https_or_on_this_machine_only(front: Front, path: str) -> None:
    person = browser(front)
    for address in ("http://rapport.example", "http://192.168.1.5:8000", "http://127.0.0.1.evil.example"):
        assert "HTTPS" in problem(person.get(f"{address}/sign-in{path}"), 403)
        assert "HTTPS" in problem(person.post(f"{address}/sign-in/open", json={"token": "x"}), 403)
    behind_a_proxy = {"Host": "rapport.example", "X-Forwarded-Proto": "https"}
    allowed = 410 if path == "/frames" else 200
    for address in (HERE, "http://localhost:7710", "http://[::1]:1", FAR):
        assert person.get(f"{address}/sign-in{path}").status_code == allowed
    assert person.get(f"{HERE}/sign-in{path}", headers=behind_a_proxy).status_code == allowed


def test_the_cookie_is_for_this_browser_and_https(front: Front, end: BrowserEnd) -> None:
    cookies = []
    for address in (HERE, FAR):
        answer = browser(front).post(f"{address}/sign-in/open", json={"token": end.create_link()})
        cookies.append(answer.headers["set-cookie"])
    for cookie in cookies:
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert "Path=/sign-in" in cookie
    assert ["Secure" in each for each in cookies] == [False, True]


def test_the_page_runs_its_own_script_only_and_asks_nobody_else(front: Front) -> None:
    answer = browser(front).get(f"{HERE}/sign-in")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'; script-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "http" not in answer.text.replace("http-equiv", "")


def test_input_is_bounded(front: Front, end: BrowserEnd) -> None:
    person = browser(front)
    person.post(f"{HERE}/sign-in/open", json={"token": end.create_link()})
    address = f"{HERE}/sign-in/input"
    assert problem(person.post(address, json={"sealed": "A" * 30_004}), 422)
    assert problem(person.post(address, json={"sealed": "A" * 70_000}), 413)
    assert problem(person.post(address, content=b"sealed=aGk="), 415)
    assert "Base64" in problem(person.post(address, json={"sealed": "%%"}), 422)
    taken = [person.post(address, json={"sealed": "aGk="}).status_code for _ in range(MAX_WAITING + 1)]
    assert taken == [204] * MAX_WAITING + [429]
    assert end.receive() == b"hi"
    assert person.post(address, json={"sealed": "aGk="}).status_code == 204


def test_a_wrong_request_is_refused_without_repeating_what_it_held(front: Front) -> None:
    said = problem(browser(front).post(f"{HERE}/sign-in/open", json={"token": "secret-word" * 20}), 422)
    assert "secret-word" not in said


@pytest.fixture
def field(browser_pool: BrowserPool) -> Iterator[Page]:
    page = browser_pool.page_for(1, None)
    page.set_content("<input autofocus>")
    page.locator("input").focus()
    yield page
    browser_pool.close_context(1)


def batch(n: int, text: str) -> bytes:
    return b'{"n": %d, "events": [{"type": "text", "text": "%s"}]}' % (n, text.encode())


def test_only_what_the_person_s_page_sealed_is_typed_and_only_once(
    client: redis.Redis, end: BrowserEnd, field: Page
) -> None:
    window, page_end = RemoteWindow(end, KEY), PageEnd(client)
    channel = page_end.find_channel(page_end.open(end.create_link()) or "")
    assert channel is not None
    good = seal(KEY, Direction.TO_BROWSER, batch(5, "a"))
    other = seal(bytes(32), Direction.TO_BROWSER, batch(6, "b"))
    returned = seal(KEY, Direction.TO_PAGE, batch(6, "c"))
    older = seal(KEY, Direction.TO_BROWSER, batch(4, "d"))
    changed = good[:-1] + bytes([good[-1] ^ 1])
    malformed = seal(KEY, Direction.TO_BROWSER, b'{"n": 7, "events": [{"type": "evaluate", "text": "e"}]}')
    enters = seal(KEY, Direction.TO_BROWSER, batch(8, "f\\n"))
    for sealed in (good, good, other, returned, older, changed, malformed, enters, b"", b"x" * 12):
        assert page_end.send(channel, sealed)
    window.attend(field)
    assert field.locator("input").input_value() == "a"
    last = seal(KEY, Direction.TO_BROWSER, batch(6, "z"))
    assert page_end.send(channel, last)
    window.attend(field)
    assert field.locator("input").input_value() == "az"


def test_a_picture_is_sealed_for_the_page(client: redis.Redis, end: BrowserEnd, field: Page) -> None:
    window, page_end = RemoteWindow(end, KEY), PageEnd(client)
    channel = page_end.find_channel(page_end.open(end.create_link()) or "")
    assert channel is not None
    start = b'{"n": 1, "events": [{"type": "start", "width": 5000, "height": 1}]}'
    page_end.send(channel, seal(KEY, Direction.TO_BROWSER, start))
    sealed = None
    while sealed is None:
        window.attend(field)
        field.wait_for_timeout(20)
        sealed = client.rpop(channel.to_page)
    assert isinstance(sealed, bytes)
    message = unseal(KEY, Direction.TO_PAGE, sealed)
    assert message is not None
    head, _, jpeg = message.partition(b"\n")
    assert b'"width": 1280' in head
    assert jpeg[:2] == b"\xff\xd8"
    assert unseal(KEY, Direction.TO_BROWSER, sealed) is None
    assert field.viewport_size == {"width": 1280, "height": 480}
    assert window.was_opened
    assert b64encode(jpeg) not in sealed
