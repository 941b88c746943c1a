"""The page of operations."""

from api_stub.console.ops.routes import router

__all__ = ["router"]
