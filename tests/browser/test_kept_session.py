"""A sign-in is kept once a second window, opened from what is kept alone, is signed in too."""

import http.server
import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from worker.browser.kept_session import prove_session
from worker.browser.pool import BrowserPool
from worker.errors import StopAccountError

ACCOUNT = 77
SITE = b"""<script>
const open = () => new Promise(done => {
  const asked = indexedDB.open("auth", 1);
  asked.onupgradeneeded = () => asked.result.createObjectStore("tokens");
  asked.onsuccess = () => done(asked.result);
});
const stores = {
  async indexeddb(token) {
    const store = (await open()).transaction("tokens", "readwrite").objectStore("tokens");
    const asked = token ? store.put(token, "token") : store.get("token");
    return await new Promise(done => { asked.onsuccess = () => done(asked.result); });
  },
  async session(token) {
    if (token) sessionStorage.setItem("token", token);
    return sessionStorage.getItem("token");
  },
  async cookie(token) {
    if (token) document.cookie = "token=" + token;
    return document.cookie;
  },
};
</script>"""


class _Site(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(SITE)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Site) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(("kept_in", "survives"), [("cookie", True), ("indexeddb", True), ("session", False)])
def test_only_a_sign_in_that_works_in_a_new_window_is_kept(
    browser_pool: BrowserPool, address: str, kept_in: str, survives: bool
) -> None:
    def token(page: Page, given: str = "") -> object:
        page.goto(address)
        return page.evaluate(f"token => stores.{kept_in}(token)", given)

    def is_signed_in(page: Page) -> bool:
        return "secret" in str(token(page))

    page = browser_pool.page_for(ACCOUNT, None)
    token(page, "secret")
    assert is_signed_in(page)  # in the window in which it signed in, as every site
    if survives:
        state = prove_session(browser_pool, ACCOUNT, is_signed_in)
        assert "secret" in state
    else:
        with pytest.raises(StopAccountError, match="nothing was kept"):
            prove_session(browser_pool, ACCOUNT, is_signed_in)
    browser_pool.close_context(ACCOUNT)
