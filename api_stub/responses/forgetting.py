"""What erasing a person did, as HTTP shows it."""

from pydantic import BaseModel, ConfigDict, Field

from db.store.privacy.erasure import ErasureReport


class ErasureOut(BaseModel):
    """Counts of what was erased. Nothing says who it was.

    Not erased: earlier exports, backups and logs, and pictures of pages with several people, which are
    deleted by age.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "new": True, "contacts": 1, "actions": 3, "skipped": 1, "interactions": 2, "profiles": 1,
                    "search_results": 0, "doubts": 0, "former_values": 0, "exclusions": 0, "mentions": 0,
                    "pictures": 2,
                }
            ]
        }
    )  # fmt: skip

    new: bool = Field(description="False: the person was forgotten before.")
    contacts: int
    actions: int
    skipped: int = Field(description="Of the actions, those that were open and are skipped.")
    interactions: int
    profiles: int
    search_results: int
    doubts: int
    former_values: int
    exclusions: int
    mentions: int = Field(description="Mentions in other texts, which were removed.")
    pictures: int = Field(description="Screenshots and traces on this machine.")


def build_erasure(report: ErasureReport, *, pictures: int) -> ErasureOut:
    """Build the answer about an erasure."""
    erased = report.erased
    return ErasureOut(
        new=report.new,
        contacts=erased.contacts,
        actions=erased.actions,
        skipped=report.skipped,
        interactions=erased.interactions,
        profiles=erased.profiles,
        search_results=erased.hits,
        doubts=erased.doubts,
        former_values=erased.former_values,
        exclusions=report.exclusions,
        mentions=report.mentions,
        pictures=pictures,
    )
