"""Schedules: campaigns that start by themselves."""

from api_stub.console.schedules.routes import router

__all__ = ["router"]
