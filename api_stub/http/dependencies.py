"""Dependencies and parameters of the routes. The API key is only declared here, for the documentation.

The guard checks the key itself, before the request is routed.
"""

from typing import Annotated

from fastapi import Depends, Query, Request, Security
from fastapi.security import APIKeyHeader, HTTPBearer

from api_stub.client import TaskClient
from db.engine import Database
from tasks.contract import AccountName
from worker.settings import Settings

require_key = [Security(APIKeyHeader(name="X-API-Key", auto_error=False))]
require_metrics_key = [*require_key, Security(HTTPBearer(auto_error=False))]


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


AppSettings = Annotated[Settings, Depends(_settings)]
AppDatabase = Annotated[Database, Depends(_database)]
AppClient = Annotated[TaskClient, Depends(_client)]

PageLimit = Annotated[int, Query(ge=1, le=1000)]
AccountFilter = Annotated[AccountName | None, Query(description="Only this account's.")]
