"""Applications that tests use one after another: making one, with its routes, took longer than most tests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from fastapi import FastAPI

from api_stub.http import app as http
from api_stub.http.request_context import expose_routes
from worker.settings import Settings

_KEPT_AT_MOST: Final = 4
"""Applications that wait, each of settings of its own."""


class ReusedApplications:
    """Hands an application that was shut down out again, for equal settings and without what it remembers."""

    def __init__(self) -> None:
        self._idle: list[tuple[Settings, FastAPI]] = []

    def create(self, settings: Settings) -> FastAPI:
        """Stand for `api_stub.http.app.create_app`."""
        for number, (its_settings, app) in enumerate(self._idle):
            if its_settings == settings:
                del self._idle[number]
                expose_routes(app)
                return app
        app = http.create_app(settings)
        run = app.router.lifespan_context

        @asynccontextmanager
        async def run_and_keep(app: FastAPI) -> AsyncIterator[None]:
            async with run(app):
                yield
            app.state._state.clear()
            app.middleware_stack = None  # middleware remembers requests; it is built at the next one
            self._idle = [(settings, app), *self._idle][:_KEPT_AT_MOST]

        app.router.lifespan_context = run_and_keep
        return app


create_app: Final = ReusedApplications().create
