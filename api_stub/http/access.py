"""Who may come in, and what a route works with."""

import secrets
from typing import Annotated

from fastapi import Depends, HTTPException, Request, Security
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from api_stub.client import Client
from db.engine import Database
from worker.settings import Settings

_header = APIKeyHeader(name="X-API-Key", auto_error=False)
_bearer = HTTPBearer(auto_error=False)


def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


def _database(request: Request) -> Database:
    database: Database = request.app.state.database
    return database


def _client(request: Request) -> Client:
    client: Client = request.app.state.client
    return client


AppSettings = Annotated[Settings, Depends(_settings)]
AppDatabase = Annotated[Database, Depends(_database)]
AppClient = Annotated[Client, Depends(_client)]


Key = Annotated[str | None, Security(_header)]
Bearer = Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]


def require_metrics_key(settings: AppSettings, given: Key, bearer: Bearer) -> None:
    """Ask scrapers for the key too, as a bearer token if they like, unless the settings say it is open."""
    if not settings.open_metrics:
        require_key(settings, bearer.credentials if bearer else given)


def require_key(settings: AppSettings, given: Key) -> None:
    """Let in who shows the key, compared in constant time. Without a key set, nobody is let in."""
    if not settings.api_key:
        raise HTTPException(503, "no API key is set: set RAPPORT_API_KEY")
    expected = settings.api_key.get_secret_value().encode()
    if not secrets.compare_digest((given or "").encode(), expected):
        raise HTTPException(401, "the X-API-Key header is missing or wrong")
