"""An encoder and a Decision Maker of a user's own, fifteen lines each, from the public face alone."""

import itertools

import numpy as np
import pytest
import torch
from langgraph.checkpoint.memory import InMemorySaver

from echo_agent import Context, Decider, Encoder, Inspector, Memory, State, build_chat_graph, build_graph
from echo_agent.errors import EncoderError, ModelError
from tests.conftest import synthetic_part
from tests.photographs import another_part, stained

CHANNELS = itertools.count(3)
GOOD, STAINED = synthetic_part(50), stained(synthetic_part(51))


class Colours:
    """An encoder: each patch is a mean colour, and the image a thumbnail's contrasts."""

    def __init__(self, patches_across: int = 48) -> None:
        self.name = self.id = f"colours, {patches_across} patches across"
        self.across = patches_across

    def encode(self, images, *, scale=1.0):
        return [self._grid(image, round(self.across * scale)) for image in images]

    @staticmethod
    def _grid(image, across):
        size = [max(1, round(side * across / max(image.size))) for side in image.size]
        thumbnail = np.asarray(image.convert("L").resize((8, 8), resample=4), dtype=float)
        return np.asarray(image.resize(size, resample=4), dtype=float), (thumbnail - thumbnail.mean()).ravel()


class ByScore:
    """A Decision Maker: defective above the threshold."""

    def decide(self, case):
        evidence = case.evidence
        return 0.95 if evidence.score > evidence.threshold else 0.05


class Saying:
    """A Decision Maker that says the same of every part."""

    def __init__(self, said):
        self.said = said

    def decide(self, case):
        return self.said


@pytest.fixture(scope="module")
def memory(tmp_path_factory):
    encoder: Encoder = Colours()
    folder = tmp_path_factory.mktemp("own")
    card = folder / "card.yaml"
    card.write_text(
        "schema_version: 1\nproduct: plate\nnormal: A grey plate.\nchecklist:\n  - statement: It is grey.\n"
    )
    memory = Memory.open(folder / "memory", encoder=encoder, create=True)
    memory.register("plate", [synthetic_part(seed) for seed in range(12)], knowledge=card)
    return memory


@pytest.mark.parametrize(("part", "label"), [(GOOD, "normal"), (STAINED, "defective")])
def test_both_inspect_a_part(memory, part, label):
    decider: Decider = ByScore()
    verdict = Inspector(memory, decider=decider).inspect(part, product="plate")
    assert verdict.label == label
    assert (verdict.decided_by.name, verdict.decided_by.model) == ("own", "ByScore")
    assert "ByScore puts defective at" in verdict.reasons[0].text
    assert verdict.knowledge.checklist[0].holds is None


def test_an_encoder_of_one_s_own_recognises_the_product(memory):
    inspector = Inspector(memory, context=Context(max_attempts=1))
    assert inspector.inspect(GOOD).product == "plate"
    assert inspector.inspect(another_part(1)).product is None


@pytest.mark.parametrize("said", [7, -0.1, float("nan"), None, "defective"])
def test_what_is_no_probability_is_review_and_told(memory, said):
    verdict = Inspector(memory, decider=Saying(said)).inspect(GOOD, product="plate")
    assert verdict.label == "review"
    assert "Saying" in verdict.attempts[-1].error


def test_it_does_not_pass_alone_what_the_evidence_rejects(memory):
    verdict = Inspector(memory, decider=Saying(0.01)).inspect(STAINED, product="plate")
    assert verdict.label == "review"
    assert any(reason.kind == "disagreement" for reason in verdict.reasons)


def test_it_has_a_name_where_it_gives_one_and_answers_come_from_the_evidence(memory):
    class Named(ByScore):
        def decided_by(self):
            return {"name": "own", "model": "forest", "revision": "3"}

    inspector = Inspector(memory, decider=Named(), context=Context(profile="always", max_attempts=1))
    verdict = inspector.inspect(STAINED, product="plate", question="Is it free of defects?")
    assert (verdict.decided_by.model, verdict.decided_by.revision) == ("forest", "3")
    assert verdict.answer.text.startswith("No")
    assert verdict.trace.steps


def test_a_fault_of_one_s_own_code_is_not_hidden(memory):
    class Broken:
        def decide(self, case):
            raise KeyError("weights")

    with pytest.raises(KeyError, match="weights"):
        Inspector(memory, decider=Broken()).inspect(GOOD, product="plate")


