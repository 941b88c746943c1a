"""Send a test message, in the way a greeting is sent: the same pages, the same checks, the same proof."""

from collections.abc import Callable
from dataclasses import dataclass

from tasks.actions.conversation.name_check import require_name
from tasks.actions.conversation.thread import check_recipient, clear_draft_on_error, count_outgoing_copies
from worker.browser.site import Site
from worker.errors import Reason, TryAgainError
from worker.rules.messages.drafts import Addressee
from worker.rules.people.identity import PersonKeys
from worker.rules.sourcing.profile import Profile, Section


@dataclass(frozen=True, slots=True)
class ArrivedMessage:
    """A test message as the thread shows it, and its recipient."""

    profile_url: str
    full_name: str
    message: str


def send_practice_message(
    site: Site,
    profile_url: str,
    write: Callable[[Profile], tuple[str, str]],
    require_allowed: Callable[[], None],
) -> ArrivedMessage:
    """Send what `write` returns for the person's profile, a text and what it calls them, once.

    Returns what arrived.
    `require_allowed` is called right before the click and raises if nothing may be sent. Raises RapportError
    as the site does, TryAgainError if the message was not seen in the thread. Plans and records nothing.
    """
    profile = site.read_profile(profile_url, {Section.POSITIONS})
    text, called = write(profile)
    person = Addressee(0, profile.full_name, None)
    thread = site.open_thread(profile_url)
    keys = PersonKeys(profile.profile_url, None)  # by slug, also if it was given by member id
    check_recipient(site, thread, keys)
    copies = count_outgoing_copies(thread.messages(), text)
    require_name(thread, person, called)
    thread.type(text)
    with clear_draft_on_error(thread):
        check_recipient(site, thread, keys)
        require_name(thread, person, called)
        require_allowed()
    thread.click_send()
    if not thread.proof(text, more_than=copies):
        raise TryAgainError(Reason.PROOF_MISSING, "no new bubble with this text was seen")
    arrived = [message.text for message in thread.messages() if message.outgoing][-1]
    return ArrivedMessage(profile_url, profile.full_name, arrived)
