"""The steps of a decision without any rule, as Lua: what an exact decision can't do without."""

from collections.abc import Sequence
from itertools import accumulate
from typing import Final

STEPS: Final = {
    "an empty script": "",
    "+ the server's time": """
        local clock = redis.call('TIME')
        local now = clock[1] * 1000 + math.floor(clock[2] / 1000)""",
    "+ the limits from JSON": """
        local numbers = cjson.decode(ARGV[5])
        local kind = numbers[3]""",
    "+ reading the state": """
        local stored = redis.call('HMGET', KEYS[1], 'epoch', 'kept', 'due', 'gap|' .. kind,
            'breaker|' .. kind, 'run|' .. numbers[1] .. '|' .. kind .. '|' .. ARGV[4],
            'lease|' .. kind .. '|' .. ARGV[2])""",
    "+ counting six windows": """
        local used = {}
        for n = 2, #KEYS do
            used[#used + 1] = redis.call('ZCOUNT', KEYS[n], '(' .. (now - 604800000), '+inf')
            used[#used + 1] = redis.call('ZCOUNT', KEYS[n], numbers[1], '+inf')
        end""",
    "+ the charge": """
        redis.call('ZADD', KEYS[1 + kind], 'NX', now, ARGV[2])""",
    "+ writing gap, lease and run": """
        redis.call('HSET', KEYS[1], 'gap|' .. kind, now, 'due', now,
            'lease|' .. kind .. '|' .. ARGV[2], now .. ' ' .. numbers[1] .. ' ' .. ARGV[4],
            'run|' .. numbers[1] .. '|' .. kind .. '|' .. ARGV[4], (tonumber(stored[6]) or 0) + 1)""",
}
"""The steps of a decision, each with its Lua."""


def accumulate_steps() -> Sequence[str]:
    """Return a script for each step that does all steps until then, and answers as a grant of ours."""
    return [f"{lua}\nreturn 'granted - 0 0 0 0 0 1 2 3 4 5'" for lua in accumulate(STEPS.values())]
