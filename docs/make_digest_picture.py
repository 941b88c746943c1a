"""Draws a morning digest as a mail client shows it, on a phone and on a desktop.

`.venv/bin/python docs/make_digest_picture.py` writes docs/digest-phone.png and docs/digest-desktop.png.
The HTML is that of a real mail; only its people are invented.
"""

from datetime import date
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, sync_playwright

from worker.browser.chromium import find_chromium
from worker.errors import Reason
from worker.notices.html import render_html
from worker.rules.notices.digest import MorningDigest, People, PersonLine, Waiting, render_morning
from worker.rules.notices.texts import Notice
from worker.rules.reports.summary import EndedCounts

HERE: Final = Path(__file__).parent
_FRAMES: Final = {"phone": (360, 780, 2), "desktop": (900, 640, 1)}
"""Width and height in CSS pixels, and the scale."""
_ADD_HEAD: Final = """subject => {
    const head = document.createElement("header");
    head.style = "margin:-16px -16px 16px; padding:12px 16px; background:#f3f4f6";
    for (const [text, style] of [[subject, "font-weight:600"], ["Rapport, 07:00", "color:#4b5563"]]) {
        const line = document.createElement("div");
        line.textContent = text;
        line.style = style;
        head.append(line);
    }
    document.body.prepend(head);
}"""


def invent_digest() -> MorningDigest:
    """Return a digest of invented people."""
    birthdays = (
        PersonLine("Amélie Renard", "turns 41, about 09:12"),
        PersonLine("Bartosz Zieliński", "about 09:15"),
        PersonLine("יעל כהן", "about 09:17"),
        PersonLine("Chiara Fontana", "waits for your approval"),
        PersonLine("Dr. Marek Novák", "not greeted: this person is on hold"),
        PersonLine("Sales Team", "not greeted: there is no name to address this person by"),
    )
    late = (PersonLine("Ingrid Solberg", "birthday on 27 Nov, about 09:20"),)
    url = "https://rapport.example.org/approve/…"
    proposals = (
        PersonLine("Chiara Fontana", "", "Buon compleanno, Chiara! Ti auguro una splendida giornata.", url),
        PersonLine("Jonas Weber", "", "Alles Gute zum Geburtstag, Jonas!", url),
    )
    waiting = Waiting(
        proposals=People(proposals, 2),
        approve_all_url=url,
        needs_review=1,
        steps=("the sign-in expires on 4 Dec; sign in again: `rapport account sign-in mine`",),
    )
    yesterday = EndedCounts(
        sent=5, late=1, replies=2, settled_by_hand=0, skipped={Reason.WRITTEN_BY_HAND: 1}, failed={}
    )
    return MorningDigest(
        "mine", date(2026, 11, 29), waiting, People(birthdays, 6), People(late, 1), yesterday
    )


def draw(browser: Browser, notice: Notice, name: str) -> None:
    """Write the picture of the whole mail, below the lines that a mail client shows above it."""
    width, height, scale = _FRAMES[name]
    page = browser.new_page(viewport={"width": width, "height": height}, device_scale_factor=scale)
    page.set_content(render_html(notice))
    page.evaluate(_ADD_HEAD, notice.title)
    page.screenshot(path=HERE / f"digest-{name}.png", full_page=True)
    page.close()


def main() -> None:
    """Draw both."""
    notice = render_morning(invent_digest())
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium())
        for name in _FRAMES:
            draw(browser, notice, name)
        browser.close()


if __name__ == "__main__":
    main()
