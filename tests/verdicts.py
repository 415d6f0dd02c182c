"""Verdicts for tests, as the graph would make them."""

from echo_agent.state import (
    Attempt,
    Box,
    DecidedBy,
    Guarantee,
    ImageRef,
    Label,
    Reference,
    Region,
    Verdict,
)


def a_region(**changes) -> Region:
    values = {
        "id": "R1",
        "box": Box(left=85, top=30, right=115, bottom=60),
        "area_px": 240,
        "area_px_low": 200,
        "area_px_high": 280,
        "length_px": 44.0,
        "peak": 3.2,
        "mean": 1.7,
        "place": "top centre",
    }
    return Region(**(values | changes))


def a_verdict(label: Label = "defective", **changes) -> Verdict:
    """A verdict with all that usually stands in one; ``changes`` replace fields."""
    decided_by = DecidedBy(name="measured", model="measured", revision="1")
    values = {
        "label": label,
        "confidence": 0.93,
        "regions": (a_region(),) if label == "defective" else (),
        "reasons": ("The score 3.10 lies above the threshold 1.40.",),
        "decided_by": decided_by,
        "attempts": (Attempt(number=1, label=label, confidence=0.93, changed="first look"),),
        "score": 3.1,
        "threshold": 1.4,
        "p_value": 0.048,
        "guarantee": Guarantee(normals=20, expected_false_reject=0.0952, bound_95=0.2161, normals_missing=0),
        "product": "plate",
        "product_given": True,
        "memory_version": 1,
        "timings": {"intake": 0.01},
    }
    return Verdict(**(values | changes))


def a_reference(uri: str, similarity: float = 0.98) -> Reference:
    return Reference(
        id="N1", image=ImageRef(uri=uri, sha256="0" * 64, width=192, height=144), similarity=similarity
    )
