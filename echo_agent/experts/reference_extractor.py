"""Reference Extractor: retrieves similar normal images and measures how the image differs from them."""

from langgraph.runtime import Runtime

from echo_agent.context import Context
from echo_agent.errors import ImageError
from echo_agent.experts.run import Update, context_of, memory_of, timed
from echo_agent.state import ReferenceEvidence, State


@timed
def reference_extractor(state: State, runtime: Runtime[Context]) -> Update:
    """Compares the image with its product's references; a further attempt looks finer.

    Where the run leaves this expert out, it only tells the product, which the Knowledge Guide needs.
    """
    if state.image is None:
        raise ImageError("no image was given: put an ImageRef into the state, or use Inspector.inspect")
    context = context_of(runtime)
    escalation_level = len(state.attempts)
    found = memory_of(runtime).evidence(
        state.image,
        state.product,
        escalation_level=escalation_level,
        shots=context.shots * (escalation_level + 1),
        max_false_reject=context.max_false_reject,
        max_escape=context.max_escape,
    )
    if "reference" not in context.experts:
        found = ReferenceEvidence(
            product=found.product,
            product_given=found.product_given,
            matches=found.matches,
            quality=found.quality,
            memory_version=found.memory_version,
        )
    return {"reference": found, "escalation_level": escalation_level}
