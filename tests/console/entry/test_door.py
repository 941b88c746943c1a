"""What the door of the console asks of each request before a page sees it."""

import asyncio

import pytest
from starlette.types import Message

from api_stub.console.headers import POLICY
from api_stub.console.paths import OPEN_SECTIONS, SECTIONS
from api_stub.console.session import Approver, Owner, Role, Viewer
from db.engine import Database
from tests.cluster import run_apart
from tests.console.entry.conftest import Visitors, add_user, app_of, count, key_of, make_link, read_token
from tests.http.conftest import KEY, TestClient


@pytest.fixture
def browser(visitor: Visitors, database: Database) -> TestClient:
    """A browser in which ann, an owner, is signed in."""
    browser = visitor()
    browser.get(make_link(database, add_user(database)))
    return browser


def test_every_address_of_the_console_asks_for_a_session(visitor: Visitors) -> None:
    stranger = visitor()
    for section in SECTIONS - OPEN_SECTIONS:
        for path in (f"/{section}", f"/{section}/x/y") if section else ("/",):
            for key in ({}, {"X-API-Key": KEY}):
                assert stranger.get(path, headers=key).status_code == 303, path
                answer = stranger.post(path, data={"x": "y"}, headers=key)
                assert (answer.status_code, answer.headers["location"]) == (303, "/enter"), path


def test_no_address_of_the_console_is_one_of_the_api(visitor: Visitors) -> None:
    stranger = visitor()
    for path in ("/data/contacts", "/control/kill-switch", "/nothing", "/metrics", "/Enter"):
        assert stranger.get(path).status_code == 401, path
    assert stranger.get("/health").status_code == 200


def test_htmx_is_told_where_to_sign_in_and_parts_of_pages_are_refused(visitor: Visitors) -> None:
    stranger = visitor()
    shown = {"HX-Request": "true", "HX-Current-URL": "http://testserver/people?text=zo"}
    for answer in (stranger.get("/people/rows", headers=shown), stranger.post("/people/3", headers=shown)):
        assert answer.status_code == 401
        assert answer.headers["hx-redirect"] == "/enter?next=/people%3Ftext%3Dzo"
    elsewhere = {"HX-Request": "true", "HX-Current-URL": "https://evil.example//evil.example"}
    assert stranger.get("/people", headers=elsewhere).headers["hx-redirect"] == "/enter"
    assert stranger.get("/live", headers={"Sec-Fetch-Dest": "empty"}).status_code == 401
    for name in ("HX-Current-URL", "Referer"):
        assert stranger.post("/people", headers={"HX-Request": "true", name: "http://["}).status_code == 401
    assert stranger.post("/people", headers={"Referer": "http://["}).headers["location"] == "/enter"
    back = stranger.post("/people/3", headers={"Referer": "http://testserver/people/3"})
    assert back.headers["location"] == "/enter?next=/people/3"


def test_a_body_is_not_read_without_a_session(visitor: Visitors) -> None:
    app = visitor().app

    async def ask() -> list[Message]:
        sent: list[Message] = []

        async def never() -> Message:
            await asyncio.Event().wait()
            raise AssertionError

        async def keep(message: Message) -> None:
            sent.append(message)

        scope = {
            "type": "http", "method": "POST", "path": "/people/3/hold", "raw_path": b"", "query_string": b"",
            "headers": [(b"content-length", b"60000")], "client": ("192.0.2.1", 1), "scheme": "http",
            "server": ("x", 80), "http_version": "1.1", "root_path": "",
        }  # fmt: skip
        await app(scope, never, keep)
        return sent

    assert run_apart(lambda: asyncio.wait_for(ask(), 10))[0]["status"] == 303


