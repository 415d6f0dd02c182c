"""A model's word calibrated on good parts alone, and joined with the evidence afterwards."""

from dataclasses import dataclass

from echo_agent.memory.calibration import defective_probability, guarantee
from echo_agent.mllm.case import Case
from echo_agent.mllm.normal_log_odds import NormalLogOdds
from echo_agent.state import Reason
from echo_agent.state.notation import percent


@dataclass(frozen=True)
class ByNormals:
    """How a model that knows no labelled part is joined with the evidence.

    Attributes:
        normals: What it made of the references.
        max_false_reject: Wanted expected false-reject rate.
    """

    normals: NormalLogOdds
    max_false_reject: float

    @staticmethod
    def shown(case: Case) -> Case:
        """Returns what the model is shown: the photographs alone, as the references were; its questions stay."""
        knowledge = case.knowledge
        if knowledge is not None:
            silent = {"normal": "", "citations": (), "tolerances": (), "checklist": ()}
            knowledge = knowledge.model_copy(update=silent)
        alone = {"evidence": None, "knowledge": knowledge, "trace": None, "crops": (), "path": "fast"}
        return case.model_copy(update=alone)

    def joined(self, defective: float, score: float | None) -> tuple[float, Reason]:
        """Returns P(defective) by model and evidence together, and how it came about.

        Args:
            defective: The model's P(defective).
            score: The evidence score; None where it takes no part.
        """
        by = self.normals
        p_value = by.p_value(defective) if score is None else by.joint_p_value(defective, score)
        count = len(self.normals.log_odds)
        promised = guarantee(count, self.max_false_reject)
        rate = (
            f"; {percent(promised.expected_false_reject)} of good parts expected to be rejected, at most "
            f"{percent(promised.bound_95)} with 95 % confidence"
            if promised.expected_false_reject is not None and promised.bound_95 is not None
            else ""
        )
        text = (
            f"Calibrated on {count} good parts alone, no labelled ones: p-value {p_value:.3f} "
            f"{'by the model' if score is None else 'by model and evidence together'}{rate}."
        )
        return defective_probability(p_value), Reason(kind="model", text=text)
