from hypothesis import given
from hypothesis import strategies as st

from worker.rules.policy import MAX_RETRY_WAIT, MIN_RETRY_WAIT, retry_wait

FAILURES = st.integers(0, 10_000)
JITTERS = st.floats(0, 1, exclude_max=True)


@given(FAILURES, FAILURES, JITTERS)
def test_more_failures_never_wait_less(a: int, b: int, jitter: float) -> None:
    fewer, more = sorted((a, b))
    assert retry_wait(fewer, jitter) <= retry_wait(more, jitter)


@given(FAILURES, JITTERS)
def test_a_wait_is_spread_over_the_upper_half_and_capped(failures: int, jitter: float) -> None:
    whole = min(MIN_RETRY_WAIT * 2 ** min(failures, 30), MAX_RETRY_WAIT)
    assert whole / 2 <= retry_wait(failures, jitter) <= whole <= MAX_RETRY_WAIT


@given(FAILURES, JITTERS, JITTERS)
def test_different_jitter_spreads_what_failed_together(failures: int, a: float, b: float) -> None:
    less, more = sorted((a, b))
    assert retry_wait(failures, less) <= retry_wait(failures, more)


def test_the_wait_doubles_until_its_cap() -> None:
    waits = [retry_wait(failures, 0) * 2 for failures in range(9)]
    assert waits[:7] == [MIN_RETRY_WAIT * 2**n for n in range(7)]
    assert waits[7:] == [MAX_RETRY_WAIT, MAX_RETRY_WAIT]
    assert retry_wait(3, 0.5) == MIN_RETRY_WAIT * 8 * 0.75
