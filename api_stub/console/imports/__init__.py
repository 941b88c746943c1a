"""Imports of files, subscribed address books and calendars, and doubts about birthdays and people."""

from api_stub.console.imports.doubts import router as doubts_router
from api_stub.console.imports.routes import router as imports_router
from api_stub.console.imports.same_person import router as same_person_router
from api_stub.console.imports.subscriptions import router as subscriptions_router

routers = (imports_router, subscriptions_router, doubts_router, same_person_router)

__all__ = ["routers"]
