"""Matrix products in 8 bits beside those in 32, and a model without what its output does not need."""

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from echo_agent.vision.eight_bits import in_eight_bits, needed_alone


@pytest.fixture
def model():
    """Two products of one input with matrices, added; a third product that no output needs."""
    generator = np.random.default_rng(0)
    weights = [generator.normal(0, 1, (32, 16)).astype(np.float32) for _ in range(3)]
    graph = helper.make_graph(
        [
            *(helper.make_node("MatMul", ["x", f"w{i}"], [f"y{i}"], name=f"product{i}") for i in range(3)),
            helper.make_node("Add", ["y0", "y1"], ["sum"], name="add"),
        ],
        "products",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 8, 32])],
        [helper.make_tensor_value_info("sum", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(values, f"w{i}") for i, values in enumerate(weights)],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def run(model: onnx.ModelProto, x: np.ndarray) -> np.ndarray:
    return onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": x})[0]


def test_products_in_eight_bits_are_nearly_those_in_thirty_two(model):
    x = np.random.default_rng(1).normal(0, 1, (1, 8, 32)).astype(np.float32)
    expected = run(model, x)
    in_eight_bits(model)
    assert "MatMul" not in {node.op_type for node in model.graph.node}
    assert np.corrcoef(run(model, x).ravel(), expected.ravel())[0, 1] > 0.999


def test_what_no_output_needs_is_left_out(model):
    needed_alone(model)
    assert [node.name for node in model.graph.node] == ["product0", "product1", "add"]
    assert [tensor.name for tensor in model.graph.initializer] == ["w0", "w1"]
