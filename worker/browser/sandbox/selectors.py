"""Locators for the practice network's pages.

They use accessible roles and names, in English and French, and mark-up only for elements without a role.
"""

import re

from playwright.sync_api import Locator, Page

from worker.browser.sandbox.dates import age_pattern

LANGUAGES = {"en", "fr"}
"""The languages that the names below are in."""

LOGIN_PATH = "/login"
CHALLENGE_PATH = "/checkpoint/"

BIRTHDAY_LINE = age_pattern("Birthday", "Anniversaire", units=("day", "jour"))
SENT_BY_YOU = ["Sent by you", "Envoyé par vous"]
AUTOMATIC = ["Automatic reply", "Réponse automatique"]

_BIRTHDAYS = re.compile(r"^(Birthdays|Anniversaires)$")
_CONNECT = re.compile(r"^(Connect|Se connecter)$")
_CONVERSATION = re.compile(r"^Conversation (with|avec) ")
_CHALLENGE = re.compile(r"^(Let's check that it is you|Vérifions que c'est bien vous)$")
_CLOSE = re.compile(r"^(Close|Fermer)$")
_DISMISS = re.compile(r"^(Dismiss|Ignorer)$")
_INBOX = re.compile(r"^(Messaging|Messagerie)$")
_LIMIT = re.compile(r"reached the limit|slow down|atteint la limite|ralentissez", re.IGNORECASE)
_MESSAGE_TO = re.compile(r"^(Message|Envoyer un message à) \S")
_NEXT = re.compile(r"^(Next|Suivant)$")
_NO_BIRTHDAYS = re.compile(r"^(No birthdays|Pas d.anniversaire)")
_NO_CONVERSATIONS = re.compile(r"^(No conversations|Pas encore de conversation)")
_OLDER = re.compile(r"^(Older conversations|Conversations plus anciennes)$")
_NOT_NOW = re.compile(r"^(Not now|Pas maintenant)$")
_SEND = re.compile(r"^(Send|Envoyer)$")
_SHARE = re.compile(r"^(Share your contact details\?|Partager vos coordonnées \?)$")
_WRITE = re.compile(r"^(Write a message|Écrivez un message)$")


def main(page: Page) -> Locator:
    """Return the page without its navigation and sidebar."""
    return page.get_by_role("main")


def list_items(page: Page) -> Locator:
    """Return the items of a page's list: birthdays, conversations or invitations."""
    return main(page).get_by_role("list").get_by_role("listitem")


def next_page(page: Page) -> Locator:
    """Return the link to the next page of a list."""
    return main(page).get_by_role("link", name=_NEXT)


def global_nav(page: Page) -> Locator:
    """Return the navigation bar, which only signed-in members see."""
    return page.locator("nav#global-nav")


def is_challenge(heading: str) -> bool:
    """Return whether a heading is that of a challenge, which may replace a page under the same address."""
    return bool(_CHALLENGE.match(heading))


def is_limit_notice(notice: str) -> bool:
    """Return whether a heading or an alert says that a limit is reached."""
    return bool(_LIMIT.search(notice))


def questions(page: Page) -> Locator:
    """Return the dialogs that are over the page; a conversation is not."""
    return page.locator("[role=dialog][aria-modal=true], dialog[open]")


def decline_sharing(page: Page) -> Locator:
    """Return the button that declines to share the member's contact details."""
    return page.get_by_role("dialog", name=_SHARE).get_by_role("button", name=_NOT_NOW)


def dismiss(page: Page) -> Locator:
    """Return the button that closes a pop-up."""
    return page.get_by_role("button", name=_DISMISS)


def sign_in_name(page: Page) -> Locator:
    """Return the field for the member's name."""
    return page.get_by_label("Name", exact=True)


def sign_in_password(page: Page) -> Locator:
    """Return the field for the password."""
    return page.get_by_label("Password", exact=True)


def sign_in_button(page: Page) -> Locator:
    """Return the button of the sign-in form."""
    return page.get_by_role("button", name="Sign in", exact=True)


def birthdays_heading(page: Page) -> Locator:
    """Return the heading that identifies the birthdays page."""
    return page.get_by_role("heading", name=_BIRTHDAYS, level=1)


def no_birthdays(page: Page) -> Locator:
    """Return the text of a birthdays page without entries."""
    return main(page).get_by_text(_NO_BIRTHDAYS)


def card_link(card: Locator) -> Locator:
    """Return the link to the profile."""
    return card.get_by_role("link")


def card_name(card: Locator) -> Locator:
    """Return the name."""
    return card.locator("span[dir]")


def inbox_heading(page: Page) -> Locator:
    """Return the heading that identifies the inbox."""
    return page.get_by_role("heading", name=_INBOX, level=1)


def no_conversations(page: Page) -> Locator:
    """Return the text of an empty inbox."""
    return main(page).get_by_text(_NO_CONVERSATIONS)


def older_conversations(page: Page) -> Locator:
    """Return the link to the next page of the inbox."""
    return main(page).get_by_role("link", name=_OLDER)


