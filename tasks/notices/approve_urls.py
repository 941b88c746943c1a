"""Links to approve with, for the digest that one message holds."""

from collections.abc import Sequence

from db.engine import Database
from db.store.actions.review import approval_links
from db.store.actions.review.approval_links import NewLink
from db.store.actions.review.proposals import Proposal
from db.store.notices import targets
from db.store.reports.digests import ApproveUrls


class LinkMaker:
    """Makes the links of a message to one target; none without a public address of the HTTP API."""

    def __init__(self, public_url: str | None, target: str) -> None:
        self._public_url = public_url
        self._target = target
        self._made: list[NewLink] = []

    def approve_urls(self, account_id: int) -> ApproveUrls:
        """Return what makes the links of an account's digest. They work once `store` was called."""

        def make(proposals: Sequence[Proposal]) -> str | None:
            if self._public_url is None:
                return None
            link = approval_links.new_link(
                account_id=account_id,
                target=self._target,
                seen={each.id: each.seen for each in proposals},
                public_url=self._public_url,
            )
            self._made.append(link)
            return link.url

        return make

    def store(self, database: Database) -> None:
        """Store the links that were made, before the message is sent.

        Not if the target has been removed meanwhile: removing it revoked its links.
        """
        if self._made:
            with database.transaction() as session:
                if targets.keep_target(session, self._target):
                    approval_links.store_links(session, self._made)
