"""What a route works with, and how the documentation says that it needs the key.

The key itself is asked for by the guard, before a route is looked for.
"""

from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyHeader, HTTPBearer

from api_stub.client import TaskClient
from db.engine import Database
from worker.settings import Settings

require_key = [Security(APIKeyHeader(name="X-API-Key", auto_error=False))]
require_metrics_key = [*require_key, Security(HTTPBearer(auto_error=False))]


# Not plain functions: each would take a thread, which may be what there is none of.
async def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


async def _database(request: Request) -> Database:
    database: Database = request.app.state.database
    return database


async def _client(request: Request) -> TaskClient:
    client: TaskClient = request.app.state.client
    return client


AppSettings = Annotated[Settings, Depends(_settings)]
AppDatabase = Annotated[Database, Depends(_database)]
AppClient = Annotated[TaskClient, Depends(_client)]
