"""Signing in and out, and the list of sessions."""

from fastapi import APIRouter

from api_stub.console.entry import link, sessions, sign_in

router = APIRouter()
for part in (sign_in, link, sessions):
    router.include_router(part.router)

__all__ = ["router"]
