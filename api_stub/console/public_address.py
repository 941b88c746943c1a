"""Where people reach the console, and what follows for its addresses and cookies."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from worker.settings import Settings

_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class PublicAddress:
    """`origin` is "" if no public address is set; `prefix` is its path, without a slash at the end."""

    origin: str
    prefix: str
    is_encrypted: bool

    @property
    def cookie_path(self) -> str:
        """The path of the cookies."""
        return self.prefix or "/"

    def name_cookie(self, name: str) -> str:
        """Return the whole name of a cookie: over HTTPS with a prefix that lets nobody else set it."""
        if not self.is_encrypted:
            return name
        return f"__Secure-{name}" if self.prefix else f"__Host-{name}"

    def format_cookie(self, name: str, value: str, *, seconds: int) -> str:
        """Return the Set-Cookie header of a cookie that lasts so long; 0 removes it.

        Lax: a link in a digest must find its reader signed in. A form of another site brings no cookie.
        """
        parts = [f"{self.name_cookie(name)}={value}", f"Path={self.cookie_path}", "HttpOnly"]
        if self.is_encrypted:
            parts.append("Secure")
        return "; ".join([*parts, f"Max-Age={seconds}", "SameSite=Lax"])

    def is_own(self, method: str, headers: Headers) -> bool:
        """Return whether a request may come from one of our own pages, by what its browser says of it.

        A browser that says nothing is decided on by the form's token alone.
        """
        if method in _SAFE_METHODS:
            return True
        site, origin = headers.get("sec-fetch-site"), headers.get("origin")
        if site is not None:
            return site == "same-origin"
        if origin is None:
            return True
        return bool(origin) and (origin == self.origin or origin.partition("://")[2] == headers.get("host"))


def find_public_address(settings: Settings) -> PublicAddress:
    """Return the address of RAPPORT_PUBLIC_URL; without one, plain HTTP at the root."""
    parts = urlsplit(settings.public_url or "")
    origin = f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""
    return PublicAddress(origin, parts.path.rstrip("/"), parts.scheme == "https")
