"""The runs of an application, as a dependency of the routes and pages that start and show them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Annotated, Final

from fastapi import Depends, FastAPI, Request

from api_stub.imports.jobs import Runs
from worker.settings import Settings

_EXPIRE_EVERY_S: Final = 60.0


@asynccontextmanager
async def open_runs(app: FastAPI, settings: Settings) -> AsyncIterator[None]:
    """Open the runs of an application, and forget old ones now and then; all files are deleted at the end."""
    url = settings.required("database_url").get_secret_value()
    runs = app.state.import_runs = Runs(url, settings.upload_dir)

    async def expire() -> None:
        while True:
            await asyncio.sleep(_EXPIRE_EVERY_S)
            runs.expire()

    expiring = asyncio.create_task(expire())
    yield
    expiring.cancel()
    with suppress(asyncio.CancelledError):
        await expiring
    runs.close()


async def _runs(request: Request) -> Runs:
    runs: Runs = request.app.state.import_runs
    return runs


ImportRuns = Annotated[Runs, Depends(_runs)]
