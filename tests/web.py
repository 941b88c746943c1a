"""Requests over HTTP that wait as long as a busy machine may take; httpx gives up after five seconds."""

from functools import partial
from typing import Final

import httpx

from tests.cluster import PATIENCE

get: Final = partial(httpx.get, timeout=PATIENCE.total_seconds())
post: Final = partial(httpx.post, timeout=PATIENCE.total_seconds())