def message_button(page: Page) -> Locator:
    """Return the button that opens the conversation with the profile's person, not one in the sidebar."""
    return main(page).get_by_role("button", name=_MESSAGE_TO)


def connect_button(page: Page) -> Locator:
    """Return the button that replaces the message button for people who are not connected."""
    return main(page).get_by_role("button", name=_CONNECT)


def conversation(page: Page) -> Locator:
    """Return the open conversation."""
    return page.get_by_role("dialog", name=_CONVERSATION)


def profile_links(dialog: Locator) -> Locator:
    """Return the links in a conversation's head."""
    return dialog.locator("header").get_by_role("link")


def log(dialog: Locator) -> Locator:
    """Return the list of messages, outside the composer."""
    return dialog.get_by_role("log")


def bubbles(dialog: Locator) -> Locator:
    """Return the messages."""
    return log(dialog).get_by_role("article")


def composer(dialog: Locator) -> Locator:
    """Return the composer."""
    return dialog.get_by_role("textbox", name=_WRITE)


def send_button(dialog: Locator) -> Locator:
    """Return the send button."""
    return dialog.get_by_role("button", name=_SEND)


def close_button(dialog: Locator) -> Locator:
    """Return the button that closes the conversation."""
    return dialog.get_by_role("button", name=_CLOSE)


def message_texts(page: Page) -> list[Locator]:
    """Return what a masked screenshot covers: messages, the composer, and the previews in the inbox."""
    dialogs = page.get_by_role("dialog")
    return [dialogs.get_by_role("article"), dialogs.get_by_role("textbox"), page.locator(".said")]


READ_STATE = """() => {
  const texts = (selector) =>
    [...document.querySelectorAll(selector)].map((one) => one.textContent.replace(/\\s+/g, " ").trim());
  return {
    headings: texts("h1"),
    notices: texts("h1, h2, [role=heading], [role=alert]"),
    language: document.documentElement?.getAttribute("lang") ?? "",
  };
}"""
"""Reads at once what every page is checked for: its headings, its notices and its language."""

_IS_MARKED = """const isMarked = (item, texts) => item.hasAttribute("data-automatic")
    || [...item.querySelectorAll("[role=note]")].some((note) => texts.includes(note.textContent.trim()));"""
"""Tells whether the site marks a message as an automatic answer."""

READ_BUBBLES = (
    f"(bubbles, [sentByYou, automatic]) => {{ {_IS_MARKED}"
    """
  return bubbles.map((bubble) => {
  const text = bubble.querySelector("[dir=auto]");
  const time = bubble.querySelector("time[datetime]");
  const sender = bubble.getAttribute("data-outgoing") ?? bubble.getAttribute("aria-label");
  return {
    text: text && text.textContent,
    at: time && time.dateTime,
    outgoing: sender === null ? null : sender === "true" || sentByYou.includes(sender),
    automatic: isMarked(bubble, automatic),
  };
})}"""
)
"""Reads all messages at once, so that a reload of the list in between can't mix two states."""

READ_CARDS = """(cards) => cards.map((card) => ({
  addresses: [...card.querySelectorAll("a[href]")].map((link) => link.getAttribute("href")),
  members: [card, ...card.querySelectorAll("[data-member-id]")]
    .map((one) => one.getAttribute("data-member-id")).filter(Boolean),
  names: [...card.querySelectorAll("span[dir]")].map((name) => name.innerText),
  texts: [...card.querySelectorAll("*")].filter((part) => !part.children.length)
    .map((part) => part.innerText),
}))"""
"""Reads the cards of the birthdays page at once: a request for each part of each card takes seconds."""

READ_INBOX = (
    f"(lines, [sentByYou, automatic]) => {{ {_IS_MARKED}"
    """
  return lines.map((line) => {
  const link = line.querySelector("a[href]");
  const time = line.querySelector("time[datetime]");
  const sender = line.getAttribute("data-outgoing")
    ?? line.querySelector("[role=group][aria-label]")?.getAttribute("aria-label") ?? null;
  return {
    address: link && link.getAttribute("href"),
    at: time && time.dateTime,
    outgoing: sender === null ? null : sender === "true" || sentByYou.includes(sender),
    preview: line.querySelector(".said")?.textContent ?? "",
    automatic: isMarked(line, automatic),
  };
})}"""
)
"""Reads a page of the inbox at once, with the beginnings of the messages."""

READ_MEMBERS = """(parts) => parts.map((part) => [
  ...[part, ...part.querySelectorAll("[data-member-id]")]
    .map((one) => one.getAttribute("data-member-id")).filter(Boolean).map((id) => `/in/${id}/`),
  ...[...part.querySelectorAll("a[href*='recipient='], [role=dialog] > header a[href]")]
    .map((link) => link.getAttribute("href")),
])"""
"""Returns the addresses by member id that parts of a page carry: a link to a new message has one, and so may
the link in a conversation's head, whose other addresses aren't by member id."""

EVERY_LINK = "(links) => links.map((link) => link.getAttribute('href') ?? '')"
"""Returns the addresses of all links."""
