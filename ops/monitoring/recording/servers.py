"""A real Prometheus and a real Alertmanager with the files of this folder, for tests and recorded runs."""

import json
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

import httpx
from ruamel.yaml import YAML

MONITORING = Path(__file__).parents[1]
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_START_S = 20.0

Series = list[tuple[Mapping[str, str], list[tuple[float, float]]]]
"""Labels, with times in Unix seconds and values."""


class Server:
    """A server that is a child process, with its log in its folder."""

    def __init__(self, command: list[str | Path], folder: Path, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._http = httpx.Client(base_url=self.url)
        self._log = folder / "log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        self.wait_for("its start", lambda: self._answers("/-/ready"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._process.terminate()
        self._process.wait(10)
        self._http.close()

    def wait_for(self, what: str, condition: Callable[[], object], patience_s: float = _START_S) -> None:
        """Poll until `condition` holds. Raises TimeoutError with the log's end."""
        until = time.perf_counter() + patience_s
        while not condition():
            if time.perf_counter() > until:
                raise TimeoutError(f"waited {patience_s} s for {what}; {self._log.read_text()[-2000:]}")
            time.sleep(0.1)

    def ask(self, path: str, **parameters: str | float) -> Any:  # noqa: ANN401 -- it is JSON
        """Return the answer of the server's HTTP API. Raises HTTPStatusError."""
        answer = self._http.get(path, params=parameters).raise_for_status()
        return answer.json()

    def _answers(self, path: str) -> bool:
        try:
            return self._http.get(path).is_success
        except httpx.TransportError:
            return False


class Alertmanager(Server):
    """Alertmanager with the real routes and inhibitions. Its receivers' addresses lead nowhere."""

    def __init__(self, folder: Path, port: int) -> None:
        folder.mkdir()
        command: list[str | Path] = [
            "prometheus-alertmanager", f"--config.file={MONITORING / 'alertmanager' / 'alertmanager.yml'}",
            f"--storage.path={folder}", f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address=",
        ]  # fmt: skip
        super().__init__(command, folder, port)

    def list_firing(self) -> dict[str, set[str]]:
        """Return each alert that it would send, with its receivers; inhibited ones are left out."""
        active = self.ask("/api/v2/alerts", inhibited="false", silenced="false")
        firing: dict[str, set[str]] = {}
        for alert in active:
            receivers = {receiver["name"] for receiver in alert["receivers"]}
            firing.setdefault(alert["labels"]["alertname"], set()).update(receivers)
        return firing


class Prometheus(Server):
    """Prometheus that scrapes one HTTP API every few seconds with the real configuration and rules.

    `speed` divides every `for` and every range of the rules, so that a recorded run doesn't take hours.
    """

    def __init__(
        self,
        folder: Path,
        port: int,
        target: str,
        key: str,
        *,
        every_s: int = 1,
        speed: int = 1,
        alertmanager: str = "",
    ) -> None:
        folder.mkdir()
        (folder / "key").write_text(key)
        (folder / "rules").mkdir()
        for file in sorted((MONITORING / "prometheus" / "rules").glob("*.yml")):
            (folder / "rules" / file.name).write_text(speed_up(file.read_text(), speed))
        config = _load(MONITORING / "prometheus" / "prometheus.yml")
        every = f"{every_s}s"
        config["global"] = {"scrape_interval": every, "scrape_timeout": every, "evaluation_interval": every}
        (scrape,) = config["scrape_configs"]
        scrape["authorization"]["credentials_file"] = str(folder / "key")
        scrape["static_configs"] = [{"targets": [target]}]
        managers = [{"static_configs": [{"targets": [alertmanager]}]}] if alertmanager else []
        config["alerting"] = {"alertmanagers": managers}
        (folder / "prometheus.yml").write_text(json.dumps(config))  # JSON is YAML too
        command: list[str | Path] = [
            "prometheus", f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'data'}", f"--web.listen-address=127.0.0.1:{port}",
        ]  # fmt: skip
        super().__init__(command, folder, port)

    def query(self, expr: str) -> Series:
        """Return the value of an expression now, one for each series. Raises HTTPStatusError."""
        result = self.ask("/api/v1/query", query=expr)["data"]
        if result["resultType"] == "scalar":
            return [({}, [_sample(result["result"])])]
        return [(series["metric"], [_sample(series["value"])]) for series in result["result"]]

    def query_range(self, expr: str, start: float, end: float, step_s: float = 1) -> Series:
        """Return the values of an expression between two times in Unix seconds."""
        result = self.ask("/api/v1/query_range", query=expr, start=start, end=end, step=step_s)
        return [
            (series["metric"], [_sample(value) for value in series["values"]])
            for series in result["data"]["result"]
        ]

    def list_rules(self) -> list[dict[str, Any]]:
        """Return the rules with their health and alerts."""
        groups = self.ask("/api/v1/rules")["data"]["groups"]
        return [rule for group in groups for rule in group["rules"]]


def is_installed() -> bool:
    """Return whether both servers are installed."""
    return all(shutil.which(name) for name in ("prometheus", "prometheus-alertmanager"))


def speed_up(rules: str, speed: int) -> str:
    """Return a file of rules with each `for` and each range divided by `speed`, at least 2 s for a range."""

    def divide(match: re.Match[str]) -> str:
        seconds = int(match["number"]) * SECONDS[match["unit"]] / speed
        return f"{match['before']}{max(2 if match['before'] == '[' else 1, round(seconds))}s"

    pattern = r"(?P<before>\[|\bfor: |\bkeep_firing_for: )(?P<number>\d+)(?P<unit>[smhdw])\b"
    return rules if speed == 1 else re.sub(pattern, divide, rules)


def _sample(pair: tuple[float, str]) -> tuple[float, float]:
    at, value = pair
    return float(at), float(value)


def _load(file: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = YAML(typ="safe", pure=True).load(file)
    return loaded
