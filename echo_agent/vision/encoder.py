"""Choosing an encoder by its name."""

from echo_agent.device import resolve_device
from echo_agent.vision.features import FeatureEncoder

EMBEDDED = "efficientnet-lite2"
DINOV2 = "dinov2-small"


def load_encoder(name: str, device: str = "auto") -> FeatureEncoder:
    """Loads an encoder, once a process.

    Args:
        name: ``efficientnet-lite2`` (the embedded one); ``dinov2-small`` out of its package or the hub; the folder of a
            HuggingFace checkpoint, or a HuggingFace id such as ``facebook/dinov2-base``, with ``@revision`` where it
            shall be another than ``main``;
            ``timm/wide_resnet50_2`` and any other convolutional network of timm, with its usual weights or
            ``@FILE`` for those of a file.
        device: ``auto`` (CUDA where there is one), ``cpu`` or ``cuda[:N]``.

    Returns:
        The encoder.

    Raises:
        EncoderError: No encoder of that name, it is not downloaded, or it is of an unknown family.
        SettingsError: There is no such device.
    """
    place = resolve_device(device)
    if name == EMBEDDED:
        from echo_agent.vision.efficientnet import embedded_encoder

        return embedded_encoder(place)
    if name.partition("@")[0] == DINOV2:
        from echo_agent.vision.dinov2_small import dinov2_small

        return dinov2_small(name, place)
    if name.startswith("timm/"):
        from echo_agent.vision.timm_cnn import find_network, timm_encoder

        return timm_encoder(find_network(name), place)
    from echo_agent.vision.checkpoint import find_checkpoint
    from echo_agent.vision.huggingface import huggingface_encoder

    return huggingface_encoder(find_checkpoint(name), place)
