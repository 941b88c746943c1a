"""The work of beat's ticks: schedules, expiry, evidence, retention, summaries, and checks of the quota."""
