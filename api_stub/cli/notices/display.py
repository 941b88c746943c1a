"""Show targets and what was sent to them."""

from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from api_stub.cli.formatting import UTC_ZONE, create_table, folding_text, format_time
from api_stub.cli.terminal import Console
from db.store.actions.review.approval_links import LinkRecord, LinkState
from db.store.notices.log import DeliveryRecord
from db.store.notices.targets import TargetRecord
from worker.rules.notices.deliveries import WHAT_HAPPENED, DeliveryState

Zones = Mapping[str, ZoneInfo]


def print_targets(targets: Sequence[TargetRecord], zones: Zones) -> None:
    """Print a table of targets."""
    table = create_table("name", "where", "about", "told of", "last sent", "waiting", "state")
    for each in targets:
        zone = zones.get(each.account or "", UTC_ZONE)
        table.add_row(
            folding_text(each.name),
            folding_text(each.shown_address),
            folding_text(each.account or "all accounts"),
            folding_text(_describe_contents(each)),
            format_time(each.last_ok_at, zone) if each.last_ok_at else "never",
            str(each.waiting),
            folding_text(_describe_state(each, zone)),
        )
    Console().print(table if targets else "there is no target yet: `rapport notify add`")


def print_log(deliveries: Sequence[DeliveryRecord], zones: Zones) -> None:
    """Print a table of deliveries."""
    table = create_table("event", "what", "account", "to", "result")
    for each in deliveries:
        zone = zones.get(each.account or "", UTC_ZONE)
        table.add_row(
            format_time(each.at, zone),
            each.kind.replace("_", " "),
            folding_text(each.account or "all"),
            folding_text(each.target),
            folding_text(describe_delivery(each, zone)),
        )
    Console().print(table if deliveries else "nothing was sent yet, and nothing waits")


def print_links(links: Sequence[LinkRecord], zones: Zones) -> None:
    """Print a table of links to approve with."""
    table = create_table("made", "account", "for", "greetings", "state")
    for each in links:
        zone = zones.get(each.account, UTC_ZONE)
        table.add_row(
            format_time(each.created_at, zone),
            folding_text(each.account),
            folding_text(each.target),
            str(len(each.seen)),
            folding_text(_describe_link(each, zone)),
        )
    Console().print(table if links else "no digest held a link to approve with")


def describe_delivery(delivery: DeliveryRecord, zone: ZoneInfo) -> str:
    """Return what became of a delivery, and why it was not sent."""
    why = WHAT_HAPPENED[delivery.error] if delivery.error else ""
    ended = f" {format_time(delivery.ended_at, zone)}" if delivery.ended_at else ""
    if delivery.state is DeliveryState.SENT:
        return f"sent{ended}" + (", maybe twice" if delivery.maybe_twice else "")
    if delivery.state in {DeliveryState.FAILED, DeliveryState.DROPPED}:
        return f"given up{ended}: {why}"
    if delivery.state is DeliveryState.SENDING:
        return "being sent"
    if not why:
        return "waits to be sent"
    again = f"; again {format_time(delivery.next_at, zone, seconds=True)}" if delivery.next_at else ""
    return f"not sent, attempt {delivery.attempts}: {why}{again}"


def _describe_link(link: LinkRecord, zone: ZoneInfo) -> str:
    if link.state is LinkState.OPEN:
        return f"open until {format_time(link.expires_at, zone)}"
    at = {LinkState.USED: link.used_at, LinkState.REVOKED: link.revoked_at}.get(link.state) or link.expires_at
    return f"{link.state} {format_time(at, zone)}"


def _describe_contents(target: TargetRecord) -> str:
    parts = [", ".join(kind.replace("_", " ") for kind in target.kinds) if target.kinds else "everything"]
    parts += ["with texts"] if target.with_texts else []
    parts += ["with pictures"] if target.with_screenshots else []
    return "; ".join(parts)


def _describe_state(target: TargetRecord, zone: ZoneInfo) -> str:
    if target.paused_at is not None:
        return f"paused {format_time(target.paused_at, zone)}"
    if target.error is not None and target.last_failed_at is not None:
        return f"failed {format_time(target.last_failed_at, zone)}: {WHAT_HAPPENED[target.error]}"
    return f"ok, {target.failed} given up" if target.failed else "ok"
