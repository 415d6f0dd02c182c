"""A product's second encoder: another network, which is good where the first one is not."""

import threading
from collections.abc import Callable
from shlex import quote

from echo_agent.errors import EncoderError
from echo_agent.memory.product import ProductRecord
from echo_agent.vision.encoder import DINOV2, EMBEDDED
from echo_agent.vision.features import FeatureEncoder

AUTOMATIC = "auto"
NONE = "none"


def usual_second(first: FeatureEncoder) -> str | None:
    """Name of the second encoder of new products where none is asked for: DINOv2-S beside the embedded one.

    Args:
        first: The memory's encoder.

    Returns:
        The name; None beside an encoder of the user's choice, and where its weights are not installed.
    """
    if first.name != EMBEDDED:
        return None
    from echo_agent.vision.dinov2_weights import find_source

    try:
        return find_source(DINOV2).name
    except EncoderError:
        return None


class SecondEncoders:
    """Opens second encoders when they are first needed.

    Args:
        wanted: That of new products: an encoder, its name, ``auto`` or ``none``.
        first: The memory's encoder.
        load: Opens an encoder by name.
    """

    def __init__(
        self, wanted: str | FeatureEncoder, first: FeatureEncoder, load: Callable[[str], FeatureEncoder]
    ) -> None:
        self._wanted = wanted
        self._first = first
        self._load = load
        self._opening = threading.Lock()
        self._opened: dict[str, FeatureEncoder] = {} if isinstance(wanted, str) else {wanted.name: wanted}

    def of_new_products(self) -> FeatureEncoder | None:
        """That of products that are registered for the first time; None where they have one encoder alone.

        Raises:
            EncoderError: It was asked for by name, and cannot be loaded.
        """
        if not isinstance(self._wanted, str):
            return self._wanted
        name = usual_second(self._first) if self._wanted == AUTOMATIC else self._wanted
        return None if name in {None, NONE} else self._open(name)

    def added(self) -> FeatureEncoder:
        """That which an older product gains.

        Raises:
            EncoderError: It cannot be loaded, or none is wanted.
        """
        if self._wanted == NONE:
            raise EncoderError("ECHO_SECOND_ENCODER is none: unset it, or name the encoder to add there")
        return self.of_new_products() or self._open(DINOV2)

    def of(self, record: ProductRecord) -> FeatureEncoder:
        """That of a product.

        Raises:
            EncoderError: The product has none, it cannot be loaded, or it is another one under its name.
        """
        if record.second is None:
            raise EncoderError(
                f"{record.name} is registered with one encoder: echo-agent register {quote(record.name)} --add-encoder "
                "adds the second one"
            )
        known = record.second
        try:
            found = self._open(known.name)
        except EncoderError as error:
            raise EncoderError(
                f"{record.name} is registered with the second encoder {known.name} ({error}); without it inspect with "
                "--encoders first"
            ) from error
        if found.id != known.id:
            raise EncoderError(
                f"{record.name} is registered with the second encoder {known.id}, and {known.name} is {found.id} here: "
                f"echo-agent register {quote(record.name)} --add-encoder fits it anew"
            )
        return found

    def _open(self, name: str) -> FeatureEncoder:
        with self._opening:
            if name not in self._opened:
                self._opened[name] = self._load(name)
            return self._opened[name]
