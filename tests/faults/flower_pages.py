"""Flower's buttons, pressed on its pages in a real browser."""

from typing import Final

from playwright.sync_api import Browser, Locator, Page, Response, expect

from tests.faults.flower import Flower, node
from tests.faults.harness import Harness

_MENU: Final = {"shutdown": "Shut Down", "pool/restart": "Restart Pool"}


class FlowerPages(Flower):
    """A running Flower whose buttons are pressed as a person presses them."""

    def __init__(self, harness: Harness, browser: Browser) -> None:
        super().__init__(harness)
        user, password = self._auth
        context = browser.new_context(
            base_url=self._url, http_credentials={"username": user, "password": password}
        )
        self._page = context.new_page()

    def close(self) -> None:
        """Close the browser's window, and end Flower."""
        self._page.context.close()
        super().close()

    def press(self, button: str, worker: str, **fields: str | int) -> tuple[int, str]:
        """Press a button on a worker's page. Return the status, and what the page then says."""
        self._harness.wait_for(f"{worker} to run", lambda: " ready." in self._harness.log(worker))
        path, found = f"/worker/{node(worker)}", _find(self._page, button, fields)

        def is_shown() -> bool:
            is_open = self._page.url.endswith(path) and found.count() > 0
            return is_open or (self._open(path) and found.count() > 0)

        self._harness.wait_for(f"Flower to show {button} of {worker}", is_shown)
        _reach(self._page, button, fields)
        return self._click(found)

    def revoke_received(self, task_id: str) -> None:
        """Press Revoke on a task's page."""
        assert self._open(f"/task/{task_id}")
        assert self._click(self._page.get_by_role("button", name="Revoke"))[0] == 200

    def terminate(self, task_id: str, signal: str) -> None:
        """Press Terminate, which sends SIGTERM."""
        assert signal == "SIGTERM"
        assert self._open(f"/task/{task_id}")
        assert self._click(self._page.get_by_role("button", name="Terminate"))[0] == 200

    def _open(self, path: str) -> bool:
        found = self._page.goto(path)
        return found is not None and found.ok

    def _click(self, button: Locator) -> tuple[int, str]:
        self._page.locator("#toast-container").evaluate("container => container.replaceChildren()")
        with self._page.expect_response(_is_press) as pressed:
            button.click()
        said = self._page.locator("#toast-container .toast-body")
        expect(said).to_be_visible()
        return pressed.value.status, said.inner_text()


def _is_press(response: Response) -> bool:
    """Return whether this answers a button. The browser sends the password once it was asked for it."""
    return response.request.method == "POST" and response.status != 401


def _find(page: Page, button: str, fields: dict[str, str | int]) -> Locator:
    """Return the button, which may still be on a hidden tab."""
    action, _, task = button.rpartition("/")
    match button:
        case "shutdown" | "pool/restart":
            return page.locator(".dropdown-item", has_text=_MENU[button])
        case "pool/grow" | "pool/shrink" | "pool/autoscale":
            return page.locator(f"#worker-{button.replace('/', '-')}")
        case "queue/cancel-consumer":
            return page.locator(f"#worker-cancel-consumer-{fields['queue']}")
        case "queue/add-consumer":
            return page.locator("#worker-add-consumer")
    kind = "rate-limit" if action == "task/rate-limit" else f"timeout-{next(iter(fields))}"
    return page.locator(f'[id="task-{kind}-{task}"]')


def _reach(page: Page, button: str, fields: dict[str, str | int]) -> None:
    """Open the menu or the tab of a button, and type what belongs to it."""
    typed = list(map(str, fields.values()))
    if button in _MENU:
        page.get_by_role("button", name="Actions").click()
    elif button == "pool/autoscale":
        page.get_by_label("Minimum autoscale pool size").fill(typed[0])
        page.get_by_label("Maximum autoscale pool size").fill(typed[1])
    elif button.startswith("pool/"):
        page.get_by_label("Pool size", exact=True).fill(typed[0])
    elif button.startswith("queue/"):
        page.get_by_role("tab", name="Queues").click()
        if button == "queue/add-consumer":
            page.get_by_label("New consumer").fill(typed[0])
    else:
        page.get_by_role("tab", name="Limits").click()
        _find(page, button, fields).locator("xpath=preceding-sibling::input").fill(typed[0])
