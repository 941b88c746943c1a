"""Which sources may be opened, and when they are read."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from worker.errors import RequestRefusedError
from worker.rules.subscriptions.readings import WHAT_HAPPENED, WHAT_TO_DO, ReadFailure, next_reading
from worker.rules.subscriptions.source_address import Reach, choose_reach, is_allowed, parse_source

PARIS = ZoneInfo("Europe/Paris")
PRIVATE = ("10.0.0.1", "172.16.9.9", "192.168.1.10", "100.64.0.7", "fd00::1", "::ffff:192.168.1.10")
NEVER = (
    "169.254.169.254", "fe80::1", "fe80::1%eth0", "0.0.0.0", "::", "224.0.0.1", "ff02::1", "240.0.0.1",
    "255.255.255.255", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1", "192.0.2.1",
    "198.18.0.1", "2001:db8::1", "fd00::1::", "no address",
)  # fmt: skip
LOOPBACK = ("127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1")
PUBLIC = ("93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "64:ff9b::5db8:d822")


@pytest.mark.parametrize("address", PUBLIC)
def test_public_servers_are_reached_unencrypted_from_nowhere_but_the_public(address: str) -> None:
    assert is_allowed(address, Reach.PUBLIC, encrypted=True)
    assert is_allowed(address, Reach.OWN_NETWORK, encrypted=True)
    assert not is_allowed(address, Reach.OWN_NETWORK, encrypted=False)
    assert not is_allowed(address, Reach.LOOPBACK, encrypted=True)


@pytest.mark.parametrize("address", PRIVATE)
def test_private_networks_are_reached_only_if_told(address: str) -> None:
    assert not is_allowed(address, Reach.PUBLIC, encrypted=True)
    assert is_allowed(address, Reach.OWN_NETWORK, encrypted=False)
    assert not is_allowed(address, Reach.LOOPBACK, encrypted=True)


@pytest.mark.parametrize("address", LOOPBACK)
def test_this_machine_is_reached_only_by_its_own_name(address: str) -> None:
    assert is_allowed(address, Reach.LOOPBACK, encrypted=False)
    assert not is_allowed(address, Reach.PUBLIC, encrypted=True)
    assert not is_allowed(address, Reach.OWN_NETWORK, encrypted=True)


@pytest.mark.parametrize("address", NEVER)
@pytest.mark.parametrize("reach", Reach)
def test_metadata_link_local_and_reserved_addresses_are_never_reached(address: str, reach: Reach) -> None:
    assert not is_allowed(address, reach, encrypted=True)


def test_addresses_are_parsed_and_shown_without_their_path() -> None:
    address = parse_source("webcal://Cal.Example.org/a b%20c/é?token=secret".replace(" ", ""), Reach.PUBLIC)
    assert address.url == "https://cal.example.org/ab%20c/%C3%A9?token=secret"
    assert address.origin == "https://cal.example.org"
    assert (
        parse_source("https://bücher.example:8443", Reach.PUBLIC).origin
        == "https://xn--bcher-kva.example:8443"
    )
    assert parse_source("https://[2606:2800::1]/x", Reach.PUBLIC).origin == "https://[2606:2800::1]"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://ann:hush@cloud.example.org/", "user name or a password"),
        ("https://hush@cloud.example.org/", "user name or a password"),
        ("https://cloud.example.org@evil.example/hush", "user name or a password"),
        ("http://cloud.example.org/hush", "not encrypted"),
        ("http://192.168.1.4/hush", "not encrypted"),
        ("ftp://cloud.example.org/hush", "must look like"),
        ("file:///etc/hush", "must look like"),
        ("cloud.example.org/hush", "must look like"),
        ("https:///hush", "must look like"),
        ("https://cloud.example.org:99999/hush", "invalid host or port"),
        ("https://[::1/hush", "invalid host or port"),
        ("https://exa mple.org/hush", "a space"),
        ("https://example.org\\@evil.example/hush", "backslash"),
        ("https://example.org/hush\r\nHost: evil", "a space"),
        ("https://exam_ple!.org/hush", "invalid host"),
        ("https://" + "a" * 3000, "longer than"),
    ],
)
def test_addresses_that_are_unsafe_are_refused_without_quoting_them(url: str, said: str) -> None:
    with pytest.raises(RequestRefusedError, match=said) as refused:
        parse_source(url, choose_reach(url, own_network=False))
    assert "hush" not in str(refused.value)


def test_http_is_allowed_on_this_machine_and_in_ones_own_network() -> None:
    for url, own in (("http://localhost:5232/", False), ("http://[::1]/", False), ("http://nas.lan/", True)):
        assert parse_source(url, choose_reach(url, own_network=own)).scheme == "http"
    assert choose_reach("http://127.1/", own_network=False) is Reach.PUBLIC
    assert choose_reach("https://localhost.evil.example/", own_network=False) is Reach.PUBLIC


def test_a_reference_stays_on_its_server_or_is_another_encrypted_one() -> None:
    book = parse_source("https://cloud.example.org/dav/ann/", Reach.PUBLIC)
    assert book.resolve("../bob/").url == "https://cloud.example.org/dav/bob/"
    assert book.resolve("http://cloud.example.org:8080/x").url == "https://cloud.example.org/x"
    assert book.resolve("//other.example/x").origin == "https://other.example"
    for reference in ("http://other.example/x", "file:///etc/passwd", "//a@other.example/", "https://["):
        with pytest.raises(RequestRefusedError):
            book.resolve(reference)


def test_sources_are_read_at_night_in_the_accounts_zone_each_at_its_own_minute() -> None:
    now = datetime(2026, 3, 28, 12, tzinfo=UTC)  # the clocks go forward at 02:00 the next night
    times = {next_reading(each, PARIS, now) for each in range(1, 100)}
    assert len(times) > 60
    for at in times:
        assert timedelta(0) < at - now < timedelta(days=1)
        assert 2 <= at.astimezone(PARIS).hour <= 5


def test_a_source_that_fails_is_tried_less_and_less_often_but_every_week() -> None:
    now = datetime(2026, 6, 1, 12, tzinfo=UTC)
    nights = [(next_reading(1, PARIS, now, failures=n) - now).days + 1 for n in range(40)]
    assert nights[:6] == [1, 1, 2, 4, 7, 7]
    assert all(before <= after for before, after in pairwise(nights))
    assert nights[-1] == 7


def test_every_failure_has_words_and_advice() -> None:
    assert set(WHAT_HAPPENED) == set(WHAT_TO_DO) == set(ReadFailure)
