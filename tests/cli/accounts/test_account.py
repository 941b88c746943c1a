"""`rapport account`: add, list, refusals, and a sign-in that can't work."""

import io

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr

from api_stub.cli.accounts import remote_sign_in, sign_in
from api_stub.cli.accounts.sign_in_target import SignInTarget
from db.engine import Database
from db.store.people import accounts
from db.store.quota import limits
from tests.builders import an_account
from tests.cli.conftest import Rapport
from worker.browser.sandbox.adapter import SandboxSite
from worker.errors import RequestRefusedError
from worker.rules.model import Kind
from worker.secrets import Vault
from worker.settings import Settings


class NarrowTerminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_link_of_a_remote_sign_in_stays_whole_in_a_narrow_terminal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setattr("sys.stdout", screen := NarrowTerminal())
    link = "https://rapport.example/sign-in#" + "a" * 86
    remote_sign_in.print_link(link)
    assert link in screen.getvalue().splitlines()


def test_accounts_are_added_and_listed(rapport: Rapport) -> None:
    assert "account ann is on sandbox" in rapport(
        "account", "add", "ann", "--site", "sandbox", "--time-zone", "Europe/Paris"
    )
    assert "Europe/Paris" in rapport("account", "list")
    assert "not yet" in rapport("account", "list")
    rapport("account", "add", "ann", "--time-zone", "UTC")
    assert "Europe/Paris" not in rapport("account", "list")


def test_a_new_account_of_a_real_site_warms_up_and_an_old_one_or_one_to_practise_does_not(
    database: Database, rapport: Rapport, environment: pytest.MonkeyPatch
) -> None:
    assert "ramp up" not in rapport("account", "add", "ann", "--site", "sandbox")
    environment.setattr("sys.stdin", io.StringIO("yes\n"))
    said = rapport("account", "add", "bea", "--site", "linkedin", "--time-zone", "Pacific/Auckland")
    assert "its limits ramp up from today: a third in the first week, a half in the second" in said
    assert "rapport quota warm-up bea --skip" in said
    with database.transaction() as session:
        bea = accounts.find_account(session, "bea")
        assert bea is not None
        (change,) = limits.list_changes(session, bea.id)
        assert (change.what, change.by, change.before) == ("warm_up", "ops@host", None)
        assert limits.load_context(session, bea.id, Kind.GREET, "").context.limits.per_day == 5
    assert "account bea is on linkedin" in rapport("quota", "warm-up", "bea", "--skip") + rapport(
        "account", "add", "bea"
    )
    assert "ramp up" not in rapport("account", "add", "bea", "--site", "linkedin")
    with database.transaction() as session:
        assert limits.load_context(session, bea.id, Kind.GREET, "").warm_up_on is None


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("ann", "--site", "myspace"), "unknown site 'myspace'"),
        (("ann", "--time-zone", "Mars/Base"), "'Mars/Base' isn't an IANA time zone"),
        (("ann", "--time-zone", "../etc"), "isn't an IANA time zone"),
        (("Ann Smith",), "'Ann Smith' can't be an account's name"),
    ],
)
def test_an_account_that_could_not_work_is_refused(
    rapport: Rapport, arguments: tuple[str, ...], says: str
) -> None:
    assert says in rapport.refused("account", "add", *arguments)


def test_a_sign_in_that_cannot_work_says_why(database: Database, rapport: Rapport) -> None:
    assert "no account called 'ann'" in rapport.refused("account", "sign-in", "ann")
    rapport("account", "add", "ann", "--site", "sandbox")
    assert "has no member 'ann'" in rapport.refused("account", "sign-in", "ann")
    rapport("account", "add", "demo")
    assert "RAPPORT_SANDBOX_URL is not set" in rapport.refused("account", "sign-in", "demo")
    other = rapport.refused("account", "sign-in", "demo", "--site", "linkedin")
    assert "account demo is on sandbox, not on 'linkedin'" in other
    assert "belongs to --remote" in rapport.refused("account", "sign-in", "demo", "--address", "http://[::1]")


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("http://rapport.example", "--address must begin with https://"),
        ("http://192.168.1.5:8000", "--address must begin with https://"),
        ("ftp://127.0.0.1", "--address must look like"),
        ("https://user:secret-word@rapport.example", "--address must look like"),
        ("rapport.example", "--address must look like"),
    ],
)
def test_a_link_leads_over_https_or_to_this_machine(
    database: Database, rapport: Rapport, address: str, says: str
) -> None:
    rapport("account", "add", "demo", "--site", "sandbox")
    said = rapport.refused("account", "sign-in", "demo", "--remote", "--address", address)
    assert says in said
    assert "secret-word" not in said


def test_a_window_needs_a_screen(
    database: Database, environment: pytest.MonkeyPatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    with database.transaction() as session:
        account = an_account(session)
    vault = Vault(SecretStr(Fernet.generate_key().decode()))
    target = SignInTarget(account, SandboxSite, Settings(), vault)
    with pytest.raises(
        RequestRefusedError, match=r"no screen here .*sign-in demo --remote.*import-state demo"
    ):
        sign_in._sign_in_here(target)
