"""Campaigns: their list, their pages, and the forms that start them."""

from fastapi import APIRouter

from api_stub.console.campaigns import detail, listing, results, start

router = APIRouter()
router.include_router(listing.router)
router.include_router(start.router)
router.include_router(results.router)
router.include_router(detail.router)

__all__ = ["router"]
