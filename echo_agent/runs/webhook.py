"""Lines by HTTP, signed as the Standard Webhooks specification has it (https://www.standardwebhooks.com)."""

import base64
import hashlib
import hmac
import time
from binascii import Error

import httpx

from echo_agent.errors import SettingsError
from echo_agent.runs.delivery import DeliveryError

TIMEOUT = 10.0
SECRET_PREFIX = "whsec_"


class Webhook:
    """Posts each line as JSON, with ``webhook-id``, ``webhook-timestamp`` and ``webhook-signature``.

    Args:
        address: The receiver's address.
        secret: What it knows the signature by: a text, or ``whsec_`` and base64.
        run: The run's id: with a line's number it makes the message's id, the same each time it is sent.

    Raises:
        SettingsError: The address is none of the web, or there is no secret.
    """

    name = "webhook"

    def __init__(self, address: str, secret: str, run: str) -> None:
        if not address.startswith(("http://", "https://")) or not _is_address(address):
            raise SettingsError(f"--webhook {address!r} is no address: begin it with https:// and a host")
        if not secret:
            raise SettingsError(
                "a webhook is signed: set ECHO_WEBHOOK_SECRET to a secret that its receiver knows"
            )
        self.address = address
        self._key = secret_key(secret)
        self._run = run
        self._client = httpx.Client(timeout=TIMEOUT)

    def send(self, number: int, line: bytes) -> None:
        """See ``Channel.send``: the receiver has a line when it answers with a status from 200 to 299."""
        name, moment = f"{self._run}-{number}", str(int(time.time()))
        headers = {
            "content-type": "application/json",
            "webhook-id": name,
            "webhook-timestamp": moment,
            "webhook-signature": signature(self._key, name, moment, line),
        }
        try:
            answer = self._client.post(self.address, content=line, headers=headers)
        except httpx.HTTPError as error:
            raise DeliveryError(str(error) or type(error).__name__) from error
        if not answer.is_success:
            raise DeliveryError(f"it answers {answer.status_code}")

    def close(self) -> None:
        """See ``Channel.close``."""
        self._client.close()


def _is_address(address: str) -> bool:
    try:
        return bool(httpx.URL(address).host)
    except httpx.InvalidURL:
        return False


def secret_key(secret: str) -> bytes:
    """The bytes of a secret.

    Raises:
        SettingsError: What follows ``whsec_`` is no base64.
    """
    if not secret.startswith(SECRET_PREFIX):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except Error as error:
        raise SettingsError("ECHO_WEBHOOK_SECRET is no base64 after whsec_: copy it again") from error


def signature(key: bytes, name: str, moment: str, body: bytes) -> str:
    """The signature of a message: HMAC-SHA256 over id, time and body."""
    digest = hmac.new(key, f"{name}.{moment}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"
