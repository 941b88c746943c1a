"""Requests to servers of this machine.

They wait as long as a busy machine may take, and don't read the list of certificate authorities each time,
which takes longer than most requests.
"""

from functools import partial
from typing import Final

import httpx

from tests.cluster import PATIENCE

get: Final = partial(httpx.get, timeout=PATIENCE.total_seconds(), verify=False)
post: Final = partial(httpx.post, timeout=PATIENCE.total_seconds(), verify=False)