@pytest.mark.parametrize(
    ("given", "is_done"),
    [
        ({}, True),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "http://testserver"}, True),
        ({"Origin": "http://testserver"}, True),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "none"}, False),
        ({"Origin": "http://testserver:81"}, False),
        ({"Origin": "http://evil.example"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": "http://["}, False),
        ({"Origin": ""}, False),
    ],
)
def test_a_form_is_taken_from_our_own_pages_only(
    browser: TestClient, database: Database, given: dict[str, str], is_done: bool
) -> None:
    form = {"csrf": read_token(browser.get("/sessions").text)}
    answer = browser.post("/leave", data=form, headers=given)
    assert answer.status_code == (303 if is_done else 400)
    assert count(database, "console_sessions") == (0 if is_done else 1)


def test_a_form_needs_a_token_of_its_own_session(
    browser: TestClient, visitor: Visitors, database: Database
) -> None:
    user_id = add_user(database, "bob")
    other = visitor(console_keys=key_of(browser))
    entry = read_token(other.get("/enter").text)
    other.get(make_link(database, user_id))
    foreign = read_token(other.get("/sessions").text)
    good = read_token(browser.get("/sessions").text)
    for token in ("", "x", "a.b", f"{good}x", good.partition(".")[2], foreign, entry, "é", "a.é"):
        answer = browser.post("/leave", data={"csrf": token})
        assert answer.status_code == 400, token
        assert "changed nothing" in answer.text
    assert browser.post("/leave").status_code == 400
    assert count(database, "console_sessions") == 2
    assert read_token(browser.get("/sessions").text) != good, "each page has another one"
    assert browser.post("/leave", data={"csrf": good}).status_code == 303


def test_each_role_may_do_its_own_and_no_more(visitor: Visitors, database: Database) -> None:
    browser = visitor()

    @app_of(browser).get("/ops/for-viewers")
    def read(viewer: Viewer) -> str:
        return viewer.name

    @app_of(browser).get("/ops/for-approvers")
    def decide(approver: Approver) -> str:
        return approver.name

    @app_of(browser).get("/ops/for-owners")
    def do_all(owner: Owner) -> str:
        return owner.name

    ranks = ("viewers", "approvers", "owners")
    for rank, role in enumerate(Role):
        user_id = add_user(database, role, role, password=False)
        browser.get(make_link(database, user_id))
        statuses = [browser.get(f"/ops/for-{each}").status_code for each in ranks]
        assert statuses == [200] * (rank + 1) + [403] * (2 - rank)


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "multipart/form-data; boundary=x", ""])
def test_a_form_has_the_type_of_a_form(browser: TestClient, kind: str) -> None:
    token = read_token(browser.get("/sessions").text)
    answer = browser.post("/leave", content=f"csrf={token}", headers={"Content-Type": kind})
    assert answer.status_code == 415


def test_a_form_is_bounded(browser: TestClient) -> None:
    assert browser.post("/leave", data={"csrf": "x" * 70_000}).status_code == 413


def test_a_file_is_taken_only_where_files_are_imported(browser: TestClient) -> None:
    token = read_token(browser.get("/sessions").text)
    for path in ("/people/3", "/imports/3/undo"):
        assert browser.post(path, data={"csrf": token}, files={"file": b"x"}).status_code == 415


def test_every_page_forbids_scripts_of_others_frames_and_caches(
    browser: TestClient, visitor: Visitors
) -> None:
    answers = [
        browser.get("/sessions"), browser.get("/people/nothing/there"), visitor().get("/people"),
        visitor().get("/enter"), browser.post("/leave"), visitor().get("/enter/x"),
    ]  # fmt: skip
    for answer in answers:
        given = answer.headers
        assert given["content-security-policy"] == POLICY, answer.url
        assert (given["x-frame-options"], given["cache-control"]) == ("DENY", "no-store")
        assert (given["referrer-policy"], given["x-content-type-options"]) == ("same-origin", "nosniff")
        assert given["cross-origin-opener-policy"] == given["cross-origin-resource-policy"] == "same-origin"
        assert "camera=()" in given["permissions-policy"]
    for unsafe in ("unsafe", "*", "http"):
        assert unsafe not in POLICY


def test_files_of_pages_are_kept_by_browsers(browser: TestClient) -> None:
    page = browser.get("/sessions").text
    path = page.partition('rel="stylesheet" href="')[2].partition('"')[0]
    answer = browser.get(path)
    assert (answer.status_code, answer.headers["cache-control"]) == (
        200, "public, max-age=31536000, immutable",
    )  # fmt: skip
    assert "set-cookie" not in answer.headers


