"""Matrix products of an ONNX graph in 8 bits: on a CPU they take half of the time."""

from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from echo_agent.vision.features import Array

LARGEST = 127
"""Of the weights' 8 bits with sign, the same on both sides of 0."""


def in_eight_bits(model: Any) -> None:
    """Rewrites the products with fixed matrices: weights in 8 bits, a scale a column; inputs in 8 bits as they come.

    Args:
        model: An ONNX model, changed in place. Weights that it leaves out as external data stay as they are.
    """
    held = {tensor.name: tensor for tensor in model.graph.initializer}
    nodes: list[Any] = []
    quantised: set[str] = set()
    for node in model.graph.node:
        if node.op_type != "MatMul" or node.input[1] not in held or len(held[node.input[1]].dims) != 2:
            nodes.append(node)
            continue
        given, weights = node.input
        if given not in quantised:
            quantised.add(given)
            nodes.append(
                helper.make_node(
                    "DynamicQuantizeLinear", [given], [f"{given}/{part}" for part in ("8", "s", "z")]
                )
            )
        values, scales = _eight_bits(numpy_helper.to_array(held.pop(weights)))
        model.graph.initializer.extend(
            numpy_helper.from_array(array, f"{weights}/{part}")
            for array, part in ((values, "8"), (scales, "s"))
        )
        out = node.output[0]
        nodes += [
            helper.make_node(
                "MatMulInteger",
                [f"{given}/8", f"{weights}/8", f"{given}/z"],
                [f"{out}/32"],
                name=f"{node.name}/8",
            ),
            helper.make_node("Cast", [f"{out}/32"], [f"{out}/float"], to=TensorProto.FLOAT),
            helper.make_node("Mul", [f"{given}/s", f"{weights}/s"], [f"{out}/s"]),
            helper.make_node("Mul", [f"{out}/float", f"{out}/s"], [out]),
        ]
    kept = [
        tensor
        for tensor in model.graph.initializer
        if tensor.name in held or tensor.name.endswith(("/8", "/s"))
    ]
    del model.graph.node[:], model.graph.initializer[:]
    model.graph.node.extend(nodes)
    model.graph.initializer.extend(kept)


def needed_alone(model: onnx.ModelProto) -> None:
    """Leaves out what no output of an ONNX model needs, in place."""
    makers = {output: node for node in model.graph.node for output in node.output}
    wanted, needed = [output.name for output in model.graph.output], set()
    while wanted:
        name = wanted.pop()
        if name in makers and name not in needed:
            needed |= set(makers[name].output)
            wanted += makers[name].input
    nodes = [node for node in model.graph.node if needed & set(node.output)]
    read = {name for node in nodes for name in node.input}
    weights = [tensor for tensor in model.graph.initializer if tensor.name in read]
    del model.graph.node[:], model.graph.initializer[:]
    model.graph.node.extend(nodes)
    model.graph.initializer.extend(weights)


def _eight_bits(weights: Array) -> tuple[np.ndarray[Any, np.dtype[np.int8]], Array]:
    """Weights ``(inputs, outputs)`` in 8 bits, and the scale of each output."""
    scales = np.maximum(np.abs(weights).max(axis=0), 1e-12) / np.float32(LARGEST)
    return np.rint(weights / scales).astype(np.int8), scales.astype(np.float32)
