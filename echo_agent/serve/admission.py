"""Who may ask, how much and how often."""

import hashlib
import hmac
import json
from collections.abc import Sequence
from typing import Annotated

from fastapi import Depends, HTTPException, Request
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADER = "X-API-Key"

_KEY = APIKeyHeader(name=HEADER, auto_error=False, description="A key of ECHO_SERVE_KEYS.")
_BEARER = HTTPBearer(auto_error=False, description="The same key, as Prometheus sends it.")


class Admission:
    """A dependency of routes: lets a request in by its key, and not more often than agreed.

    Args:
        keys: The keys; none for a service that only this machine reaches.
        per_minute: Requests a minute of one key, or without keys of one address.
        hosts: Names by which the service may be asked for; None for any.
    """

    def __init__(self, keys: Sequence[str], per_minute: int, hosts: frozenset[str] | None = None) -> None:
        self._hosts = hosts
        self._keys = [key.encode() for key in keys]
        self._rate = RateLimitItemPerMinute(per_minute)
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def __call__(
        self,
        request: Request,
        key: Annotated[str | None, Depends(_KEY)],
        bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)],
    ) -> None:
        """Lets the request in.

        Raises:
            HTTPException: 400 by another name, 401 without a key that is known, 403 from a web page of another site,
                429 too often.
        """
        asked = request.url.hostname or ""
        if self._hosts is not None and asked not in self._hosts:
            raise HTTPException(
                400, f"the service is not asked for by the name {asked[:100]!r}: say it by --allowed-host"
            )
        given = key or (bearer.credentials if bearer is not None else "")
        if self._keys and not any([hmac.compare_digest(given.encode(), known) for known in self._keys]):
            raise HTTPException(
                401, f"give a key of this service in the header {HEADER}", {"WWW-Authenticate": "Bearer"}
            )
        if not self._keys and request.headers.get("sec-fetch-site") in {"cross-site", "same-site"}:
            raise HTTPException(
                403, "a page of another site asks: only programs and this service's own pages may"
            )
        address = request.client.host if request.client else ""
        who = hashlib.sha256(given.encode()).hexdigest() if self._keys else address
        if not self._limiter.hit(self._rate, who):
            raise HTTPException(
                429,
                f"more than {self._rate.amount} requests in a minute: wait, or raise --rate",
                {"Retry-After": "10"},
            )


class BoundedBody:
    """Refuses requests whose body is too large, before it is read whole.

    Args:
        app: The application behind it.
        most: Bytes of a body.
        of_products: Bytes of a body that registers a product.
    """

    def __init__(self, app: ASGIApp, most: int, of_products: int) -> None:
        self._app = app
        self._most = most
        self._of_products = of_products

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        told = dict(scope["headers"]).get(b"content-length", b"0")
        most, remedy = self._most, "a smaller photograph"
        if scope["path"] == "/v1/products":
            most, remedy = self._of_products, "fewer photographs at a time, the others with existing=add"
        sentence = f"the request has more than {most / 1e6:.0f} MB: send {remedy}"
        if not told.isdigit() or int(told) > most:
            await _refuse(send, sentence)
            return
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > most:
                raise HTTPException(413, sentence)
            return message

        await self._app(scope, counted, send)


async def _refuse(send: Send, sentence: str) -> None:
    body = json.dumps({"detail": sentence}).encode()
    headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": body})
