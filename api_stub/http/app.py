"""The FastAPI application with its middleware and routes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from api_stub.client import TaskClient
from api_stub.console.console import install_console, start_console
from api_stub.console.live import Live
from api_stub.console.public_address import find_public_address
from api_stub.console.state import open_console
from api_stub.http.access.guard import Guard
from api_stub.http.aliases import Aliases
from api_stub.http.forecasts import Forecasts
from api_stub.http.named_keys.directory import KeyDirectory
from api_stub.http.openapi.document import install_openapi
from api_stub.http.path_prefix import PathPrefix
from api_stub.http.problems import install_error_handlers
from api_stub.http.request_context import RequestContext, expose_routes
from api_stub.http.routes import (
    approval,
    approve_by_link,
    campaigns,
    contacts,
    docs,
    health,
    history,
    kill_switch,
    sign_in,
)
from api_stub.http.v1 import router as v1
from api_stub.http.v1.idempotency import Idempotency
from api_stub.http.v1.reading import Reading
from api_stub.imports.state import open_runs
from api_stub.throttle import Throttle
from db.engine import Database
from db.store.notices.feed import read_last_position
from worker import logs
from worker.metrics import living
from worker.settings import Settings, get_settings
from worker.tracing import spans


def create_app_from_environment() -> FastAPI:
    """Configure logging and create the application from this process's settings."""
    settings = get_settings()
    logs.configure(settings)
    living.name_service("api")
    return create_app(settings)


def create_app(settings: Settings) -> FastAPI:
    """Create the application. It opens its connections at start-up and closes them at shutdown."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        spans.start(settings, "api")
        url = settings.required("database_url").get_secret_value()
        app.state.settings = settings
        app.state.database = Database(
            url,
            application_name="rapport api",
            statement_timeout_ms=15_000,  # then it is a 503 and not a thread that hangs for minutes
            connect_timeout_s=4,
            pool_timeout_s=5,
        )
        app.state.unknown_links = Throttle(approve_by_link.MAX_UNKNOWN_LINKS)
        app.state.console = open_console(settings, app.state.database)
        start_console(app, settings)
        app.state.forecasts = Forecasts()
        app.state.live = live = Live(settings)
        app.state.feed_live = feed_live = Live(settings, read_last_position)
        app.state.client = TaskClient(settings.redis)
        app.state.kill_switch = kill_switch.KillSwitch(settings)
        app.state.keys = KeyDirectory(settings)
        app.state.sign_in_relay = sign_in.SignInRelay(settings)
        app.state.probed = probed = health.create_probe_database(settings)
        app.state.probe = health.create_probe(settings, probed)
        async with open_runs(app, settings):
            yield
        await live.close()
        await app.state.keys.close()
        await feed_live.close()
        for held in (
            app.state.client,
            app.state.database,
            app.state.kill_switch,
            app.state.sign_in_relay,
            probed,
        ):
            held.close()
        spans.stop()

    app = FastAPI(
        title="Rapport",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # the redirect would use the Host header
        # FastAPI's own spans have paths and queries, and variables of the environment could turn them on.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    parts = (health, kill_switch, campaigns, approval, approve_by_link, history, contacts, sign_in, docs, v1)
    app.add_middleware(Reading)
    app.add_middleware(Idempotency)
    app.add_middleware(GZipMiddleware, minimum_size=1_000, compresslevel=6)
    app.add_middleware(Guard, settings=settings)
    app.add_middleware(RequestContext)
    app.add_middleware(Aliases)
    prefix = find_public_address(settings).prefix
    if prefix:
        app.add_middleware(PathPrefix, prefix=prefix)
    if settings.trusted_proxies:
        trusted = settings.trusted_proxies.split(",")
        app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=trusted)  # the last added is the outermost
    install_error_handlers(app)
    for part in parts:
        app.include_router(part.router)
    if settings.console:
        install_console(app)
    expose_routes(app)
    install_openapi(app)
    return app
