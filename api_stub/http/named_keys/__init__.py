"""Named keys as an API process checks them: known from Postgres, locked after failures, limited in rate.

What is counted here is counted in this process alone.
"""
