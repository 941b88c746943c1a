"""The guide for the first run, and what a check of the installation finds."""

from fastapi import APIRouter

from api_stub.console.setup import account, checks, guide, hours, notices

router = APIRouter()
for part in (guide, account, hours, notices, checks):
    router.include_router(part.router)

__all__ = ["router"]
