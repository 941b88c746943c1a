"""What the application holds open, as dependencies of the routes that use it."""

from typing import Annotated

from fastapi import Depends, Request

from api_stub.client import TaskClient
from db.engine import Database
from worker.settings import Settings


# Async, because FastAPI runs a plain function in a thread of its pool, and the pool may be exhausted.
async def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


async def _database(request: Request) -> Database:
    database: Database = request.app.state.database
    return database


async def _client(request: Request) -> TaskClient:
    client: TaskClient = request.app.state.client
    return client


async def _probed(request: Request) -> Database:
    probed: Database = request.app.state.probed
    return probed


AppSettings = Annotated[Settings, Depends(_settings)]
AppDatabase = Annotated[Database, Depends(_database)]
AppClient = Annotated[TaskClient, Depends(_client)]
AppProbed = Annotated[Database, Depends(_probed)]
"""The same database with limits of two seconds, for what must also answer while Postgres doesn't."""
