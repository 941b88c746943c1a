"""Checks of the servers: Postgres and its tables, Redis, the keys, subscriptions, and workers."""

import redis
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from api_stub.checks.finding import Finding
from api_stub.checks.refusals import explain_postgres, explain_redis
from api_stub.checks.words import describe_failure
from db import migrate
from db.engine import Database
from db.store.imports import subscriptions
from tasks import sessions
from worker import queues
from worker.errors import ConfigurationError, TryAgainError
from worker.secrets import Vault
from worker.servers import redis_permissions
from worker.servers.redis_address import RedisAddress


def check_postgres(database: Database) -> Finding:
    """Check that Postgres answers, and name its version."""
    try:
        with database.engine.connect() as connection:
            number = connection.execute(text("show server_version_num")).scalar_one()
    except SQLAlchemyError as error:
        return Finding("Postgres", False, *explain_postgres(error))
    return Finding("Postgres", True, f"version {int(number) // 10000}, answers")


def check_tables(database: Database) -> Finding:
    """Check that this version works with the tables."""
    try:
        remedy = migrate.find_remedy(database.engine)
    except SQLAlchemyError as error:
        return Finding("tables", False, type(error).__name__, "run `rapport migrate`")
    if remedy is not None:
        return Finding("tables", False, "they don't fit this version", remedy)
    return Finding("tables", True, "they fit this version")


def check_secret_keys(keys: SecretStr | None, database: Database) -> Finding:
    """Check that the keys decrypt every stored session, and the address of every subscription."""
    if keys is None:
        return Finding("secret keys", True, "not set here; browser workers and sign-ins need them")
    try:
        names = sessions.list_unopened_accounts(database, Vault(keys))
        sources = sessions.list_unopened_sources(database, Vault(keys))
    except ConfigurationError as error:
        return Finding("secret keys", False, "no Fernet keys", str(error))
    except SQLAlchemyError as error:
        return Finding("secret keys", False, type(error).__name__, "the stored sessions can't be read")
    if names:
        advice = "add the key to RAPPORT_SECRET_KEYS, or `rapport account sign-in` again"
        return Finding("secret keys", False, f"they can't decrypt the session of {', '.join(names)}", advice)
    if sources:
        advice = "add the key to RAPPORT_SECRET_KEYS, or `rapport import subscribe` again"
        listed = ", ".join(map(str, sources))
        return Finding("secret keys", False, f"they can't decrypt the subscriptions {listed}", advice)
    return Finding("secret keys", True, "they decrypt every stored session")


def check_subscriptions(database: Database) -> Finding:
    """Name the address books and calendars that were not read the last time: a warning."""
    try:
        with database.transaction() as session:
            failing = subscriptions.list_failing(session)
    except SQLAlchemyError as error:
        return Finding("subscriptions", False, type(error).__name__, "they can't be read")
    if not failing:
        return Finding("subscriptions", True, "every address book and calendar was read the last time")
    said = "; ".join(f"{each.id} of {each.account}: {describe_failure(each)}" for each in failing)
    return Finding("subscriptions", True, said, "see `rapport import subscriptions`", is_warning=True)


def check_redis(redis_at: RedisAddress) -> Finding:
    """Check that Redis answers, and that its user may do what Rapport needs."""
    try:
        with queues.connect(redis_at) as client:
            hello = client.execute_command("HELLO", 3)  # unlike INFO, no access list forbids it
            missing = redis_permissions.find_missing(client)
    except redis.RedisError as error:
        return Finding("Redis", False, *explain_redis(error))
    if missing:
        advice = "docs/deployment.md has the access list (ACL) that Rapport needs"
        return Finding("Redis", False, f"its user may not: {', '.join(missing)}", advice)
    return Finding("Redis", True, f"{hello['server']} {hello['version']}, answers")


def check_workers(redis_at: RedisAddress) -> Finding:
    """Check that workers take messages of every queue."""
    try:
        snapshot = queues.take_snapshot_at(redis_at)
    except TryAgainError as error:
        return Finding("workers", False, str(error), "is REDIS_URL right, and Redis running?")
    unconsumed = snapshot.unconsumed(queues.ALL_QUEUES)
    advice = "start `rapport worker browser` and `rapport worker control`, or restart them"
    return Finding(
        "workers", not unconsumed, snapshot.describe(queues.ALL_QUEUES), advice if unconsumed else ""
    )
