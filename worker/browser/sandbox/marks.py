"""Marks of the practice network, for `rapport selectors check`. Its adapter uses roles and names."""

from datetime import date
from typing import Final

from worker.browser.marks import Form, Mark

_BUILT: Final = date(2026, 11, 1)
_EVIDENCE: Final = "our own templates"


def _mark(name: str, **selectors: str) -> Mark:
    """Return a mark with a form for each kind of mark-up: `plain` has attributes, `simple` has roles."""
    forms = (Form(version, selector, _EVIDENCE, _BUILT) for version, selector in selectors.items())
    return Mark("sandbox", name, tuple(forms))


NAVIGATION: Final = _mark("navigation.bar", plain="nav#global-nav")
HEADING: Final = _mark("page.heading", plain="main h1")
CARD: Final = _mark("birthdays.card", plain="main .celebration", simple="main ul[role=list] > li")
CARD_LINK: Final = _mark("birthdays.link", plain=".who a[href*='/in/']", simple="a.card[href*='/in/']")
CARD_MEMBER: Final = _mark("birthdays.member", plain="[data-member-id]", simple="a[href*='recipient=']")
MESSAGE: Final = _mark("profile.message", plain="main button[data-converse]")
DEGREE: Final = _mark("profile.degree", plain="main [data-field=distance]", simple="main .t-degree, main dd")
RESULT: Final = _mark("search.result", plain="main ul.cards > li", simple="main [role=listitem]")
RESULT_LINK: Final = _mark(
    "search.link", plain="main li a[href*='/in/']", simple="main [role=listitem] a[href*='/in/']"
)
INVITATION: Final = _mark("invitations.card", plain="main .invitation", simple="main li[data-guest]")
WITHDRAW: Final = _mark("invitations.withdraw", plain="main button[data-withdraw]")
LINE: Final = _mark("inbox.line", plain="main [role=listitem].card", simple="main ul[role=list] > li")
SENDER: Final = _mark("inbox.sender", plain="main [data-outgoing]", simple="main [role=group][aria-label]")
THREAD: Final = _mark(
    "thread.dialog", plain="section[role=dialog][data-thread]", simple="div[role=dialog][data-thread]"
)
RECIPIENT: Final = _mark(
    "thread.recipient", plain="header > a[href*='/in/']", simple="header h2 a[href*='/in/']"
)
COMPOSER: Final = _mark("thread.composer", plain="[role=textbox][contenteditable=true]")
SEND: Final = _mark("thread.send", plain="form button[type=submit]")
BUBBLE: Final = _mark("thread.message", plain="article[data-outgoing]", simple="[role=article][aria-label]")
BUBBLE_TIME: Final = _mark("thread.time", plain="[role=log] time[datetime]")
