import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.errors import UnknownInterruptError
from langgraph.types import Command
from pydantic import ValidationError

from echo_agent.context import Context
from echo_agent.graph import build_graph
from echo_agent.inspector import Inspector
from echo_agent.memory.feedback import exemplars, recorded, undo
from echo_agent.state import HumanAnswer, State
from tests.conftest import synthetic_part

THREAD = {"configurable": {"thread_id": "r"}}


@pytest.fixture
def inspector(tmp_path):
    """An inspector of three plates: too few to call a part defective, so that a person is asked."""
    inspector = Inspector.open(tmp_path / "memory")
    inspector.register("plate", [synthetic_part(seed) for seed in range(3)])
    return inspector


def asked(inspector, seed=99, defect=True):
    """Inspects until a person is asked; gives the graph, the context and the request."""
    graph = build_graph(InMemorySaver())
    context = Context(memory=str(inspector.memory.folder), human_review=True)
    image = inspector.memory.store_image(synthetic_part(seed, defect=defect))
    paused = graph.invoke(State(image=image, product="plate"), THREAD, context=context)
    assert paused.get("verdict") is None
    return graph, context, paused["__interrupt__"][0]


def test_a_person_sees_picture_map_both_sides_and_typed_answers(inspector):
    _, _, waiting = asked(inspector)
    request = waiting.value
    assert request["image"].endswith(".png")
    assert inspector.memory.anomaly_map(request["map_id"]).size
    assert request["sides"][0]["reasons"]
    assert request["answers"] == ["accept", "correct", "photo"]
    assert request["config"]["allow_accept"]
    assert request["action_request"]["args"]["label"] == "defective"
    assert "action" in str(waiting.response_schema)


@pytest.mark.parametrize(
    ("answer", "label"),
    [
        ({"action": "correct", "label": "normal", "who": "Ada"}, "normal"),
        ({"action": "accept"}, "defective"),
        ({"action": "photo"}, "review"),
        ([{"type": "accept", "args": None}], "defective"),
        ([{"type": "edit", "args": {"action": "judge_part", "args": {"label": "normal"}}}], "normal"),
        ([{"type": "ignore", "args": None}], "review"),
        ([{"type": "response", "args": "blurred, please again"}], "review"),
        ([{"type": "response", "args": "It is fine, normal"}], "normal"),
        ({"type": "response", "args": "Not ok: scratched"}, "defective"),
        ("no defect", "normal"),
    ],
)
def test_each_answer_ends_in_a_verdict_that_says_who_and_when(inspector, answer, label):
    graph, context, _ = asked(inspector)
    verdict = graph.invoke(Command(resume=answer), THREAD, context=context)["verdict"]
    assert verdict.label == label
    assert verdict.human.when
    assert len(recorded(inspector.memory)) == 1


WRONG = [
    {"action": "correct"}, {"action": "explode"}, "yes", "maybe", "is it normal?", "fine but scratched", 5,
    [{"type": "response", "args": None}], [{"type": "edit", "args": {"args": {"label": "odd"}}}],
]  # fmt: skip


def test_a_wrong_answer_is_answered_in_words_and_can_be_given_again(inspector):
    graph, context, waiting = asked(inspector)
    seen = {waiting.id}
    for wrong in WRONG:
        (waiting,) = graph.invoke(Command(resume=wrong), THREAD, context=context)["__interrupt__"]
        assert "say normal or defective" in waiting.value["refused"]
        assert waiting.value["description"].startswith("That answer is not understood")
        assert waiting.id not in seen
        seen.add(waiting.id)
    assert recorded(inspector.memory) == []
    verdict = graph.invoke(Command(resume={"action": "accept"}), THREAD, context=context)["verdict"]
    assert verdict.human.action == "accept"
    assert len(recorded(inspector.memory)) == 1


