"""Lines by MQTT, with quality of service 1: the broker confirms each."""

import threading
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from echo_agent.errors import MissingExtraError, SettingsError
from echo_agent.runs.delivery import DeliveryError

if TYPE_CHECKING:
    from paho.mqtt.client import Client

TIMEOUT = 10.0
PORTS = {"mqtt": 1883, "mqtts": 8883}


class Mqtt:
    """Publishes each line on a topic.

    Args:
        address: ``mqtt://[user:password@]host[:port]/topic``; ``mqtts`` for TLS.

    Raises:
        SettingsError: The address is no such one.
        MissingExtraError: The client is not installed.
    """

    name = "mqtt"

    def __init__(self, address: str) -> None:
        try:
            import paho.mqtt.client  # noqa: F401
        except ImportError as error:
            raise MissingExtraError("paho-mqtt", "mqtt") from error
        wrong = SettingsError("--mqtt names no topic of a broker: give mqtt://host/topic")
        try:
            parts = urlsplit(address)
            port = parts.port
        except ValueError as error:
            raise wrong from error
        self._topic = parts.path.lstrip("/")
        names_one = self._topic and "+" not in self._topic and not {*"#?"} & {*address}
        if parts.scheme not in PORTS or parts.hostname is None or not names_one:
            raise wrong
        self._parts = parts
        self.address = f"{parts.scheme}://{parts.hostname}:{port or PORTS[parts.scheme]}/{self._topic}"
        self._client: Client | None = None

    def send(self, number: int, line: bytes) -> None:
        """See ``Channel.send``: the broker has a line when it confirms it."""
        try:
            client = self._client = self._client or self._connected()
            sent = client.publish(self._topic, line, qos=1)
            sent.wait_for_publish(TIMEOUT)
            if not sent.is_published():
                raise DeliveryError("it does not confirm")
        except (OSError, ValueError, RuntimeError) as error:
            self.close()
            raise DeliveryError(str(error)) from error
        except DeliveryError:
            self.close()
            raise

    def close(self) -> None:
        """See ``Channel.close``."""
        client, self._client = self._client, None
        if client is not None:
            client.disconnect()
            client.loop_stop()

    def _connected(self) -> "Client":
        from paho.mqtt.client import Client
        from paho.mqtt.enums import CallbackAPIVersion

        parts, client = self._parts, Client(CallbackAPIVersion.VERSION2)
        if parts.username is not None:
            client.username_pw_set(unquote(parts.username), unquote(parts.password or ""))
        if parts.scheme == "mqtts":
            client.tls_set()
        answered = threading.Event()
        refused: list[str] = []

        def connected(_: object, __: object, ___: object, reason: object, ____: object) -> None:
            if str(reason) != "Success":
                refused.append(str(reason))
            answered.set()

        client.on_connect = connected
        client.connect_timeout = TIMEOUT
        client.connect(parts.hostname or "", parts.port or PORTS[parts.scheme])
        client.loop_start()
        if not answered.wait(TIMEOUT) or refused:
            client.disconnect()
            client.loop_stop()
            raise DeliveryError(refused[0] if refused else "it does not answer")
        return client
