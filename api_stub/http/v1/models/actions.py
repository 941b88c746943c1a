"""Bodies of the routes for actions."""

from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from api_stub.console.evidence import Evidence
from db.store.actions.control import Settlement


class SettleIn(BaseModel):
    """How to settle an action."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"verdict": "done"}]})

    verdict: Settlement = Field(
        description="done: the message is in the thread. again: it is not, so send it. "
        "skip: leave this person out."
    )


class EvidenceFile(BaseModel):
    """A file of evidence in the folder of its day."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"day": "2026-11-02", "name": "1-zoe-lefevre-greet-1.png"}]}
    )

    day: str = Field(description="The folder: the day, in UTC.")
    name: str


class EvidenceOut(BaseModel):
    """The screenshots and traces of an action, oldest first."""

    screenshots: list[EvidenceFile]
    traces: list[EvidenceFile]
    is_gone: bool = Field(
        examples=[False],
        description="The proof of the effect was taken, but it was removed by age, or is on another machine.",
    )


def build_evidence(found: Evidence) -> EvidenceOut:
    """Return the answer for an action's files."""
    return EvidenceOut(screenshots=_name(found.pictures), traces=_name(found.traces), is_gone=found.is_gone)


def _name(paths: Sequence[Path]) -> list[EvidenceFile]:
    return [EvidenceFile(day=path.parent.name, name=path.name) for path in paths]
