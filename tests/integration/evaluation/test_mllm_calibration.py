"""A model is calibrated on what an inspection shows it and joins its word with, to the byte."""

import json

import pytest
from PIL import Image

from echo_agent.context import Context
from echo_agent.errors import AnswerError, ModelError
from echo_agent.evaluation import mllm_calibration
from echo_agent.evaluation.category import LabelledImage
from echo_agent.evaluation.mllm_calibration import calibrate_mllm
from echo_agent.inspector import Inspector
from echo_agent.memory.memory import Memory
from echo_agent.mllm.confidence import fit
from echo_agent.mllm.decider import MllmDecider
from tests.conftest import synthetic_part
from tests.photographs import stained
from tests.scripted_mllm import FakeScorer, FakeWriter
from tests.stand_in_encoder import StandInEncoder

CARD = """\
schema_version: 1
product: plate
normal: A grey plate with two dark holes.
defects:
  - {name: stain, look: A coloured spot.}
  - {name: scratch, look: A thin line.}
tolerances:
  - {defect: any, max_area: 100000 px2}
checklist:
  - statement: The label is straight.
  - statement: The corners are round.
"""
STEPS = json.dumps({"steps": [{"kind": "observe", "text": "A plate.", "evidence": ["E1"]}]})
PATHS = [("fast", "never"), ("reasoned", "always")]


@pytest.fixture(scope="module")
def plates(tmp_path_factory):
    """A memory that knows the plate with its card, and five good and five stained photographs."""
    folder = tmp_path_factory.mktemp("plates")
    (folder / "card.yaml").write_text(CARD, encoding="utf-8")
    memory = Memory.open(folder / "memory", encoder=StandInEncoder(), create=True)
    memory.register("plate", [synthetic_part(seed) for seed in range(12)], knowledge=folder / "card.yaml")
    images = []
    for seed in range(20, 30):
        part = synthetic_part(seed)
        images.append(LabelledImage(path=folder / f"{seed}.png", kind="stain" if seed % 2 else "good"))
        (stained(part) if images[-1].defective else part).save(images[-1].path)
    return memory, images


class Recording:
    """A model that says the same of every part; keeps what it is shown, apart for each photograph."""

    def __init__(self, said=0.2):
        self.scorer, self.writer = FakeScorer(said), FakeWriter(STEPS)
        self.decider = MllmDecider(self.scorer, self.writer)
        self.of_photographs = []

    def next(self, *_):
        self.of_photographs.append((repr(self.scorer.prompts).encode(), repr(self.writer.read).encode()))
        self.scorer.prompts.clear()
        self.writer.read.clear()


@pytest.mark.parametrize(("path", "profile"), PATHS)
def test_the_prompts_are_those_of_an_inspection(plates, path, profile):
    memory, images = plates
    inspected, calibrated = Recording(), Recording()
    context = Context(profile=profile, max_attempts=1, calibrate_on_references=False)
    inspector = Inspector(memory, decider=inspected.decider, context=context)
    for image in images:
        (attempt,) = inspector.inspect(image.path, product="plate").attempts
        assert attempt.path == path
        inspected.next()
    calibrate_mllm(memory, calibrated.decider, "plate", images, path=path, progress=calibrated.next)
    assert calibrated.of_photographs == inspected.of_photographs
    assert all(prompts.count(b"The label is straight.") >= 2 for prompts, _ in inspected.of_photographs)
    assert all((written != b"[]") == (path == "reasoned") for _, written in inspected.of_photographs)


def test_the_evidence_is_that_which_an_inspection_joins(plates, monkeypatch):
    memory, images = plates
    fitted = []
    monkeypatch.setattr(
        mllm_calibration,
        "fit",
        lambda *arguments, evidence, **settings: (
            fitted.append(evidence) or fit(*arguments, evidence=evidence, **settings)
        ),
    )
    calibrate_mllm(memory, Recording().decider, "plate", images, path="fast")
    inspector = Inspector(
        memory, decider=Recording().decider, context=Context(profile="never", max_attempts=1)
    )
    joined = [
        inspector.inspect(image.path, product="plate").attempts[0].measured_defective for image in images
    ]
    assert None in joined, "what keeps the card's limits has no evidence against it"
    assert fitted == [[0.5 if probability is None else probability for probability in joined]]


def test_frames_of_one_part_are_calibrated_on_once(plates, tmp_path):
    memory, images = plates
    again = [image.model_copy(update={"path": tmp_path / f"{image.path.stem}.jpg"}) for image in images]
    for image, frame in zip(images, again, strict=True):
        Image.open(image.path).save(frame.path, quality=92)
    fitted = calibrate_mllm(memory, Recording().decider, "plate", [*images, *again], path="fast")
    assert (fitted.normal, fitted.defective) == (5, 5)


def test_a_photograph_that_the_model_gives_no_decision_on_ends_the_calibration(plates):
    memory, images = plates
    with pytest.raises(ModelError, match=r"20\.png.*poem"):
        calibrate_mllm(
            memory, Recording(AnswerError("it wrote a poem")).decider, "plate", images, path="fast"
        )
