"""The two encoders as they are installed, from registration to the verdict."""

import pytest

from echo_agent.context import Context
from echo_agent.inspector import Inspector
from tests.conftest import synthetic_part
from tests.unit.vision.test_encoders import needs_package

pytestmark = [pytest.mark.second_encoder, pytest.mark.slow]


def test_two_encoders_together_call_a_scratch_defective_with_four_references(tmp_path, scratched_part):
    needs_package()
    inspector = Inspector.open(tmp_path / "memory")
    record = inspector.register("plate", [synthetic_part(seed) for seed in range(4)])
    assert record.second is not None
    assert record.second.name == "dinov2-small"
    scratched = inspector.inspect(scratched_part, product="plate")
    assert scratched.label == "defective"
    assert "dinov2-small" in scratched.attempts[1].changed
    assert any("Two encoders" in str(reason) for reason in scratched.reasons)
    alone = inspector.inspect(scratched_part, product="plate", context=Context(encoders="first"))
    assert alone.label == "review"