def test_off_means_that_nothing_is_there(visitor: Visitors, database: Database) -> None:
    path = make_link(database, add_user(database))
    off = visitor(console=False)
    for each in ("/", "/enter", path, "/people", "/assets/x/console.css", "/sessions", "/live"):
        assert off.get(each).status_code == 404, each
        assert off.post(each, data={"a": "b"}).status_code == 404, each
    assert off.get("/health").status_code == 200
    assert off.get("/data/contacts", headers={"X-API-Key": KEY}).status_code == 200
    assert visitor().get(path).status_code == 303, "it wasn't used"


def test_without_keys_the_console_says_what_is_missing(visitor: Visitors) -> None:
    answer = visitor(console_keys=None).get("/")
    assert (answer.status_code, "RAPPORT_CONSOLE_KEYS" in answer.text) == (503, True)


@pytest.mark.parametrize("removed", [True, False])
def test_it_works_below_a_path_whether_the_proxy_removes_it_or_not(
    visitor: Visitors, database: Database, removed: bool
) -> None:
    user_id = add_user(database)
    browser = visitor(public_url="https://example.org/rapport")
    browser.base_url = "https://example.org"
    below = "" if removed else "/rapport"
    sent_away = browser.get(f"{below}/people?a=b")
    assert sent_away.headers["location"] == "/rapport/enter?next=/people%3Fa%3Db"
    page = browser.get(f"{below}/enter")
    assert 'action="/rapport/enter"' in page.text
    assert '"/rapport/assets/' in page.text
    answer = browser.get(f"{below}{make_link(database, user_id)}")
    assert answer.headers["location"] == "/rapport/"
    kept = next(each for each in answer.headers.get_list("set-cookie") if "Max-Age=2592000" in each)
    assert kept.startswith("__Secure-rapport=")
    assert kept.endswith("; Path=/rapport; HttpOnly; Secure; Max-Age=2592000; SameSite=Lax")
    cookie = kept.partition("=")[2].partition(";")[0]
    page = browser.get(f"{below}/sessions", headers={"Cookie": f"__Secure-rapport={cookie}"})
    assert (page.status_code, 'action="/rapport/leave"' in page.text) == (200, True)
    assert browser.get("/rapportage").status_code == 401
    answer = browser.get(f"{below}/data/contacts", headers={"X-API-Key": KEY})
    assert answer.status_code == 200


def test_over_https_no_other_host_can_set_the_cookie(visitor: Visitors, database: Database) -> None:
    browser = visitor(public_url="https://rapport.example.org")
    answer = browser.get(make_link(database, add_user(database)))
    kept = next(each for each in answer.headers.get_list("set-cookie") if "Max-Age=2592000" in each)
    assert kept.startswith("__Host-rapport=")
    assert "; Path=/; " in kept
    assert "; Secure; " in kept
    assert "Domain" not in kept
    token = kept.partition("=")[2].partition(";")[0]
    assert browser.get("/sessions", headers={"Cookie": f"rapport={token}"}).status_code == 303


@pytest.mark.parametrize(
    ("trusted", "address"),
    [("127.0.0.1,10.0.0.0/8", "203.0.113.9"), ("10.0.0.0/8", "127.0.0.1"), (None, "127.0.0.1")],
)
def test_an_address_is_believed_from_a_trusted_proxy_only(
    visitor: Visitors, database: Database, trusted: str | None, address: str
) -> None:
    client = visitor(trusted_proxies=trusted)
    browser = TestClient(client.app, client=("127.0.0.1", 9), follow_redirects=False)
    path = make_link(database, add_user(database))
    assert browser.get(path, headers={"X-Forwarded-For": "198.51.100.1, 203.0.113.9"}).status_code == 303
    with database.transaction() as session:
        seen = session.connection().exec_driver_sql("select address from console_sessions").scalar_one()
    assert seen == address
