"""Writes the table of all settings in docs/configuration.md, from worker/setting_fields.py.

`.venv/bin/python docs/make_settings_table.py` changes what stands between the two comments of the page.
"""

import re
from collections.abc import Mapping
from datetime import time, timedelta
from pathlib import Path
from typing import Final, Literal, get_args, get_origin, get_type_hints

from pydantic.fields import FieldInfo

from worker import setting_types as types
from worker.processes import SECRETS_OF_PROCESS, TRACED, Process
from worker.setting_fields import SettingFields
from worker.settings import SECRET_FIELDS, variable_name

PAGE: Final = Path(__file__).parent / "configuration.md"
_TABLE: Final = re.compile(r"(?<=<!-- made by make_settings_table.py -->\n).*(?=<!-- end -->)", re.DOTALL)
_LINK: Final = re.compile(r"docs/([\w-]+\.md(?:#[\w-]+)?)")

_WORKERS: Final = frozenset({Process.BROWSER_WORKER, Process.CONTROL_WORKER})
_BROWSERS: Final = frozenset({Process.BROWSER_WORKER, Process.SIGN_IN})
_USE_REDIS: Final = frozenset(each for each, secrets in SECRETS_OF_PROCESS.items() if "redis_url" in secrets)
_API: Final = frozenset({Process.API})
READ_BY: Final[Mapping[str, frozenset[Process]]] = {
    "redis_tls_unverified": _USE_REDIS,
    "console": _API,
    "mcp_url": frozenset({Process.MCP}),
    "public_url": frozenset({Process.API, Process.NOTIFIER}),
    "flower_url": _API,
    "grafana_url": _API,
    "allowed_hosts": _API,
    "trusted_proxies": _API,
    "open_metrics": frozenset({Process.API, Process.METRICS}),
    "metrics_account_labels": _API,
    "sandbox_url": _BROWSERS,
    "linkedin_url": _BROWSERS,
    "chromium": _BROWSERS,
    "headless": _BROWSERS,
    "browser_timeout": _BROWSERS,
    "evidence_dir": frozenset({*_WORKERS, Process.API, Process.NOTIFIER}),
    "evidence_days": frozenset({Process.CONTROL_WORKER, Process.API}),
    "upload_dir": _API,
    "browser_traces": frozenset({Process.BROWSER_WORKER}),
    "action_time_limit": _WORKERS,
    "lease": frozenset({Process.BROWSER_WORKER}),
    "dispatch_every": frozenset({Process.BEAT}),
    "settle_time": _WORKERS,
    "digest_at": frozenset({Process.NOTIFIER}),
    "summary_at": frozenset({Process.NOTIFIER}),
    "notify_every": frozenset({Process.NOTIFIER}),
    "ledger_dir": frozenset({Process.BROWSER_WORKER}),
    "fault_file": frozenset(Process),
    "log_format": frozenset(Process),
    "log_level": frozenset(Process),
    "log_levels": frozenset(Process),
    "log_command": _API,
    "traces": TRACED,
    "otlp_endpoint": TRACED,
    "metrics_dir": frozenset(
        {*_WORKERS, Process.BEAT, Process.NOTIFIER, Process.FLOWER, Process.API, Process.METRICS}
    ),
}
"""The processes that a setting changes. Those of the secrets are in worker/processes.py."""

_WORDS: Final[tuple[tuple[object, str], ...]] = (
    (types.PostgresAddress, "address"),
    (types.RedisUrl, "address"),
    (types.FernetKeys, "keys"),
    (types.Key, "key"),
    (types.SigningKeys, "keys"),
    (types.UserAndPassword, "user and password"),
    (types.SiteUrl, "URL"),
    (types.LoopbackUrl, "URL"),
    (types.PublicUrl, "URL"),
    (types.Hosts, "names"),
    (types.Networks, "networks"),
    (types.LogLevels, "levels"),
    (types.LogCommand, "command"),
    (types.Seconds, "duration"),
    (types.Pause, "duration, also 0"),
    (bool, "on or off"),
    (int, "number"),
    (Path, "path"),
    (time, "time of day"),
    (str, "URL"),
)


def fill_table(page: str) -> str:
    """Return the page with the table as the code says now."""
    hints = get_type_hints(SettingFields, include_extras=True)
    rows = ["", "| variable | type | default | meaning | read by |", "|---|---|---|---|---|"]
    rows += [_row(name, hints[name], field) for name, field in SettingFields.model_fields.items()]
    filled, count = _TABLE.subn(lambda _: "\n".join([*rows, "", ""]), page)
    if count != 1:
        raise ValueError(f"{PAGE.name} must have the two comments that the table stands between, once")
    return filled


def _row(name: str, hint: object, field: FieldInfo) -> str:
    meaning = _LINK.sub(r"[\1](\1)", field.description or "")
    return (
        f"| `{variable_name(name)}` | {_name_type(hint)} | {_default(field)} | {meaning} | {_readers(name)} |"
    )


def _name_type(hint: object) -> str:
    hint = next(
        (each for each in get_args(hint) if type(None) in get_args(hint) and each is not type(None)), hint
    )
    if get_origin(hint) is Literal:
        return " or ".join(f"`{value}`" for value in get_args(hint))
    return next(word for known, word in _WORDS if known == hint)


def _default(field: FieldInfo) -> str:
    match field.default:
        case None:
            return "unset"
        case bool(is_on):
            return "on" if is_on else "off"
        case timedelta() as duration:
            return f"{duration.total_seconds():g} s"
        case time() as moment:
            return f"{moment:%H:%M}"
        case value:
            return f"{value}"


def _readers(name: str) -> str:
    if name in SECRET_FIELDS:
        readers = frozenset(each for each, secrets in SECRETS_OF_PROCESS.items() if name in secrets)
    else:
        readers = READ_BY[name]
    return "all" if readers == frozenset(Process) else ", ".join(each for each in Process if each in readers)


if __name__ == "__main__":
    PAGE.write_text(fill_table(PAGE.read_text()))
