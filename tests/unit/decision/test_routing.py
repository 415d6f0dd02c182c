import pytest

from echo_agent.answers.question import ClassifiedQuestion
from echo_agent.decision.routing import choose_route

ALL = ("reference", "knowledge", "reasoning")


def kind(name):
    return ClassifiedQuestion(name, "verdict", "it asks")


@pytest.mark.parametrize(
    ("question", "use"),
    [
        ("discrimination", ("reference",)),
        ("type", ("reference", "knowledge")),
        ("place", ()),
        ("look", ALL),
        ("effect", ("reference", "reasoning")),
    ],
)
def test_paper_follows_the_authors_table(question, use):
    route = choose_route("paper", ALL, kind(question), p_value=0.01)
    assert route.use == use
    assert route.next == ("reasoning_expert" if "reasoning" in use else "decision_maker")
    assert route.kind == question


@pytest.mark.parametrize("profile", ["adaptive", "paper", "always", "never"])
@pytest.mark.parametrize("left_out", ALL)
def test_an_expert_that_is_left_out_is_never_used(profile, left_out):
    experts = tuple(expert for expert in ALL if expert != left_out)
    route = choose_route(profile, experts, kind("look"), p_value=0.01, attempts=1)
    assert left_out not in route.use
    assert left_out != "reasoning" or route.next == "decision_maker"


def test_always_and_never_say_it_all():
    assert choose_route("always", ALL, kind("place"), p_value=0.9).next == "reasoning_expert"
    never = choose_route("never", ALL, kind("look"), p_value=0.01, attempts=2)
    assert never.next == "decision_maker"
    assert "reasoning" not in never.use


@pytest.mark.parametrize(
    ("question", "parts", "reasoned"),
    [
        ("discrimination", {"p_value": 0.9}, False),
        ("discrimination", {"p_value": 0.05}, True),
        ("discrimination", {}, True),
        ("discrimination", {"p_value": 0.9, "attempts": 1}, True),
        ("discrimination", {"p_value": 0.9, "disagreement": True}, True),
        ("effect", {"p_value": 0.9}, True),
        ("place", {"p_value": 0.05}, False),
    ],
)
def test_adaptive_reasons_where_it_is_needed(question, parts, reasoned):
    route = choose_route("adaptive", ALL, kind(question), **parts)
    assert (route.next == "reasoning_expert") is reasoned
    assert route.why
