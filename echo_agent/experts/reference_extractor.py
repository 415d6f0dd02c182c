"""Reference Extractor: retrieves similar normal images and measures how the image differs from them."""

from typing import Any

from echo_agent.errors import ImageError
from echo_agent.resources import Resources
from echo_agent.state import ReferenceEvidence, State


def reference_extractor(state: State, resources: Resources) -> dict[str, Any]:
    """Compares the image with its product's references; a further attempt looks finer.

    Where the run leaves this expert out, it only tells the product, which the Knowledge Guide needs.
    """
    if state.image is None:
        raise ImageError("no image was given: put an ImageRef into the state, or use Inspector.inspect")
    context, memory = resources.context, resources.memory
    escalation_level = len(state.attempts)
    product = memory.recognised(state.image) if state.product is None else state.product
    found = memory.evidence(
        state.image,
        product,
        encoders=context.encoders,
        escalation_level=escalation_level,
        shots=context.shots * (escalation_level + 1),
        strictness=resources.strictness(product),
    )
    found = found.model_copy(update={"product_given": state.product is not None, "lot": state.lot})
    if "reference" not in context.experts:
        found = ReferenceEvidence(
            product=found.product,
            product_given=found.product_given,
            matches=found.matches,
            quality=found.quality,
            memory_version=found.memory_version,
            strictness=found.strictness,
        )
    return {"reference": found, "escalation_level": escalation_level}
