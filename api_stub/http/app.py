"""The FastAPI application with its middleware and routes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from api_stub.client import TaskClient
from api_stub.http.guard import Guard
from api_stub.http.openapi import install_openapi
from api_stub.http.problems import install_error_handlers
from api_stub.http.request_context import RequestContext
from api_stub.http.routes import approval, campaigns, contacts, docs, health, history, kill_switch, sign_in
from db.engine import Database
from worker import logs
from worker.settings import Settings, get_settings


def create_app_from_environment() -> FastAPI:
    """Configure logging and create the application from this process's settings."""
    settings = get_settings()
    logs.configure(settings)
    return create_app(settings)


def create_app(settings: Settings) -> FastAPI:
    """Create the application. It opens its connections at start-up and closes them at shutdown."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        url = settings.required("database_url").get_secret_value()
        app.state.settings = settings
        app.state.database = Database(
            url,
            application_name="rapport api",
            statement_timeout_ms=15_000,  # then it is a 503 and not a thread that hangs for minutes
            connect_timeout_s=4,
            pool_timeout_s=5,
        )
        app.state.client = TaskClient(settings.redis)
        app.state.kill_switch = kill_switch.KillSwitch(settings)
        app.state.sign_in_relay = sign_in.SignInRelay(settings)
        app.state.probed = probed = health.create_probe_database(settings)
        app.state.probe = health.create_probe(settings, probed)
        yield
        for held in (
            app.state.client,
            app.state.database,
            app.state.kill_switch,
            app.state.sign_in_relay,
            probed,
        ):
            held.close()

    app = FastAPI(
        title="Rapport",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # the redirect would use the Host header
    )
    app.add_middleware(Guard, settings=settings)
    app.add_middleware(RequestContext)  # the last one added is the outermost
    install_error_handlers(app)
    for part in (health, kill_switch, campaigns, approval, history, contacts, sign_in, docs):
        app.include_router(part.router)
    install_openapi(app)
    return app
