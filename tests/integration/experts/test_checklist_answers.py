"""What nobody can count is asked of the model, once and with a photograph; its word alone condemns nothing."""

import pytest

from echo_agent.context import Context
from echo_agent.errors import AnswerError
from echo_agent.inspector import Inspector
from echo_agent.mllm.decider import MllmDecider
from echo_agent.resources import open_memory
from tests.conftest import synthetic_part
from tests.scripted_mllm import FakeScorer, FakeWriter

CARD = """\
schema_version: 1
product: plate
normal: A grey plate with two dark holes.
checklist:
  - statement: The label is straight.
"""


class AnsweringScorer(FakeScorer):
    """Says that the part is normal, and to every closed question ``yes`` with this probability."""

    def __init__(self, yes: float | Exception) -> None:
        super().__init__(0.02)
        self.yes = yes
        self.asked = []

    def score(self, prompts, orders):
        scored = super().score(prompts, orders)
        for prompt, one in zip(prompts, scored, strict=True):
            if [question.name for question in prompt.questions] == ["question"]:
                self.asked.append(prompt)
                if isinstance(self.yes, Exception):
                    raise self.yes
                one.probabilities["question"] = {"A": self.yes, "B": 1 - self.yes}
        return scored


@pytest.fixture(scope="module")
def memory(tmp_path_factory, good_parts):
    folder = tmp_path_factory.mktemp("memory")
    card = tmp_path_factory.mktemp("card") / "card.yaml"
    card.write_text(CARD, encoding="utf-8")
    Inspector.open(folder).register("plate", good_parts, knowledge=card)
    return folder


@pytest.fixture
def inspect(memory, tmp_path):
    """Inspects an unseen good part with a model that answers ``yes`` with a probability."""

    def run(yes, **settings):
        run.scorer = AnsweringScorer(yes)
        decider = MllmDecider(run.scorer, FakeWriter("no json"))
        part = tmp_path / "part.png"
        synthetic_part(50).save(part)
        context = Context(**({"max_false_reject": 0.1, "calibrate_on_references": False} | settings))
        return Inspector(open_memory(memory), decider=decider, context=context).inspect(part, product="plate")

    return run


def test_a_statement_that_holds_by_the_model_is_asked_once(inspect):
    verdict = inspect(0.97)
    (finding,) = verdict.knowledge.checklist
    assert (finding.holds, finding.answered_by) == (True, "fake/scripted")
    assert verdict.label == "normal"
    (prompt,) = inspect.scorer.asked
    assert "The label is straight." in prompt.questions[0].ask
    assert any(not isinstance(part, str) for part in prompt.content)


def test_a_statement_that_fails_by_the_model_needs_a_person(inspect):
    verdict = inspect(0.03)
    assert verdict.knowledge.checklist[0].holds is False
    assert verdict.label == "review"
    assert any("'The label is straight.' fails" in reason.text for reason in verdict.reasons)
    assert len(inspect.scorer.asked) == 1


def test_what_the_model_denies_is_reasoned_about_at_once(inspect):
    assert inspect(0.97, max_attempts=1).attempts[0].path == "fast"
    assert inspect(0.03, max_attempts=1).attempts[0].path == "reasoned"


@pytest.mark.parametrize("said", [0.55, AnswerError("it wrote a poem")])
def test_an_unsure_or_unreadable_answer_tells_nothing(inspect, said):
    finding = inspect(said, min_confidence=0.8).knowledge.checklist[0]
    assert (finding.holds, finding.answered_by) == (None, None)
    assert "cannot be told" in finding.reason


def test_without_the_expert_nothing_is_asked(inspect):
    assert inspect(0.03, experts=frozenset({"reference", "reasoning"})).knowledge is None
    assert not inspect.scorer.asked
