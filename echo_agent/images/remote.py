"""An image from a public web address: never from a machine of the internal network or a cloud's own services."""

import asyncio
import socket
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpcore
import httpx

from echo_agent.errors import ImageError
from echo_agent.images.public_addresses import is_public

SECONDS = 10.0
"""Time a fetch may take as a whole."""


def fetch(address: str, max_bytes: int) -> bytes:
    """Fetches an image.

    All addresses of the host must be public, and so must the one that the connection came to. Redirects are not
    followed, and nothing is unpacked.

    Args:
        address: An ``http`` or ``https`` address.
        max_bytes: Largest image that is taken.

    Raises:
        ImageError: The address is not public, does not answer in time, or gives no image of that size.
    """
    try:
        named = httpx.URL(address)
        host = named.host
    except (httpx.InvalidURL, UnicodeError) as error:
        raise ImageError(f"{address[:100]!r} is no address: send the photograph itself") from error
    try:
        # A thread of its own: whoever calls may have an event loop, and only a loop bounds the fetch as a whole.
        with ThreadPoolExecutor(max_workers=1) as loop:
            return loop.submit(asyncio.run, _download(named, max_bytes)).result()
    except TimeoutError as error:
        raise _too_slow(host) from error
    except httpcore.TimeoutException as error:
        raise _too_slow(host) from error
    except (httpcore.NetworkError, httpcore.ProtocolError, OverflowError, UnicodeError) as error:
        raise ImageError(f"{host[:100]} cannot be reached: send the photograph itself") from error


def _too_slow(host: str) -> ImageError:
    return ImageError(f"{host[:100]} took more than {SECONDS:g} s: send the photograph itself")


async def _download(url: httpx.URL, max_bytes: int) -> bytes:
    host, data = url.host[:100], bytearray()
    target = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
    headers: list[tuple[bytes | str, bytes | str]] = [
        ("Host", url.netloc),
        ("Accept", "image/*"),
        ("Accept-Encoding", "identity"),
    ]
    timeouts = {"timeout": dict.fromkeys(("connect", "read", "write", "pool"), SECONDS)}
    async with (
        asyncio.timeout(SECONDS),
        httpcore.AsyncConnectionPool(network_backend=PublicNetwork()) as pool,
        pool.stream("GET", target, headers=headers, extensions=timeouts) as response,
    ):
        _check_answer(host, response.status)
        async for chunk in response.aiter_stream():
            data += chunk
            if len(data) > max_bytes:
                raise ImageError(f"the image of {host} has more than {max_bytes / 1e6:g} MB: scale it down")
    return bytes(data)


class PublicNetwork(httpcore.AsyncNetworkBackend):
    """Connects to public addresses alone.

    The name is looked up once, and the connection goes to the address that was checked, so that a second look-up cannot
    lead elsewhere. Where it came to is checked as well, before anything is sent.
    """

    def __init__(self) -> None:
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connects to a host.

        Raises:
            ImageError: It is not public.
        """
        stream = await self._network.connect_tcp(
            public_address(host), port, timeout, local_address, socket_options
        )
        peer = stream.get_extra_info("server_addr")
        if not peer or not is_public(str(peer[0])):
            await stream.aclose()
            raise _not_public(host)
        return stream


def _check_answer(host: str, status: int) -> None:
    if 300 <= status < 400:
        raise ImageError(f"{host} leads elsewhere, which is not followed: send the photograph itself")
    if status != 200:
        raise ImageError(f"{host} answered {status}: send the photograph itself")


def public_address(host: str) -> str:
    """Returns one address of a host of which all addresses are public.

    Raises:
        ImageError: One is not, or there is none.
    """
    try:
        found = {str(info[4][0]) for info in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError) as error:
        raise ImageError(f"the host {host[:100]!r} is unknown: send the photograph itself") from error
    if not host or not found or not all(is_public(one) for one in found):
        raise _not_public(host)
    return sorted(found)[0]


def _not_public(host: str) -> ImageError:
    return ImageError(
        f"{host[:100]} is no public host, nothing is fetched from it: send the photograph itself"
    )
