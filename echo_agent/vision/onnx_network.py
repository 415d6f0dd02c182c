"""A network under ONNX Runtime: on a CPU it takes a third of PyTorch's time for one image."""

from collections.abc import Mapping

import numpy as np
import onnxruntime
import torch
from torch import Tensor

from echo_agent.vision.features import Array

FLOAT = 1
"""ONNX's number of the type float32."""


class OnnxNetwork:
    """A network of images, run on the CPU one after the other: more at once are no faster.

    Its threads do not spin when they have nothing to do: others work on the same cores.

    Args:
        model: An ONNX model with one input, the pixels.
        weights: Weights by their names that the model leaves out as external data, all of these and no others,
            float32.
        threads: How many work on an image. For a small network they take as long to wake as they save.
    """

    def __init__(self, model: bytes, weights: Mapping[str, Array] | None = None, *, threads: int = 1) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        # The runtime reads the weights where they lie, without their strides, until the session is made.
        held = {
            name: np.ascontiguousarray(values, dtype=np.float32) for name, values in (weights or {}).items()
        }
        wrapped = [
            onnxruntime.OrtValue.ortvalue_from_numpy_with_onnx_type(values, FLOAT) for values in held.values()
        ]
        options.add_external_initializers(list(held), wrapped)
        self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self._input = self._session.get_inputs()[0].name
        self._held = held

    def __call__(self, pixels: Tensor) -> list[Tensor]:
        """Runs the network.

        Args:
            pixels: ``(images, 3, height, width)``, float32, normalised.

        Returns:
            The model's outputs in its order, each with the images first.
        """
        runs = [
            self._session.run(None, {self._input: part.contiguous().numpy()})
            for part in torch.split(pixels, 1)
        ]
        return [torch.from_numpy(np.concatenate(output)) for output in zip(*runs, strict=True)]
