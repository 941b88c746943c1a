"""Add links to the OpenAPI document: which requests are possible with the ids of an answer.

A list leads to its first item, a creation to all that can be done with what it made, an item to all that can
be done with it, and a change back to its item. An account also leads to all else that names one.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

_ACCOUNT: Final = "/v1/accounts/{account}"
_ACTION: Final = "/v1/actions/{action_id}"
_CAMPAIGN: Final = "/v1/campaigns/{campaign_id}"
_CONTACT: Final = "/v1/contacts/{contact_id}"
_DECISION: Final = "/v1/decisions/{decision_id}"
_IMPORT_RUN: Final = "/v1/imports/runs/{run_id}"
_PROPOSAL: Final = "/v1/proposals/{action_id}"
_TEMPLATE: Final = "/v1/templates/{template_id}"

_SOURCES: Final[Mapping[str, tuple[str, str]]] = {
    "add_account": (_ACCOUNT, "name"),
    "add_template": (_TEMPLATE, "id"),
    "approve_proposal": (_DECISION, "decision_id"),
    "approve_proposals": (_DECISION, "decision_id"),
    "drop_proposal": (_DECISION, "decision_id"),
    "edit_proposal": (_DECISION, "decision_id"),
    "hold_proposal": (_DECISION, "decision_id"),
    "import_file": (_IMPORT_RUN, "id"),
    "list_accounts": (_ACCOUNT, "items/0/name"),
    "list_actions": (_ACTION, "items/0/id"),
    "list_birthday_doubts": ("/v1/imports/doubts/{doubt_id}", "items/0/id"),
    "list_birthdays": (_CONTACT, "items/0/contact_id"),
    "list_campaigns": (_CAMPAIGN, "items/0/id"),
    "list_contacts": (_CONTACT, "items/0/id"),
    "list_imports": ("/v1/imports/{import_id}", "items/0/id"),
    "list_notice_targets": ("/v1/notice-targets/{target}", "items/0/name"),
    "list_proposals": (_PROPOSAL, "items/0/id"),
    "list_schedules": ("/v1/schedules/{account}/{kind}", "items/0/account items/0/kind"),
    "list_searches": ("/v1/searches/{account}/{name}", "items/0/account items/0/name"),
    "list_subscriptions": ("/v1/imports/subscriptions/{subscription_id}", "items/0/id"),
    "list_templates": (_TEMPLATE, "items/0/id"),
    "look_up_contacts": (_CONTACT, "items/0/id"),
    "never_contact_recipient": (_DECISION, "decision_id"),
    "start_campaign": (_CAMPAIGN, "campaign_id"),
    "undo_import": (_IMPORT_RUN, "id"),
}
"""By operation: the path of an item, and where its answer has the parameters of that path, in their order."""
_ACCOUNT_BODIES: Final = frozenset({"start_campaign", "add_template", "preview_text"})
"""Operations whose body names an account."""


@dataclass(frozen=True, slots=True)
class _Operation:
    name: str
    method: str
    path: str
    declared: dict[str, Any]

    @property
    def parameters(self) -> list[str]:
        """The parameters of its path."""
        return re.findall(r"{(\w+)}", self.path)

    @property
    def links(self) -> dict[str, Any]:
        """The links of its successful answer."""
        responses: dict[str, Any] = self.declared["responses"]
        found: dict[str, Any] = responses[min(responses)].setdefault("links", {})
        return found


def add_links(document: dict[str, Any]) -> None:
    """Give the successful answers of /v1 their links."""
    operations = [
        _Operation(declared["operationId"], method, path, declared)
        for path, methods in document["paths"].items()
        if path.startswith("/v1/")
        for method, declared in methods.items()
    ]
    items = {each.path for each in operations if each.method == "get"}
    for each in operations:
        for item, values in _list_values(each, items):
            for target in _list_targets(operations, each, item):
                link: dict[str, Any] = {"operationId": target.name, "parameters": values}
                if each.name == "show_proposal" and target.method == "post":
                    link["requestBody"] = {"seen": "$response.body#/seen"}
                each.links[target.name] = link
        if each.name == "show_account":
            each.links.update((target.name, link) for target, link in _list_account_links(operations))


def _list_values(source: _Operation, items: set[str]) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the items that an answer leads to, each with the expressions of the parameters of its path."""
    if source.name in _SOURCES:
        item, places = _SOURCES[source.name]
        names = re.findall(r"{(\w+)}", item)
        yield (
            item,
            {name: f"$response.body#/{place}" for name, place in zip(names, places.split(), strict=True)},
        )
    own = source.path[: source.path.rfind("}") + 1]
    if own in items and (source.method != "get" or source.path == own):
        yield own, {name: f"$request.path.{name}" for name in source.parameters}


def _list_targets(operations: list[_Operation], source: _Operation, item: str) -> list[_Operation]:
    """Return what can be done with the item after `source`."""
    found = [
        each
        for each in operations
        if f"{each.path}/".startswith(f"{item}/") and each.path.rfind("}") < len(item) and each is not source
    ]
    shown = [each for each in found if (each.method, each.path) == ("get", item)]
    is_all = source.path == item if source.method == "get" else not source.parameters
    return found if is_all or not shown else shown


def _list_account_links(operations: list[_Operation]) -> Iterator[tuple[_Operation, dict[str, Any]]]:
    """Yield what else an account is named in: a path, a query or a body."""
    name = "$request.path.account"
    for each in operations:
        if each.path.startswith(_ACCOUNT):
            continue
        if each.name in _ACCOUNT_BODIES:
            yield each, {"operationId": each.name, "requestBody": {"account": name}}
        for parameter in each.declared.get("parameters", ()):
            if parameter["name"] == "account":
                yield each, {"operationId": each.name, "parameters": {f"{parameter['in']}.account": name}}
