"""`rapport account import-state`: the session of a browser that is signed in, checked and proven."""

import io
import json
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr

from api_stub.sandbox.client import SandboxClient
from api_stub.stack.environment import settings_environment
from db.engine import Database
from db.store.people import accounts
from tests.builders import an_account
from tests.cli.conftest import Rapport
from tests.cluster import untraced
from tests.conftest import StartSandbox, signed_in
from worker.errors import RequestRefusedError
from worker.rules.sites.registry import SITES
from worker.secrets import Vault
from worker.sign_in import storage_state
from worker.sign_in.storage_state import find_expiry, keep_own, own_hosts, parse_export

KEYS: Final = Fernet.generate_key().decode()
LINKEDIN: Final = own_hosts("linkedin", "https://www.linkedin.com/feed/")


def a_cookie(**changed: object) -> dict[str, object]:
    return {"name": "li_at", "value": "secret-word", "domain": ".www.linkedin.com", "path": "/", **changed}


def parse(given: object) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(parse_export(json.dumps(given).encode(), LINKEDIN))
    return found


def test_a_storage_state_keeps_the_site_s_own_part() -> None:
    shop = {"origin": "https://shop.example", "localStorage": [{"name": "a", "value": "b"}]}
    own = {
        "origin": "https://www.linkedin.com",
        "localStorage": [{"name": "a", "value": "b"}],
        "indexedDB": [{"name": "auth", "version": 1, "stores": []}],
    }
    domains = (
        ".linkedin.com",
        "www.linkedin.com",
        ".shop.example",
        "linkedin.com.evil.example",
        "notlinkedin.com",
    )
    kept = parse({"cookies": [a_cookie(domain=each) for each in domains], "origins": [shop, own]})
    assert [each["domain"] for each in kept["cookies"]] == [".linkedin.com", "www.linkedin.com"]
    assert kept["origins"] == [own]


def test_a_list_of_cookies_as_extensions_export_it_is_a_storage_state() -> None:
    exported = [
        a_cookie(
            hostOnly=False, session=False, storeId="0", id=1, httpOnly=True, secure=True,
            sameSite="no_restriction", expirationDate=1_800_000_000.5,
        ),
        a_cookie(name="lang", sameSite="unspecified"),
        a_cookie(name="bcookie", secure=False, sameSite="no_restriction"),
        a_cookie(name="lidc", sameSite="strict"),
    ]  # fmt: skip
    kept = parse(exported)["cookies"]
    assert kept[0] == {
        "name": "li_at", "value": "secret-word", "domain": ".www.linkedin.com", "path": "/",
        "expires": 1_800_000_000.5, "httpOnly": True, "secure": True, "sameSite": "None",
    }  # fmt: skip
    assert [each["sameSite"] for each in kept] == ["None", "Lax", "Lax", "Strict"]
    assert [each["expires"] for each in kept[1:]] == [-1, -1, -1]
    state = json.dumps({"cookies": kept, "origins": []})
    assert find_expiry(state, "li_at") == datetime.fromtimestamp(1_800_000_000.5, UTC)
    assert find_expiry(state, "lang") is None
    assert find_expiry(state, None) is None


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (b"", "the file is no session"),
        (b"secret-word", "the file is no session"),
        (b"\xff\xfe\x00", "the file is no session"),
        (b"[]", "the file is no session"),
        (b"{}", "the file is no session: cookies"),
        (b'{"cookies": [{"name": "secret-word"}]}', "cookies.0.value"),
        (b'[{"name": "a", "value": ["secret-word"], "domain": "linkedin.com"}]', "0.value"),
        (b'[{"name": "a", "value": "secret-word", "domain": "linkedin.com", "expires": 1e400}]', "expires"),
        (b"[" * 100_000, "the file is no session"),
        (json.dumps([a_cookie(domain="shop.example")]).encode(), "no cookie of the account's site"),
        (json.dumps({"cookies": [], "origins": []}).encode(), "no cookie of the account's site"),
        (b'{"cookies": [], "origins": [{"origin": "secret-word"}]}', "origins.0.origin"),
        (b'{"cookies": [], "origins": [{"origin": "http://[secret-word"}]}', "no cookie of"),
        (b" " * (storage_state.MAX_BYTES + 1), "more than 5 MB"),
    ],
)
def test_what_is_no_session_is_refused_without_its_values(given: bytes, says: str) -> None:
    with pytest.raises(RequestRefusedError) as refused:
        parse_export(given, LINKEDIN)
    assert says in str(refused.value)
    assert "secret-word" not in str(refused.value)


