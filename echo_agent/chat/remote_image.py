"""An image from a public web address: never from a machine of the internal network."""

import ipaddress
import socket
from urllib.parse import urlsplit

import httpx

from echo_agent.errors import ImageError

SECONDS = 10.0


def fetch(address: str, max_bytes: int) -> bytes:
    """Fetches an image.

    The host's addresses are looked up once and all must be public; the connection goes to the one that was checked,
    so that a second look-up cannot lead elsewhere. Redirects are not followed.

    Args:
        address: An ``http`` or ``https`` address.
        max_bytes: Largest image that is taken.

    Raises:
        ImageError: The address is not public, does not answer, or gives no image of that size.
    """
    parts = urlsplit(address)
    host = parts.hostname or ""
    target = public_address(host)
    url = httpx.URL(address).copy_with(host=target)
    headers = {"Host": parts.netloc.rsplit("@", 1)[-1], "Accept": "image/*"}
    data = bytearray()
    try:
        with (
            httpx.Client(timeout=SECONDS, follow_redirects=False, trust_env=False) as client,
            client.stream("GET", url, headers=headers, extensions={"sni_hostname": host}) as response,
        ):
            if response.status_code != httpx.codes.OK:
                raise ImageError(f"{host} answered {response.status_code}: send the photograph itself")
            for chunk in response.iter_bytes():
                data += chunk
                if len(data) > max_bytes:
                    raise ImageError(
                        f"the image of {host} has more than {max_bytes / 1e6:g} MB: scale it down"
                    )
    except httpx.HTTPError as error:
        raise ImageError(f"{host} cannot be reached: send the photograph itself") from error
    return bytes(data)


def public_address(host: str) -> str:
    """Returns one address of a host of which all addresses are public.

    Raises:
        ImageError: One is not, or there is none.
    """
    try:
        found = {str(info[4][0]) for info in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError) as error:
        raise ImageError(f"the host {host[:100]!r} is unknown: send the photograph itself") from error
    if not found or not all(ipaddress.ip_address(one.split("%")[0]).is_global for one in found):
        raise ImageError(
            f"{host[:100]} is no public host, nothing is fetched from it: send the photograph itself"
        )
    return sorted(found)[0]
