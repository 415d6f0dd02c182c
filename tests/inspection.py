"""States and evidence for tests of the experts."""

from echo_agent.context import Context
from echo_agent.resources import Resources
from echo_agent.state import Guarantee, ImageRef, ProductMatch, ReferenceEvidence


def an_image() -> ImageRef:
    return ImageRef(uri="/part.png", sha256="0" * 64, width=192, height=144)


def some_evidence(**changes) -> ReferenceEvidence:
    """Evidence of a part that looks like its twenty references; ``changes`` replace fields."""
    values = {
        "product": "plate",
        "product_given": True,
        "matches": (ProductMatch(product="plate", similarity=0.98, resembles=True),),
        "score": 0.9,
        "threshold": 1.4,
        "p_value": 0.7,
        "tail_p_value": 0.7,
        "guarantee": Guarantee(normals=20, expected_false_reject=0.095, bound_95=0.2, normals_missing=0),
    }
    return ReferenceEvidence(**(values | changes))


def resources(*, memory=None, decider=None, **settings) -> Resources:
    """What a node works with, under these settings of the run; no record is kept."""
    return Resources(Context(record=False, **settings), memory=memory, decider=decider)
