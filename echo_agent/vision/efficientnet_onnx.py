"""The embedded encoder's network under ONNX Runtime: on a CPU it takes a third of PyTorch's time for one image."""

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from echo_agent.vision.features import Array

OPSET = 13
IR_VERSION = 8
"""The oldest versions that know the operations used here, so that any runtime of the last years reads them."""

INPUT = "pixels"

AT_ONCE = 4
"""Images a run: bounds the memory of the activations, and more at once are no faster on a CPU."""


class OnnxNetwork:
    """A network of inverted residual blocks, run by ONNX Runtime on the CPU in as many threads as PyTorch takes.

    Its threads do not spin when they have nothing to do: PyTorch works on the same cores.

    Args:
        stem: First convolution, its normalisation folded in.
        blocks: Blocks with ``_expand_conv`` (or without), ``_depthwise_conv`` and ``_project_conv``, likewise folded.
        stages: Blocks whose output is returned.
    """

    def __init__(self, stem: nn.Module, blocks: Sequence[nn.Module], stages: Sequence[int]) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        model = _Drawing().network(stem, blocks, stages)
        self._session = onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )

    def __call__(self, pixels: Tensor) -> list[Tensor]:
        """Runs the network.

        Args:
            pixels: ``(images, 3, height, width)``, float32, normalised.

        Returns:
            The outputs of the stages, then the last block's features before they are narrowed; each ``(images,
            channels, rows, columns)``.
        """
        runs = [
            self._session.run(None, {INPUT: part.contiguous().numpy()})
            for part in torch.split(pixels, AT_ONCE)
        ]
        return [torch.from_numpy(np.concatenate(output)) for output in zip(*runs, strict=True)]


class _Drawing:
    """An ONNX graph while it is being drawn; each method adds operations and returns the name of their output."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._weights: list[onnx.TensorProto] = []
        self._bounds = [self._constant(np.float32(0)), self._constant(np.float32(6))]

    def network(self, stem: nn.Module, blocks: Sequence[nn.Module], stages: Sequence[int]) -> onnx.ModelProto:
        values = self._relu6(self._convolution(INPUT, stem))
        outputs = []
        for index, block in enumerate(blocks):
            wide, values = self._block(values, block)
            if index in stages:
                outputs.append(values)
        outputs.append(wide)
        graph = helper.make_graph(
            self._nodes,
            "encoder",
            [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, ["images", 3, "height", "width"])],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
            self._weights,
        )
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)

    def _block(self, inputs: str, block: nn.Module) -> tuple[str, str]:
        """The features before the depthwise convolution, and the output."""
        wide = inputs
        if hasattr(block, "_expand_conv"):
            wide = self._relu6(self._convolution(inputs, block.get_submodule("_expand_conv")))
        values = self._relu6(self._convolution(wide, block.get_submodule("_depthwise_conv")))
        values = self._convolution(values, block.get_submodule("_project_conv"))
        return wide, self._add("Add", values, inputs) if _keeps_shape(block) else values

    def _convolution(self, inputs: str, module: nn.Module) -> str:
        convolution, (left, right, top, bottom) = _padded(module)
        weight = self._constant(convolution.weight.detach().cpu().numpy())
        bias = self._constant(convolution.bias.detach().cpu().numpy())  # type: ignore[union-attr]
        return self._add(
            "Conv",
            inputs,
            weight,
            bias,
            kernel_shape=list(convolution.kernel_size),
            strides=list(convolution.stride),
            pads=[top, left, bottom, right],
            group=convolution.groups,
        )

    def _relu6(self, inputs: str) -> str:
        return self._add("Clip", inputs, *self._bounds)

    def _add(self, operation: str, *inputs: str, **attributes: Any) -> str:
        output = f"value{len(self._nodes)}"
        self._nodes.append(helper.make_node(operation, list(inputs), [output], **attributes))
        return output

    def _constant(self, values: Array | np.float32) -> str:
        name = f"weight{len(self._weights)}"
        self._weights.append(
            numpy_helper.from_array(np.ascontiguousarray(values).reshape(values.shape), name)
        )
        return name


def _padded(module: nn.Module) -> tuple[nn.Conv2d, tuple[int, int, int, int]]:
    """A convolution with its padding (left, right, top, bottom), which may be a module before it."""
    if isinstance(module, nn.Sequential):
        padding, convolution = module
        return cast(nn.Conv2d, convolution), cast(nn.ZeroPad2d, padding).padding
    convolution = cast(nn.Conv2d, module)
    rows, columns = (int(side) for side in convolution.padding)
    return convolution, (columns, columns, rows, rows)


def _keeps_shape(block: nn.Module) -> bool:
    """Whether the block adds its input to its output, which it does where both have one shape."""
    convolution, _ = _padded(block.get_submodule("_depthwise_conv"))
    inputs = _padded(getattr(block, "_expand_conv", convolution))[0].in_channels
    outputs = _padded(block.get_submodule("_project_conv"))[0].out_channels
    return convolution.stride == (1, 1) and inputs == outputs
