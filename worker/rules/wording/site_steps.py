"""What a person has to do before messages may go out on a site whose pages must be proven."""

from worker.rules.sites.capabilities import SENDING, Unproven


def advise_site(account: str, unproven: Unproven | None, *, to_look_at: bool) -> str | None:
    """Return what to do next, or None. `to_look_at`: nobody has looked at the message sent before."""
    if unproven is not None:
        return f"check the site's pages: {name_check(unproven, account)}"
    if to_look_at:
        return f"look at the first message: `rapport account first-look {account}`"
    return None


def name_check(unproven: Unproven, account: str) -> str:
    """Return the command that can prove a capability: sending needs the page that writes to a connection."""
    options = " --profile ADDRESS --compose" if unproven.capability in SENDING else ""
    where = ", ADDRESS being the profile of a connection to whom you have written" if options else ""
    return f"`rapport selectors check {account}{options}`{where}"
