"""The store's statements that must stay fast, each with its table and the index that it uses."""

from tests.db.plans.big_tables import BIG_TABLES
from tests.db.plans.small_tables import SMALL_TABLES

WORKLOAD = BIG_TABLES | SMALL_TABLES
