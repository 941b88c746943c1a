"""Templates: the texts of greetings."""

from fastapi import APIRouter

from api_stub.console.greeting_templates import edit, listing, signature

router = APIRouter()
router.include_router(listing.router)
router.include_router(signature.router)
router.include_router(edit.router)

__all__ = ["router"]
