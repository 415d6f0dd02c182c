"""An image from a public web address: never from a machine of the internal network."""

import asyncio
import ipaddress
import socket
from concurrent.futures import ThreadPoolExecutor

import httpx

from echo_agent.errors import ImageError

SECONDS = 10.0
"""Time a fetch may take as a whole."""

GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
SIX_TO_FOUR = ipaddress.IPv6Network("2002::/16")


def fetch(address: str, max_bytes: int) -> bytes:
    """Fetches an image.

    The host's addresses are looked up once and all must be public; the connection goes to the one that was checked,
    so that a second look-up cannot lead elsewhere. Redirects are not followed.

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
    checked = named.copy_with(host=public_address(host), userinfo=b"")
    headers = {"Host": named.netloc.decode("ascii"), "Accept": "image/*"}
    try:
        # A thread of its own: whoever calls may have an event loop, and only a loop bounds the fetch as a whole.
        with ThreadPoolExecutor(max_workers=1) as loop:
            return loop.submit(asyncio.run, _download(checked, host, headers, max_bytes)).result()
    except TimeoutError as error:
        raise ImageError(f"{host} took more than {SECONDS:g} s: send the photograph itself") from error
    except (httpx.HTTPError, OverflowError, UnicodeError) as error:
        raise ImageError(f"{host[:100]} cannot be reached: send the photograph itself") from error


async def _download(url: httpx.URL, host: str, headers: dict[str, str], max_bytes: int) -> bytes:
    data = bytearray()
    async with (
        asyncio.timeout(SECONDS),
        httpx.AsyncClient(timeout=SECONDS, follow_redirects=False, trust_env=False) as client,
        client.stream("GET", url, headers=headers, extensions={"sni_hostname": host}) as response,
    ):
        _check_answer(host, response.status_code)
        async for chunk in response.aiter_bytes():
            data += chunk
            if len(data) > max_bytes:
                raise ImageError(f"the image of {host} has more than {max_bytes / 1e6:g} MB: scale it down")
    return bytes(data)


def _check_answer(host: str, status: int) -> None:
    if httpx.codes.is_redirect(status):
        raise ImageError(f"{host} leads elsewhere, which is not followed: send the photograph itself")
    if status != httpx.codes.OK:
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
        raise ImageError(
            f"{host[:100]} is no public host, nothing is fetched from it: send the photograph itself"
        )
    return sorted(found)[0]


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public internet.

    An IPv6 address that carries an IPv4 address in it (mapped, compatible, NAT64, 6to4) is not: it may lead to any.
    """
    given = ipaddress.ip_address(address.split("%", maxsplit=1)[0])
    if isinstance(given, ipaddress.IPv6Address) and (given not in GLOBAL_UNICAST or given in SIX_TO_FOUR):
        return False
    return given.is_global and not given.is_multicast
