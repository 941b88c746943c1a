"""Bodies of the routes for templates and signatures."""

from collections.abc import Sequence
from typing import Annotated, Final, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool, model_validator
from pydantic.config import JsonDict

from api_stub.http.v1.fields import LongText, ShortText
from db.store.campaigns import template_states
from db.store.campaigns.templates import TemplateRecord
from tasks.contract import AccountName
from worker.rules.languages import describe_unknown_language, is_known_language
from worker.rules.messages.template_syntax import MAX_TEMPLATE_CHARACTERS


def _require_language(code: str) -> str:
    if not is_known_language(code):
        raise ValueError(describe_unknown_language(code))
    return code


Language = Annotated[
    str, Field(pattern="^[a-z]{2}$", description="ISO 639-1."), AfterValidator(_require_language)
]
TemplateText = Annotated[
    LongText,
    Field(
        max_length=MAX_TEMPLATE_CHARACTERS,
        description="The text with its fields, such as {{ first_name }}; docs/templates.md lists them.",
    ),
]
Weight = Annotated[
    int, Field(ge=1, le=100, description="How often it is chosen, relative to the others of its language.")
]

_TEXT: Final = "Bon anniversaire, {{ first_name }} !"
_TEMPLATE: Final[JsonDict] = {
    "id": 7,
    "account": "demo",
    "language": "fr",
    "late": False,
    "text": _TEXT,
    "weight": 2,
    "enabled": True,
    "default": False,
    "refused": "unknown field {{ nickname }}",
}


class TemplateIn(BaseModel):
    """A template to add."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"language": "fr", "text": _TEXT, "weight": 2}]}
    )

    language: Language
    text: TemplateText
    late: StrictBool = Field(False, description="For the days after the birthday.")
    weight: Weight = 1
    account: AccountName | None = Field(None, description="For this account only; null: for all.")


class TemplateChange(BaseModel):
    """What to change of a template; what is left out stays."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"enabled": False}]})

    language: Language | None = None
    text: TemplateText | None = None
    late: StrictBool | None = None
    weight: Weight | None = None
    enabled: StrictBool | None = Field(None, description="False switches it off.")

    def merge_text(self, before: TemplateRecord) -> tuple[str, bool, str]:
        """Return language, lateness and text after the change."""
        return (
            before.language if self.language is None else self.language,
            before.late if self.late is None else self.late,
            before.body if self.text is None else self.text,
        )


class TemplateOut(BaseModel):
    """One template."""

    model_config = ConfigDict(json_schema_extra={"examples": [_TEMPLATE]})

    id: int
    account: str | None = Field(description="Null: for all accounts.")
    language: str
    late: bool
    text: str
    weight: int
    enabled: bool
    default: bool = Field(description="It ships with Rapport.")
    refused: str | None = Field(description="Why a newer rule refuses it, so that it isn't used; else null.")


class TemplateDetailOut(TemplateOut):
    """One template with what is odd about it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{**_TEMPLATE, "warnings": ["doesn't have the person's name"], "alike": [3]}]
        }
    )

    warnings: list[str] = Field(description="To follow the words: the template ...")
    alike: list[int] = Field(
        description="Templates that are nearly the same, so that nobody gets both within two years."
    )


class PreviewIn(BaseModel):
    """A stored template or a text, to be filled in."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"text": _TEXT, "names": ["Zoé Lefèvre"]}]}
    )

    template: int | None = Field(None, ge=1, lt=2**63, description="A template's number, or give a text.")
    text: TemplateText | None = None
    late: StrictBool = Field(False, description="The text is for the days after the birthday.")
    names: list[ShortText] = Field(
        [], max_length=100, description="Names as the site shows them; without any, a list of difficult ones."
    )
    account: AccountName | None = Field(
        None, description="Also for people of this account, with its signature; else of the template's own."
    )

    @model_validator(mode="after")
    def _one_text(self) -> Self:
        if (self.template is None) == (self.text is None):
            raise ValueError("give either template or text")
        return self


class FilledOut(BaseModel):
    """A template filled in for one person, who gets the message, or is left out."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "examples": [
                {
                    "name": "Zoé Lefèvre",
                    "first_name": "Zoé",
                    "message": "Bon anniversaire, Zoé !",
                    "left_out": "left out: no first name",
                }
            ]
        },
    )

    name: str
    first_name: str | None
    message: str | None = Field(description="Null for who is left out.")
    left_out: str | None = Field(description="Why the person gets no text, or another one.")


class PreviewOut(BaseModel):
    """How a text reads."""

    model_config = ConfigDict(from_attributes=True)

    names: list[FilledOut]
    people: list[FilledOut] = Field(description="Some people of the account.")
    warnings: list[str] = Field(examples=[["doesn't have the person's name"]])


def build_template(record: TemplateRecord) -> TemplateOut:
    """Return the answer for a template."""
    return TemplateOut(**_values(record))


def build_template_detail(
    record: TemplateRecord, *, warnings: Sequence[str], alike: Sequence[TemplateRecord]
) -> TemplateDetailOut:
    """Return the answer for a template with what is odd about it."""
    return TemplateDetailOut(**_values(record), warnings=list(warnings), alike=[other.id for other in alike])


def _values(record: TemplateRecord) -> dict[str, object]:
    return {
        "id": record.id,
        "account": record.account,
        "language": record.language,
        "late": record.late,
        "text": record.body,
        "weight": record.weight,
        "enabled": record.enabled,
        "default": record.default,
        "refused": template_states.find_refusal(record),
    }
