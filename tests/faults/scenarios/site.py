"""A site that hangs, fails, and gives wrong answers."""

from typing import Final

from api_stub.sandbox.faults import FaultName, Value
from tests.faults.harness import Harness
from tests.faults.scenarios.model import Scenario, Strike


def site(name: FaultName, *, times: int, path_prefix: str | None = None, value: Value = None) -> Strike:
    """The practice network misbehaves `times` times."""

    def strike(harness: Harness) -> int:
        harness.site.fault(name, value, times=times, path_prefix=path_prefix)
        return times

    return strike


SITE: Final = {
    "site swallows the reply": Scenario(site(FaultName.SEND_SWALLOWS_REPLY, times=2)),
    "site takes no message": Scenario(site(FaultName.SEND_NO_EFFECT, times=1)),
    "site shows it late": Scenario(site(FaultName.LATE_SHOW_S, times=1, value=1)),
    "site answers 500": Scenario(site(FaultName.HTTP_500, times=2)),
    "site asks to share": Scenario(site(FaultName.SHARE_PROMPT, times=2)),
    "site asks something else": Scenario(site(FaultName.UNKNOWN_DIALOG, times=1)),
    "composer holds a draft": Scenario(site(FaultName.DRAFT, times=1, value="Dear friend, about")),
    "site hangs": Scenario(site(FaultName.HANG, times=1)),
}
