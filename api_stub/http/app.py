"""The front door: the FastAPI application, its errors and its correlation ids."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException as StarletteHTTPException

from api_stub.client import Client
from api_stub.http import approval, contacts, control, data, health
from api_stub.http.schemas import Problem
from db.engine import Database
from worker import logs
from worker.errors import TryAgainError
from worker.rules.correlation import good_correlation_id
from worker.settings import Settings, get_settings

CORRELATION_ID = "X-Correlation-ID"

log = logs.logger(__name__)


def from_environment() -> FastAPI:
    """Return the application of this process, and set its logging up."""
    settings = get_settings()
    logs.configure(settings)
    return create_app(settings)


def create_app(settings: Settings) -> FastAPI:
    """Return the application. It opens its connections when it starts and closes them when it stops."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.settings = settings
        app.state.database = Database(
            settings.required("database_url").get_secret_value(), application_name="rapport api"
        )
        app.state.client = Client(settings.redis)
        yield
        app.state.client.close()
        app.state.database.close()

    app = FastAPI(title="Rapport", lifespan=lifespan, responses={"default": {"model": Problem}})
    app.middleware("http")(_correlate)
    _install_problems(app)
    app.include_router(health.router)
    app.include_router(control.router)
    app.include_router(approval.router)
    app.include_router(data.router)
    app.include_router(contacts.router)
    return app


async def _correlate(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    """Take the caller's correlation id, or make one; bind it to the lines and send it back."""
    correlation_id = good_correlation_id(request.headers.get(CORRELATION_ID)) or logs.new_correlation_id()
    with logs.bound(correlation_id=correlation_id):
        request.state.correlation_id = correlation_id
        response = await call_next(request)
        log.info("request", method=request.method, path=request.url.path, status=response.status_code)
    response.headers[CORRELATION_ID] = correlation_id
    return response


def _problem(status: int, title: str, detail: str) -> JSONResponse:
    body = Problem(title=title, status=status, detail=detail)
    return JSONResponse(body.model_dump(), status_code=status, media_type="application/problem+json")


def _install_problems(app: FastAPI) -> None:
    """Answer every error as a problem document (RFC 9457) that says what to do."""

    @app.exception_handler(StarletteHTTPException)
    async def http_problem(_request: Request, error: StarletteHTTPException) -> Response:
        return _problem(error.status_code, "The request was refused", str(error.detail))

    @app.exception_handler(RequestValidationError)
    async def wrong_fields(_request: Request, error: RequestValidationError) -> Response:
        detail = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        return _problem(422, "The request has wrong fields", detail)

    @app.exception_handler(TryAgainError)
    async def unavailable(_request: Request, error: TryAgainError) -> Response:
        return _problem(503, "Not possible right now", str(error))

    @app.exception_handler(OperationalError)
    async def no_database(_request: Request, _error: OperationalError) -> Response:
        return _problem(503, "Not possible right now", "Postgres does not answer")

    @app.exception_handler(Exception)
    async def unexpected(request: Request, error: Exception) -> Response:
        log.error("request_failed", path=request.url.path, error=type(error).__name__, exc_info=error)
        answer = _problem(500, "A fault of ours", "the log says more, under the correlation id")
        answer.headers[CORRELATION_ID] = request.state.correlation_id
        return answer
