"""Saved searches."""

from api_stub.console.searches.routes import router

__all__ = ["router"]
