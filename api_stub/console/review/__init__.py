"""The pages on which a person decides on proposals."""

from api_stub.console.review.routes import router

__all__ = ["router"]
