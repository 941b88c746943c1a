"""The page that says how the day stands, and the switches that stop it."""

from fastapi import APIRouter

from api_stub.console.today import routes, stop

router = APIRouter()
router.include_router(routes.router)
router.include_router(stop.router)
