import pytest

from echo_agent.errors import ModelTimeoutError
from echo_agent.evaluation.folder_layout import read_category
from echo_agent.evaluation.mllm_check import check_model
from echo_agent.mllm.case import Decision
from echo_agent.state import DecidedBy

BY = DecidedBy(name="scripted", model="scripted", revision="1")


class Scripted:
    """A decider that says P(defective) of each photograph in turn; None is no answer."""

    def __init__(self, *said):
        self._said = iter(said)

    def decided_by(self):
        return BY

    def decide(self, case):
        said = next(self._said)
        if said is None:
            raise ModelTimeoutError("scripted took too long: raise ECHO_MLLM_TIMEOUT")
        return Decision(normal=1 - said, defective=said, decided_by=BY)


def test_ties_are_half_right_and_missing_answers_wrong(mvtec_category):
    category = read_category(mvtec_category)
    found = check_model(Scripted(0.1, 0.5, None, 0.9), category, limit=4)
    assert (found.images, found.unanswered, found.guesses) == (4, 1, 1)
    assert found.accuracy == found.balanced_accuracy == pytest.approx(2.5 / 4)


def test_a_model_that_never_answers_is_an_error(mvtec_category):
    with pytest.raises(ModelTimeoutError):
        check_model(Scripted(None, None), read_category(mvtec_category), limit=2)
