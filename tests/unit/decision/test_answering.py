import pytest

from echo_agent.context import Context
from echo_agent.decision.answering import answer_from_evidence
from echo_agent.memory.memory import Memory
from echo_agent.state import ImageRef, KnowledgeEvidence, Question, ToleranceFinding
from tests.verdicts import a_verdict

IMAGE = ImageRef(uri="part.png", sha256="0" * 64, width=200, height=100)
FINDING = ToleranceFinding(
    id="T1", rule="r", defect_type="scratch", region="R1", outcome="exceeds", measured=4, limit=2, unit="mm",
    reason="Too long.",
)  # fmt: skip
PLACE, TOLERANCE = "Where is it? A) top B) bottom", "Is it within tolerance? A) Yes B) No"


def answer(text, **settings):
    verdict = a_verdict(knowledge=KnowledgeEvidence(tolerances=(FINDING,)))
    # No map is looked up for a part on which areas stand out.
    memory = Memory.__new__(Memory)
    return answer_from_evidence(Question(text=text), verdict, IMAGE, Context(**settings), memory)


@pytest.mark.parametrize(
    ("text", "settings", "letter"),
    [
        (PLACE, {}, "A"),
        (PLACE, {"profile": "paper"}, None),
        (PLACE, {"experts": ("knowledge",)}, None),
        (TOLERANCE, {}, "B"),
        (TOLERANCE, {"experts": ("reference",)}, None),
    ],
)
def test_what_the_router_or_the_settings_leave_out_answers_nothing(text, settings, letter):
    given = answer(text, **settings)
    assert given.letter == letter
    assert given.declined == (letter is None)


def test_a_free_question_about_what_was_left_out_says_so():
    assert "nothing was measured" in answer("Where is it?", profile="paper").text
