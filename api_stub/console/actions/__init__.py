"""The story of an action: what happened to it and why, its proof, and settling it."""

from api_stub.console.actions.routes import router

__all__ = ["router"]
