"""What is searched for, in the terms of a site's own search address."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """A people search: the names and values of its address, without the page and without any host.

    The adapter puts them into an address of its own site, so no search leads anywhere else.
    """

    terms: tuple[tuple[str, str], ...]