def test_a_host_belongs_to_its_own_site_only() -> None:
    sandbox = own_hosts("sandbox", "http://127.0.0.2:5/feed/")
    assert [sandbox(each) for each in ("127.0.0.1", "127.0.0.2", "127.0.0.3")] == [True, True, False]
    assert [LINKEDIN(each) for each in ("fr.linkedin.com", "127.0.0.1", "")] == [True, False, False]
    state = {"cookies": [a_cookie(domain=".Fr.LinkedIn.com")], "origins": [{"origin": "null"}]}
    assert json.loads(keep_own(json.dumps(state), LINKEDIN)) == {"cookies": state["cookies"], "origins": []}


@pytest.fixture(scope="module")
def sandbox(start_sandbox: StartSandbox, tmp_path_factory: pytest.TempPathFactory) -> SandboxClient:
    return start_sandbox(tmp_path_factory.mktemp("sandbox") / "state.db", None)[1]


@pytest.fixture
def environ(database_url: str, sandbox: SandboxClient, tmp_path: Path) -> Mapping[str, str]:
    given = {"database_url": database_url, "secret_keys": KEYS, "sandbox_url": sandbox.base_url}
    return {**untraced(), **settings_environment(given), "RAPPORT_DATA": str(tmp_path / "nothing-runs-here")}


def import_state(environ: Mapping[str, str], file: str, stdin: str = "") -> tuple[int, str]:
    """Run the command in a process of its own: it has a browser."""
    done = subprocess.run(
        [sys.executable, "-m", "api_stub.cli", "account", "import-state", "demo", file],
        env=environ, input=stdin, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def test_an_exported_session_is_proven_and_kept(
    database: Database, environ: Mapping[str, str], sandbox: SandboxClient, tmp_path: Path
) -> None:
    with database.transaction() as session:
        account_id = an_account(session).id
    state = json.loads(signed_in(sandbox, "demo"))
    expires = datetime.now(UTC) + timedelta(days=3)  # noqa: TID251 -- an expiry of the days to come
    state["cookies"][0]["expires"] = expires.timestamp()
    state["cookies"].append({**state["cookies"][0], "domain": "shop.example"})
    file = tmp_path / "state.json"
    file.write_text(json.dumps(state))
    code, said = import_state(environ, str(file))
    assert code == 0, said
    assert "account demo is signed in; the session expires soon:" in said
    assert f"delete {file}" in said
    with database.transaction() as session:
        account = accounts.get_account(session, account_id)
    assert account.session is not None
    assert account.session_expires_at == expires
    kept = Vault(SecretStr(KEYS)).open(account.session).get_secret_value()
    assert "shop.example" not in kept


def test_a_session_that_doesn_t_sign_in_is_not_kept(
    database: Database, environ: Mapping[str, str], sandbox: SandboxClient
) -> None:
    with database.transaction() as session:
        account_id = an_account(session).id
    state = json.loads(signed_in(sandbox, "demo"))
    state["cookies"][0]["value"] = "secret-word"
    database_of_the_page = {"origin": sandbox.base_url, "localStorage": [], "indexedDB": [{"name": 1}]}
    for origins, says in (
        ([], "doesn't accept this session"),
        ([database_of_the_page], "the browser refuses"),
    ):
        code, said = import_state(environ, "-", json.dumps({**state, "origins": origins}))
        assert (code, says in said) == (1, True), said
        assert "secret-word" not in said
    with database.transaction() as session:
        assert accounts.get_account(session, account_id).session is None


def test_it_is_refused_before_a_browser_starts(
    database: Database, rapport: Rapport, environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with database.transaction() as session:
        an_account(session)
        an_account(session, "real", site="ledger")
    file = tmp_path / "state.json"
    assert "can't be read: No such file" in rapport.refused("account", "import-state", "demo", str(file))
    file.write_text("[]")
    environment.setenv("RAPPORT_SANDBOX_URL", "http://127.0.0.1:1")
    environment.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"{}")))
    assert "the file is no session" in rapport.refused("account", "import-state", "demo", "-")
    assert "the file is no session" in rapport.refused("account", "import-state", "demo", str(file))
    assert "no account called 'ann'" in rapport.refused("account", "import-state", "ann", str(file))
    assert SITES["ledger"].session_cookie is None
    assert "where nobody signs in" in rapport.refused("account", "import-state", "real", str(file))
