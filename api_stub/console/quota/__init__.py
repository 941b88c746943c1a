"""The pages of an account's quota and of its calendar."""

from api_stub.console.quota.routes import router

__all__ = ["router"]