def test_the_graphs_take_the_same_objects(memory):
    graph = build_graph(memory=memory, decider=ByScore())
    state = State(image=memory.store_image(STAINED), product="plate")
    assert graph.invoke(state)["verdict"].decided_by.model == "ByScore"
    chat = build_chat_graph(InMemorySaver(), memory=memory, decider=ByScore())
    block = {"type": "image", "url": f"echo-image:{state.image.sha256}"}
    turn = {"messages": [{"role": "user", "content": [block]}], "product": "plate"}
    thread = {"configurable": {"thread_id": "1"}}
    assert chat.invoke(turn, thread)["verdict"].decided_by.model == "ByScore"
    asked = {"messages": [{"role": "user", "content": "Is it free of defects?"}]}
    assert chat.invoke(asked, thread)["messages"][-1].text.startswith("No")


def test_inspectors_with_different_memories_encoders_and_deciders_do_not_meet(memory, tmp_path):
    coarse = Memory.open(tmp_path / "coarse", encoder=Colours(24), create=True)
    coarse.register("plate", [another_part(seed) for seed in range(12)])
    fine, other = Inspector(memory, decider=ByScore()), Inspector(coarse, decider=Saying(0.02))
    for _ in range(2):
        assert fine.inspect(GOOD, product="plate").decided_by.model == "ByScore"
        verdict = other.inspect(GOOD, product="plate")
        assert verdict.decided_by.model == "Saying"
        assert "does not resemble plate" in " ".join(reason.text for reason in verdict.reasons)
        assert other.inspect(another_part(50), product="plate").label == "normal"
    assert not (memory.folder / "confidence").exists()


@pytest.mark.parametrize(
    ("encoded", "says"),
    [
        (lambda images: [np.zeros((0, 4, 3))] * len(images), "rows, columns, channels"),
        (lambda images: [np.full((4, 4, 3), np.nan)] * len(images), "finite"),
        (lambda images: [np.zeros((4, 4))] * len(images), "rows, columns, channels"),
        (lambda images: [], "one for each"),
        (lambda images: None, "gave NoneType: give a list"),
        (lambda images: [()] * len(images), "rows, columns, channels"),
        (lambda images: [np.full((4, 4, 3), "red")] * len(images), "no numbers"),
        (lambda images: [np.full((4, 4, 3), 1 + 1j)] * len(images), "complex128: give finite real numbers"),
        (lambda images: [np.full((4, 4, 3), 1e300)] * len(images), "finite"),
        (
            lambda images: [np.ones((4, 4, next(CHANNELS))) for _ in images],
            "4 channels, and 3 before",
        ),
        (lambda images: [np.ones((36, 48, 3))] * len(images), "the same features for all"),
        (
            lambda images: [(np.ones((4, 4, 3)), np.array([np.nan, 1]))] * len(images),
            "an image embedding of the shape",
        ),
        (
            lambda images: [(np.ones((4, 4, 3)), np.ones((2, 2)))] * len(images),
            "an image embedding of the shape",
        ),
        (lambda images: [(np.ones((4, 4, 3)), np.zeros(4))] * len(images), "an image embedding of zeros"),
    ],
)
def test_what_are_no_features_are_refused_in_a_sentence(tmp_path, encoded, says):
    class Wrong:
        name = id = "wrong"

        def encode(self, images, *, scale=1.0):
            return encoded(images)

    memory = Memory.open(tmp_path / "memory", encoder=Wrong(), create=True)
    with pytest.raises(Exception, match=says) as raised:
        memory.register("plate", [synthetic_part(seed) for seed in range(12)])
    assert type(raised.value).__name__ == "EncoderError"


@pytest.mark.parametrize("as_given", [list, iter, lambda encoded: torch.tensor(np.stack(encoded)).bfloat16()])
def test_features_are_taken_as_tensors_of_low_precision_and_from_a_generator(tmp_path, as_given):
    class Mine(Colours):
        def encode(self, images, *, scale=1.0):
            return as_given([grid for grid, _ in super().encode(images, scale=scale)])

    memory = Memory.open(tmp_path / "memory", encoder=Mine(), create=True)
    memory.register("plate", [synthetic_part(seed) for seed in range(6)])
    assert Inspector(memory).inspect(STAINED, product="plate").score > 1


@pytest.mark.parametrize("wrong", [Colours, object(), type("NoId", (), {"name": "x", "encode": print})()])
def test_what_is_no_encoder_is_refused_where_it_is_handed_in(tmp_path, wrong):
    with pytest.raises(EncoderError, match="is no encoder: give an object with name and id"):
        Memory.open(tmp_path / "memory", encoder=wrong, create=True)


@pytest.mark.parametrize("wrong", [ByScore, object(), lambda case: 0.5])
def test_what_is_no_decision_maker_is_refused_where_it_is_handed_in(memory, wrong):
    for hand_in in (
        lambda: Inspector(memory, decider=wrong),
        lambda: build_graph(memory=memory, decider=wrong),
    ):
        with pytest.raises(ModelError, match=r"is no Decision Maker: give an object with decide\(case\)"):
            hand_in()
