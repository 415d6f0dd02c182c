"""When a further look can help: near the threshold or unsure with a second encoder ahead, near a border without."""

import pytest

from echo_agent.decision.escalation import more_evidence_helps
from echo_agent.state import Guarantee
from tests.inspection import some_evidence
from tests.unit.decision.test_measured import decide

FEW = Guarantee(normals=4, expected_false_reject=0.2, bound_95=0.5, normals_missing=5)
SECOND = {"next_encoder": "dinov2-small", "threshold": 1.4}


@pytest.mark.parametrize(
    ("changes", "helps"),
    [
        (SECOND | {"score": 1.0}, False),
        (SECOND | {"score": 1.1}, True),
        (SECOND | {"score": 1.6, "p_value": 0.05, "tail_p_value": 0.001}, True),
        (SECOND | {"score": 3.0, "p_value": 0.05, "tail_p_value": 0.001}, False),
        (SECOND | {"score": 3.0, "p_value": 0.2, "tail_p_value": 0.01, "guarantee": FEW}, True),
        (SECOND | {"score": 1.1, "escalation_level": 2}, False),
        (SECOND | {"score": 1.1, "p_value": None}, False),
        ({"score": 1.1}, False),
        ({"score": 1.38, "p_value": 0.12, "tail_p_value": 0.12}, True),
        ({"score": 3.0, "p_value": 0.2, "tail_p_value": 0.01, "guarantee": FEW}, False),
    ],
)
def test_a_further_look_helps(changes, helps):
    evidence = some_evidence(**changes)
    assert more_evidence_helps(decide(evidence), evidence) is helps
