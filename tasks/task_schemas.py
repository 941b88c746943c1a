"""The JSON Schema of each task's arguments.

`rapport tasks schema > docs/tasks.schema.json` writes the shipped one.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from pydantic.json_schema import models_json_schema

from tasks import contract
from tasks.contract import Arguments
from worker.rules.sourcing.criteria import Criteria

TASK_ARGUMENTS: Final[Mapping[str, type[Arguments]]] = {
    **{request.task: request for request in contract.CampaignRequest.__subclasses__()},
    contract.BIRTHDAY_READ: contract.CampaignRef,
    contract.INVITATIONS_READ: contract.CampaignRef,
    contract.BIRTHDAY_GREET: contract.ActionRef,
    contract.VISITOR_VISIT: contract.ActionRef,
    contract.SOURCING_COLLECT: contract.ActionRef,
    contract.INVITATIONS_WITHDRAW: contract.ActionRef,
    contract.BIRTHDAY_REPLIES: contract.AccountRef,
    contract.IMPORTS_READ: contract.SubscriptionRef,
    contract.DISPATCH: contract.Tick,
    contract.RECOVER: contract.Tick,
    **{name: contract.Tick for name in contract.TASK_NAMES if name.startswith("tasks.upkeep.")},
}
"""The model of each task's keyword arguments."""

ARGUMENT_NAMES: Final = frozenset(Criteria.model_fields).union(
    *(model.model_fields for model in TASK_ARGUMENTS.values())
)
"""The names of all arguments. Unlike what else a message has, they may be told."""

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def format_task_schema(name: str) -> str:
    """Return the schema of the keyword arguments of one task. Raises KeyError for an unknown name."""
    return _format({"$schema": _DIALECT, **TASK_ARGUMENTS[name].model_json_schema()})


def format_schemas() -> str:
    """Return the schema of an object with the arguments of any task under the task's name."""
    models = sorted(set(TASK_ARGUMENTS.values()), key=lambda model: model.__name__)
    places, schema = models_json_schema([(model, "validation") for model in models])
    tasks = {name: places[TASK_ARGUMENTS[name], "validation"] for name in sorted(TASK_ARGUMENTS)}
    return _format(
        {
            "$schema": _DIALECT,
            "title": "The tasks of Rapport",
            "description": "Under the name of each task: its keyword arguments.",
            "type": "object",
            "properties": tasks,
            "additionalProperties": False,
            **schema,
        }
    )


def _format(schema: Mapping[str, Any]) -> str:
    return json.dumps(schema, indent=2)
