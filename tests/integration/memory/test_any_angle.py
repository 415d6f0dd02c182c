"""What lies at any angle is found out from the references, by the second encoder on real photographs."""

import pytest

from echo_agent.evaluation.folder_layout import read_category
from echo_agent.images.decoding import load_image
from echo_agent.memory.normal_model import lies_at_any_angle
from echo_agent.vision.encoder import load_encoder
from tests.unit.vision.test_encoders import needs_package


@pytest.mark.data
@pytest.mark.slow
@pytest.mark.parametrize(("place", "any_angle"), [("Wide/mesh_drawn", True), ("Wide/figure", False)])
def test_a_mesh_lies_at_any_angle_and_a_figure_stands(test_data, place, any_angle):
    needs_package()
    references = read_category(test_data / place).references(4, 0)
    found = lies_at_any_angle([load_image(path) for path in references], load_encoder("dinov2-small", "cpu"))
    assert found is any_angle
