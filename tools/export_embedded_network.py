"""Writes the embedded encoder's network as ONNX graph without its weights: run once, where timm, torch and onnx are.

    python tools/export_embedded_network.py [FILE]

Convolutions with a stride pad as TensorFlow's do, more after the end than before it; in ONNX that is one attribute.
"""

import io
import sys

import onnx
import torch
from torch import nn

from echo_agent.vision.efficientnet_network import GRAPH, OUTPUTS, TimmNetwork, embedded_weights

OPSET = 13
IR_VERSION = 8
"""The oldest versions that know the operations used here, so that any runtime of the last years reads them."""

AXES = {0: "images", 2: "height", 3: "width"}


def export() -> onnx.ModelProto:
    """The graph; its weights have the names that they have in their package."""
    network = TimmNetwork().eval()
    strided = [name for name, module in network.named_modules() if type(module).__name__ == "Conv2dSame"]
    for name in strided:
        network.set_submodule(name, _plain(network.get_submodule(name)))
    written = io.BytesIO()
    torch.onnx.export(
        network,
        (torch.zeros(1, 3, 64, 96),),
        written,
        dynamo=False,
        training=torch.onnx.TrainingMode.PRESERVE,  # normalisations stay apart: the runtime folds them
        do_constant_folding=False,
        input_names=["pixels"],
        output_names=list(OUTPUTS.values()),
        dynamic_axes=dict.fromkeys(["pixels", *OUTPUTS.values()], AXES),
        opset_version=OPSET,
    )
    model = onnx.load_from_string(written.getvalue())
    model.ir_version = IR_VERSION
    del model.graph.value_info[:]
    _pad_as_tensorflow(model.graph)
    _leave_weights_out(model.graph, dict(zip(network.network.state_dict(), embedded_weights(), strict=False)))
    return model


def _plain(convolution: nn.Conv2d) -> nn.Conv2d:
    plain = nn.Conv2d(
        convolution.in_channels,
        convolution.out_channels,
        convolution.kernel_size,
        convolution.stride,
        padding=convolution.kernel_size[0] // 2,
        groups=convolution.groups,
        bias=False,
    )
    plain.weight = convolution.weight
    return plain


def _pad_as_tensorflow(graph: onnx.GraphProto) -> None:
    for node in graph.node:
        attributes = {attribute.name: attribute for attribute in node.attribute}
        if node.op_type == "Conv" and max(attributes["strides"].ints) > 1:
            node.attribute.remove(attributes["pads"])
            node.attribute.append(onnx.helper.make_attribute("auto_pad", "SAME_UPPER"))


def _leave_weights_out(graph: onnx.GraphProto, names: dict[str, str]) -> None:
    renamed = {tensor.name: names[tensor.name.removeprefix("network.")] for tensor in graph.initializer}
    for node in graph.node:
        node.input[:] = [renamed.get(name, name) for name in node.input]
    for tensor in graph.initializer:
        tensor.name = renamed[tensor.name]
        tensor.ClearField("raw_data")
        tensor.data_location = onnx.TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value="weights")


if __name__ == "__main__":
    onnx.save(export(), sys.argv[1] if len(sys.argv) > 1 else GRAPH)
