"""Human review: interrupts the run and waits for what a person says of the part."""

from datetime import UTC, datetime

from langgraph.runtime import Runtime
from langgraph.types import interrupt

from echo_agent.context import Context
from echo_agent.experts.run import Update, timed
from echo_agent.state import Attempt, HumanAnswer, Label, State


@timed
def human_review(state: State, runtime: Runtime[Context]) -> Update:
    """Asks a person; the run goes on with the answer. Needs a checkpointer."""
    last = state.attempts[-1]
    answer = interrupt(
        {
            "question": "Is this part normal or defective?",
            "image": state.image.uri if state.image else None,
            "map_id": state.reference.map_id if state.reference else None,
            "proposed": proposed_label(last),
            "confidence": last.confidence,
            "reasons": list(last.reasons),
            "answers": ["accept", "correct", "photo"],
        }
    )
    said = HumanAnswer.model_validate(answer)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return {"human": said.model_copy(update={"when": said.when or now})}


def proposed_label(attempt: Attempt) -> Label:
    """The label that a person may accept: of an undecided attempt the likelier one, where there is one."""
    if attempt.label != "review" or not attempt.probabilities:
        return attempt.label
    return "defective" if attempt.probabilities.get("defective", 0.0) >= 0.5 else "normal"
