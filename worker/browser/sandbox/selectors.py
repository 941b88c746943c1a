"""Where things are on the practice network's pages: locators only.

Accessible roles and names first, in English and French; marks of the mark-up only for what has no role.
"""

import re

from playwright.sync_api import Locator, Page

LOGIN_PATH = "/login"
CHALLENGE_PATH = "/checkpoint/"

BIRTHDAY_LINE = re.compile(
    r"^(?:Birthday (?:today|(yesterday)|(\d+) days? ago)"
    r"|Anniversaire (?:aujourd.hui|(hier)|il y a (\d+) jours?))$"
)
"""Groups: yesterday and days, in English and in French. No names for them: the browser reads it too."""

_BIRTHDAYS = re.compile(r"^(Birthdays|Anniversaires)$")
_CONNECT = re.compile(r"^(Connect|Se connecter)$")
_CONVERSATION = re.compile(r"^Conversation (with|avec) ")
_CLOSE = re.compile(r"^(Close|Fermer)$")
_DISMISS = re.compile(r"^(Dismiss|Ignorer)$")
_INBOX = re.compile(r"^(Messaging|Messagerie)$")
_LIMIT = re.compile(r"reached the limit|slow down|atteint la limite|ralentissez", re.IGNORECASE)
_MESSAGE_TO = re.compile(r"^(Message|Envoyer un message à) \S")
_NO_BIRTHDAYS = re.compile(r"^(No birthdays|Pas d.anniversaire)")
_NO_CONVERSATIONS = re.compile(r"^(No conversations|Pas encore de conversation)")
_OLDER = re.compile(r"^(Older conversations|Conversations plus anciennes)$")
_SEND = re.compile(r"^(Send|Envoyer)$")
_SENT_BY_YOU = "Sent by you", "Envoyé par vous"
_WRITE = re.compile(r"^(Write a message|Écrivez un message)$")


def global_nav(page: Page) -> Locator:
    """The bar that only a signed-in member sees."""
    return page.locator("nav#global-nav")


def limit_notices(page: Page) -> Locator:
    """A heading or an alert that says that the member did too much."""
    # asked on every page, and roles cost ten times what tags do
    return page.locator("h1, h2, [role=heading], [role=alert]").filter(has_text=_LIMIT)


def dismiss(page: Page) -> Locator:
    """The way out of a pop-up."""
    return page.get_by_role("button", name=_DISMISS)


def sign_in_name(page: Page) -> Locator:
    """The field for the member's name."""
    return page.get_by_label("Name", exact=True)


def sign_in_password(page: Page) -> Locator:
    """The field for the password."""
    return page.get_by_label("Password", exact=True)


def sign_in_button(page: Page) -> Locator:
    """The button of the sign-in form."""
    return page.get_by_role("button", name="Sign in", exact=True)


def birthdays_heading(page: Page) -> Locator:
    """What tells the birthdays page from any other."""
    return page.get_by_role("heading", name=_BIRTHDAYS, level=1)


def birthday_cards(page: Page) -> Locator:
    """The entries of the birthdays page."""
    return page.get_by_role("main").get_by_role("list").get_by_role("listitem")


def no_birthdays(page: Page) -> Locator:
    """What the birthdays page says when it has no entries."""
    return page.get_by_role("main").get_by_text(_NO_BIRTHDAYS)


def card_link(card: Locator) -> Locator:
    """The link to the profile."""
    return card.get_by_role("link")


def card_name(card: Locator) -> Locator:
    """The name, alone."""
    return card.locator("span[dir]")


def card_line(card: Locator) -> Locator:
    """The line that says when the birthday was."""
    return card.get_by_text(BIRTHDAY_LINE)


def inbox_heading(page: Page) -> Locator:
    """What tells the inbox from any other page."""
    return page.get_by_role("heading", name=_INBOX, level=1)


def inbox_lines(page: Page) -> Locator:
    """The conversations that a page of the inbox lists."""
    return page.get_by_role("main").get_by_role("list").get_by_role("listitem")


def no_conversations(page: Page) -> Locator:
    """What the inbox says when it is empty."""
    return page.get_by_role("main").get_by_text(_NO_CONVERSATIONS)


def older_conversations(page: Page) -> Locator:
    """The way to the next page of the inbox."""
    return page.get_by_role("main").get_by_role("link", name=_OLDER)


def message_button(page: Page) -> Locator:
    """The button that opens the conversation with the profile's person, not those of the people beside it."""
    return page.get_by_role("main").get_by_role("button", name=_MESSAGE_TO)


def connect_button(page: Page) -> Locator:
    """What stands in the message button's place for those who are not connected."""
    return page.get_by_role("main").get_by_role("button", name=_CONNECT)


def conversation(page: Page) -> Locator:
    """The open conversation."""
    return page.get_by_role("dialog", name=_CONVERSATION)


def profile_links(dialog: Locator) -> Locator:
    """The links of a conversation's head; what people write never becomes a link."""
    return dialog.locator("header").get_by_role("link")


def log(dialog: Locator) -> Locator:
    """What was said, outside the composer."""
    return dialog.get_by_role("log")


def bubbles(dialog: Locator) -> Locator:
    """The single messages."""
    return log(dialog).get_by_role("article")


def composer(dialog: Locator) -> Locator:
    """Where a message is written."""
    return dialog.get_by_role("textbox", name=_WRITE)


def send_button(dialog: Locator) -> Locator:
    """The button that sends."""
    return dialog.get_by_role("button", name=_SEND)


def close_button(dialog: Locator) -> Locator:
    """The button that closes the conversation."""
    return dialog.get_by_role("button", name=_CLOSE)


def message_texts(page: Page) -> list[Locator]:
    """What a masked screenshot covers: bubbles, a message not yet sent, and what the inbox shows of one."""
    dialogs = page.get_by_role("dialog")
    return [dialogs.get_by_role("article"), dialogs.get_by_role("textbox"), page.locator(".said")]


READ_BUBBLES = """(bubbles, sentByYou) => bubbles.map((bubble) => {
  const text = bubble.querySelector("[dir=auto]");
  const time = bubble.querySelector("time[datetime]");
  const sender = bubble.getAttribute("data-outgoing") ?? bubble.getAttribute("aria-label");
  return {
    text: text && text.textContent,
    at: time && time.dateTime,
    outgoing: sender === null ? null : sender === "true" || sentByYou.includes(sender),
  };
})"""
"""All bubbles in one go, so that a reload of the list in between can't mix two readings."""

READ_INBOX = """(lines, sentByYou) => lines.map((line) => {
  const link = line.querySelector("a[href]");
  const time = line.querySelector("time[datetime]");
  const sender = line.getAttribute("data-outgoing")
    ?? line.querySelector("[role=group][aria-label]")?.getAttribute("aria-label") ?? null;
  return {
    address: link && link.getAttribute("href"),
    at: time && time.dateTime,
    outgoing: sender === null ? null : sender === "true" || sentByYou.includes(sender),
  };
})"""
"""A page of the inbox in one go. What was said stays in the page."""

SENT_BY_YOU = list(_SENT_BY_YOU)
