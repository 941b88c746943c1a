from tests.console.campaigns.conftest import account

__all__ = ["account"]