def test_a_stale_answer_counts_for_no_later_question(inspector):
    graph, context, first = asked(inspector)
    (second,) = graph.invoke(Command(resume="maybe"), THREAD, context=context)["__interrupt__"]
    with pytest.raises(UnknownInterruptError):
        graph.invoke(Command(resume={first.id: "normal"}), THREAD, context=context)
    assert [waiting.id for waiting in graph.get_state(THREAD).interrupts] == [second.id]
    state = {"image": inspector.memory.store_image(synthetic_part(98, defect=True)), "product": "plate"}
    (other,) = graph.invoke(state, THREAD, context=context)["__interrupt__"]
    with pytest.raises(UnknownInterruptError):
        graph.invoke(Command(resume={second.id: "normal"}), THREAD, context=context)
    assert recorded(inspector.memory) == []
    done = graph.invoke(Command(resume={other.id: "defective"}), THREAD, context=context)
    assert done["verdict"].label == "defective"


def test_a_confirmed_good_part_becomes_a_reference_and_can_be_taken_back(inspector):
    graph, context, _ = asked(inspector)
    answer = {"action": "correct", "label": "normal", "who": "Ada", "remember": True}
    graph.invoke(Command(resume=answer), THREAD, context=context)
    learnt = inspector.memory.product("plate")
    assert (learnt.normals, learnt.version) == (4, 2)
    undo(inspector.memory)
    assert (inspector.memory.product("plate").normals, inspector.memory.product("plate").version) == (3, 3)
    assert recorded(inspector.memory)[0].undone


def test_a_confirmed_defect_becomes_an_exemplar(inspector):
    graph, context, _ = asked(inspector)
    answer = {"action": "correct", "label": "defective", "defect_type": "scratch", "remember": True}
    verdict = graph.invoke(Command(resume=answer), THREAD, context=context)["verdict"]
    assert verdict.defect_type == "scratch"
    assert [said.answer.defect_type for said in exemplars(inspector.memory, "plate")] == ["scratch"]
    assert inspector.memory.product("plate").normals == 3
    undo(inspector.memory)
    assert exemplars(inspector.memory, "plate") == []


def test_later_verdicts_show_the_confirmed_defect_that_a_part_resembles_until_it_is_taken_back(inspector):
    graph, context, _ = asked(inspector)
    answer = {
        "action": "correct",
        "label": "defective",
        "defect_type": "scratch",
        "remember": True,
        "who": "Ada",
    }
    graph.invoke(Command(resume=answer), THREAD, context=context)
    alike = inspector.inspect(synthetic_part(98, defect=True), product="plate")
    assert alike.exemplars[0].resembles
    assert alike.exemplars[0].defect_type == "scratch"
    assert any("X1 (scratch), a defect confirmed by Ada" in reason.text for reason in alike.reasons)
    good = inspector.inspect(synthetic_part(97), product="plate")
    assert not good.exemplars[0].resembles
    assert not any("X1" in reason.text for reason in good.reasons)
    undo(inspector.memory)
    assert inspector.inspect(synthetic_part(98, defect=True), product="plate").exemplars == ()


def test_a_correction_without_a_label_is_no_answer():
    with pytest.raises(ValidationError, match="a correction needs a label"):
        HumanAnswer(action="correct")


def test_feedback_from_the_command_line(inspector, tmp_path, capsys):
    from echo_agent.cli.app import app

    part = tmp_path / "good.png"
    synthetic_part(8).save(part)

    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            app(["feedback", *map(str, arguments), "--memory", str(inspector.memory.folder)])
        return ended.value.code, capsys.readouterr()

    code, (out, _) = run(part, "--label", "normal", "--product", "plate", "--learn", "--who", "Ada")
    assert code == 0
    assert "reference  Ada" in out
    assert inspector.memory.product("plate").normals == 4
    assert "taken back" in run("--undo")[1].out
    assert inspector.memory.product("plate").normals == 3
    assert "taken back" in run("--list")[1].out
    code, (_, err) = run("--undo")
    assert code == 1
    assert "no standing answer" in err
    assert run(part)[0] == 1
