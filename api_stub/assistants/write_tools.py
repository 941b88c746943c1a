"""Tools that change something: each only shows what it would do, unless `dry_run` is false.

None of them sends. A campaign that is started here is a dry run, or proposes each message to a person.
"""

import inspect
from enum import StrEnum
from typing import Annotated, Final
from uuid import UUID

from mcp.server.fastmcp import FastMCP
from mcp.server.fastmcp.exceptions import ToolError
from mcp.types import ToolAnnotations
from pydantic import Field, JsonValue

from api_stub.assistants.front_door import Answer, FrontDoor
from api_stub.assistants.read_tools import Account
from tasks.contract import AccountName
from worker.rules.model import CampaignKind

_CHANGES: Final = ToolAnnotations(
    readOnlyHint=False, destructiveHint=False, idempotentHint=True, openWorldHint=False
)
_STARTS: Final = ToolAnnotations(
    readOnlyHint=False, destructiveHint=False, idempotentHint=False, openWorldHint=False
)
_LETS_SEND: Final = ToolAnnotations(
    readOnlyHint=False, destructiveHint=True, idempotentHint=True, openWorldHint=True
)

DryRun = Annotated[bool, Field(description="True only shows it. Set false once the person agrees.")]
Options = Annotated[
    dict[str, JsonValue], Field(description="Options of this kind of campaign, as the HTTP API names them.")
]
Seen = Annotated[
    dict[UUID, Annotated[str, Field(pattern="^[0-9a-f]{64}$")]],
    Field(min_length=1, max_length=20, description="By proposal: `seen`, as `proposals` showed it."),
]


Which = Annotated[AccountName, Field(description="The account's name, or the campaign's id.")]


class Paused(StrEnum):
    """What is paused or resumed."""

    ACCOUNT = "account"
    CAMPAIGN = "campaign"


class WriteTools:
    """The tools that change something. A docstring is what the assistant reads."""

    def __init__(self, door: FrontDoor) -> None:
        self._door = door

    async def start_campaign(
        self, account: Account, kind: CampaignKind, options: Options | None = None, dry_run: DryRun = True
    ) -> Answer:
        """Start a campaign: by default a dry run, whose preview says what it would do.

        With `dry_run` false, a birthday campaign is planned, and each of its messages waits for a person's
        approval. Other kinds have nothing that could wait for it, so only a person starts them.
        """
        if not dry_run and kind is not CampaignKind.BIRTHDAY:
            raise ToolError(
                f"a {kind} campaign acts without a person's approval, so no tool starts it: the person can, "
                f"in the console or with `rapport campaign {kind}`"
            )
        wanted = {**(options or {}), "dry_run": dry_run}
        if kind is CampaignKind.BIRTHDAY:
            wanted["approval"] = True
        body: dict[str, JsonValue] = {"account": account, "kind": kind.value, "options": wanted}
        return await self._door.post("campaigns", body=body)

    async def pause(self, what: Paused, which: Which, dry_run: DryRun = True) -> Answer:
        """Pause an account by its name, or a campaign by its id. Nothing is dropped."""
        return await self._change("pause", what, which, dry_run=dry_run)

    async def resume(self, what: Paused, which: Which, dry_run: DryRun = True) -> Answer:
        """Resume an account or a campaign: what is planned or approved is sent when every gate is open."""
        return await self._change("resume", what, which, dry_run=dry_run)

    async def approve(self, seen: Seen, dry_run: DryRun = True) -> Answer:
        """Approve messages that the person has seen, each by the hash of its recipient and text.

        One that has changed since stays proposed. By default it only shows these proposals as they are now.
        An approved message is sent later, within the account's quota and hours.
        """
        if not dry_run:
            by_id: dict[str, JsonValue] = {str(action): given for action, given in seen.items()}
            return await self._door.post("proposals", "approve", body={"seen": by_id})
        shown: list[JsonValue] = [(await self._door.get("proposals", action)).data for action in seen]
        return _show("approve these, each if its `seen` is still the given one", shown)

    async def _change(self, verb: str, what: Paused, which: Which, *, dry_run: bool) -> Answer:
        where = f"{what}s", which
        if not dry_run:
            return await self._door.post(*where, verb)
        return _show(f"{verb} this {what}", (await self._door.get(*where)).data)

    def add_to(self, server: FastMCP) -> None:
        """Add the tools to a server."""
        for tool, hints in (
            (self.start_campaign, _STARTS),
            (self.pause, _CHANGES),
            (self.resume, _LETS_SEND),
            (self.approve, _LETS_SEND),
        ):
            server.add_tool(tool, description=inspect.getdoc(tool), annotations=hints)


def _show(would: str, now: JsonValue) -> Answer:
    return Answer(data={"dry_run": True, "would": would, "now": now})
