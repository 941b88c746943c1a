"""The pages of people: the list, and one for each person with what can be changed about them."""

from fastapi import APIRouter

from api_stub.console.people import edits, forgetting, list_page, permission, person_page

router = APIRouter()
for _each in (list_page, person_page, edits, permission, forgetting):
    router.include_router(_each.router)

__all__ = ["router"]
