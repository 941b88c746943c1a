"""Every setting, with its type, its default and its meaning.

docs/make_settings_table.py writes docs/configuration.md from this: a description is Markdown, and names pages
as docs/NAME.md.
"""

from datetime import time, timedelta
from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from worker.setting_types import (
    FernetKeys,
    Hosts,
    Key,
    LogCommand,
    LogLevels,
    LoopbackUrl,
    Networks,
    Pause,
    PostgresAddress,
    PublicUrl,
    RedisUrl,
    Seconds,
    SigningKeys,
    SiteUrl,
    UserAndPassword,
)


class SettingFields(BaseSettings):
    """The settings as they are read. `Settings` adds the checks between them."""

    model_config = SettingsConfigDict(
        env_prefix="RAPPORT_", env_ignore_empty=True, frozen=True, extra="ignore", hide_input_in_errors=True
    )

    database_url: PostgresAddress | None = Field(
        None,
        validation_alias="DATABASE_URL",
        description="Postgres, as `postgresql://user:password@host:5432/name` or in another form of libpq: "
        "docs/deployment.md#postgres.",
    )
    redis_tls_unverified: Literal["i-know-what-this-risks"] | None = Field(
        None,
        description="Lets `REDIS_URL` turn off the check of the server's certificate or name. Anybody on the "
        "network path can then read the password and send tasks.",
    )
    redis_url: RedisUrl | None = Field(
        None,
        validation_alias="REDIS_URL",
        description="Redis 6.2 or later, or Valkey, as `redis://:password@host:6379/0`, `rediss://` for TLS, "
        "`unix://` or `sentinel://`: docs/deployment.md#redis. Give Rapport a database of its own: the "
        "queues have no key prefix, so that any client can call tasks by name.",
    )
    secret_keys: FernetKeys | None = Field(
        None,
        description="Fernet keys, separated by commas: the first encrypts browser sessions and the addresses "
        "of subscriptions, all can decrypt. `rapport secrets new-key` prints one. To rotate: "
        "docs/operations.md#keys.",
    )
    notice_keys: FernetKeys | None = Field(
        None,
        description="Fernet keys in the same form, but other keys: they encrypt where notices are sent "
        "(docs/notices.md).",
    )
    console: bool = Field(
        True,
        description="`off` turns the console off (docs/console.md): its addresses answer 404, and nothing of "
        "it is read or written.",
    )
    console_keys: SigningKeys | None = Field(
        None,
        description="Fernet keys in the same form, but other keys: they sign the console's cookies and "
        "forms. The first signs, all verify. If unset, the console answers 503.",
    )
    api_key: Key | None = Field(
        None,
        description="The key called `api`, which may do everything: 16 characters or more, ASCII without "
        "spaces. `rapport keys` makes others, with names, scopes and limits: docs/keys.md. If unset, "
        "requests without a named key get 503.",
    )
    mcp_key: Key | None = Field(
        None,
        description="The key of the HTTP API with which `rapport mcp` serves an assistant over stdin and "
        "stdout: docs/assistants.md.",
    )
    mcp_url: PublicUrl = Field(
        "http://127.0.0.1:7710",
        description="The address of the HTTP API that `rapport mcp` asks, in the form of "
        "`RAPPORT_PUBLIC_URL`.",
    )
    flower_auth: UserAndPassword | None = Field(
        None,
        description="`user:password` for Flower; the password has 16 characters or more, and no comma. If "
        "unset, Flower doesn't start.",
    )
    public_url: PublicUrl | None = Field(
        None,
        description="Where people reach the HTTP API from outside, such as `https://rapport.example.org` or, "
        "behind a path of a proxy, `https://example.org/rapport`: `https`, or an address of this machine. "
        "With it, digests hold links to approve with (docs/approving.md#by-link); without it there are none. "
        "The console takes the path of its links from it: docs/console.md#who-may-enter.",
    )
    flower_url: PublicUrl | None = Field(
        None,
        description="Where people open Flower, in the form of `RAPPORT_PUBLIC_URL`: the console's page of "
        "operations links to it. `rapport up` sets it.",
    )
    grafana_url: PublicUrl | None = Field(None, description="The same for Grafana.")
    allowed_hosts: Hosts | None = Field(
        None,
        description="Host names and addresses that a request may be for, separated by commas, without ports; "
        "others get 421. Unset: the host of `RAPPORT_PUBLIC_URL`, addresses, and names without a dot: "
        "docs/keys.md#hosts-and-proxies.",
    )
    trusted_proxies: Networks | None = Field(
        None,
        description="IP addresses or networks of your proxies, separated by commas, as "
        "`127.0.0.1,10.0.0.0/8`. From them, `X-Forwarded-For` is taken for the client's address; from others "
        "it is ignored.",
    )
    open_metrics: bool = Field(
        False,
        description="Allow `/metrics` without the key. Only for an HTTP process that nobody else can reach.",
    )
    metrics_account_labels: bool = Field(
        False,
        description="Show what is left and used of the quota for each account, by name, up to 200 accounts. "
        "Otherwise `/metrics` has only the lowest and the highest of the active accounts.",
    )
    sandbox_url: SiteUrl | None = Field(None, description="Address of the practice network.")
    linkedin_url: LoopbackUrl | None = Field(
        None,
        description="For tests only: copies of LinkedIn's pages, on this machine. Unset, the adapter opens "
        "LinkedIn itself.",
    )
    sandbox_key: Key | None = Field(
        None,
        description="Key of the practice network's control endpoints (faults, ledger): 16 characters or "
        "more. Only that process needs it.",
    )
    chromium: Path | None = Field(
        None,
        description="The Chromium to use. If unset: Playwright's own, else one on the `PATH`, "
        "`chromium-headless-shell` first. When root runs `./run`, it installs that package where Debian has "
        "it.",
    )
    headless: bool = Field(True, description="`false` shows the browser's window.")
    browser_timeout: Seconds = Field(
        timedelta(seconds=15), description="The longest wait for anything on a page."
    )
    evidence_dir: Path = Field(
        Path(".rapport/evidence"), description="Where screenshots and traces go, in a folder for each day."
    )
    evidence_days: int = Field(14, ge=1, le=365, description="How many days they are kept.")
    upload_dir: Path = Field(
        Path(".rapport/uploads"),
        description="Where the HTTP process keeps a file that is sent to be imported, until it is imported "
        "or refused, and for at most an hour.",
    )
    browser_traces: bool = Field(
        True,
        description="Keep a masked trace of an action that failed or is in doubt: "
        "docs/operations.md#traces-of-failed-actions. While it is on, the site's pages hold Playwright's "
        "recording script, which a site could notice.",
    )
    action_time_limit: Seconds = Field(
        timedelta(seconds=180), description="A worker process that takes longer for one task is killed."
    )
    lease: Seconds = Field(
        timedelta(seconds=60),
        description="How long an action's lease lasts without a heartbeat; a worker sends one every quarter "
        "of it. At least 10 s longer than `RAPPORT_BROWSER_TIMEOUT`.",
    )
    dispatch_every: Seconds = Field(timedelta(seconds=5), description="How often due actions are dispatched.")
    settle_time: Pause = Field(
        timedelta(seconds=60),
        description="How late the site may show a message that it accepted; an uncertain greeting is checked "
        "after this time.",
    )
    digest_at: time = Field(
        time(7),
        description="When the morning digest of each account is due, in its own zone: "
        "docs/notices.md#the-morning-digest-and-the-evening-summary.",
    )
    summary_at: time = Field(time(20), description="The same for the evening summary.")
    notify_every: Seconds = Field(
        timedelta(seconds=10), description="How often the notifier looks for notices to send."
    )
    ledger_dir: Path | None = Field(
        None, description="For benchmarks and fault tests only: the folder of the site without pages."
    )
    fault_file: Path | None = Field(None, description="For fault tests only: see `worker/failpoint.py`.")
    log_format: Literal["json", "pretty"] = Field("json", description="The form of a line of the logs.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="The lowest level that is logged. Libraries stay at `INFO` with `DEBUG`."
    )
    log_levels: LogLevels | None = Field(
        None,
        description="Levels of single modules and of those below them, as `tasks=DEBUG,db.store=WARNING`: "
        "docs/operations.md#logs.",
    )
    log_command: LogCommand | None = Field(
        None,
        description="The command that shows what all processes logged about one correlation id, with `ID` in "
        "its place: `rapport why` and the console print it. `rapport up`, the units of "
        "`rapport service install` and the image set it.",
    )
    traces: bool = Field(
        False,
        description="Send traces to an OpenTelemetry collector: docs/operations.md#traces. Needs the extra "
        "`otel`.",
    )
    otlp_endpoint: str = Field(
        "http://localhost:4318",
        validation_alias="OTEL_EXPORTER_OTLP_ENDPOINT",
        description="Address of the collector, without a user or password. Used only with `RAPPORT_TRACES`.",
    )
    metrics_dir: Path | None = Field(
        None,
        description="Folder in which processes keep their metrics, also across restarts; `/metrics` adds "
        "them up. All processes on a machine share it. If unset, `/metrics` shows only the HTTP process.",
    )
