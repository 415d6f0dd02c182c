import json
import shutil
from types import SimpleNamespace

import numpy as np
import pytest

from echo_agent.errors import DatasetError, ImageError
from echo_agent.evaluation.metrics import tied
from echo_agent.evaluation.mmad_ask import GraphAsker
from echo_agent.evaluation.mmad_check import DatasetCheck, check_files, far_from_class
from echo_agent.evaluation.mmad_dataset import read_mmad, sample
from echo_agent.evaluation.mmad_result import result_of
from echo_agent.evaluation.mmad_run import ANSWERS_FILE, RunSettings, read_run, run_questions
from echo_agent.evaluation.mmad_scoring import MmadAnswer
from echo_agent.evaluation.mmad_staging import Staging, product_of_templates
from echo_agent.evaluation.run_file import RunFile
from echo_agent.state import Answer, Attempt, DecidedBy, Verdict

from .photographs import write_photograph


@pytest.fixture
def benchmark(tmp_path):
    """Two products with a template each, two images of each, two questions an image."""
    root = tmp_path / "bench"
    entries = {}
    for product, brightness in (("plate", 60), ("cup", 200)):
        template = f"Set/{product}/train/good/t.png"
        write_photograph(root / template, brightness)
        for number, kind in enumerate(("good", "dent")):
            path = f"Set/{product}/test/{kind}/{number}.png"
            write_photograph(root / path, brightness + 1 + number)
            entries[path] = {
                "random_templates": [template],
                "similar_templates": [template],
                "conversation": [
                    {
                        "Question": "Is there any defect in the object?",
                        "Options": {"A": "No.", "B": "Yes."},
                        "Answer": "AB"[number],
                        "type": "Anomaly Detection",
                    },
                    {
                        "Question": "What object is it?",
                        "Options": {"A": "cup", "B": "plate"},
                        "Answer": "A" if product == "cup" else "B",
                        "type": "Object Classification",
                    },
                ],
            }
    (root / "mmad.json").write_text(json.dumps(entries))
    return root


def settings(**changes):
    values = {
        "questions": "0",
        "mllm": "scripted",
        "revision": "1",
        "shots": 1,
        "references": "random",
        "profile": "adaptive",
        "experts": ("reference",),
        "limit": None,
        "seed": 0,
    }
    return RunSettings(**{**values, **changes})


def answers_in(folder, of):
    return RunFile(folder / ANSWERS_FILE, of, MmadAnswer)


def says(letter):
    """A scripted model that always gives one answer."""
    by = DecidedBy(name="scripted", model="scripted", revision="1")

    def ask(image, question):
        answer = Answer(letter=letter, text=letter or "who knows", confidence=0.8)
        attempt = Attempt(number=1, label="review", confidence=0.5, changed="first look")
        return Verdict(label="review", confidence=0.5, decided_by=by, answer=answer, attempts=(attempt,))

    return ask


def test_the_questions_are_read_with_their_answers(benchmark):
    images = read_mmad(benchmark)
    assert [image.path for image in images][:2] == ["Set/plate/test/good/0.png", "Set/plate/test/dent/1.png"]
    assert images[0].normal
    assert not images[1].normal
    assert images[1].questions[0].answer == "B"
    assert images[0].templates("random") == ("Set/plate/train/good/t.png",)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is no JSON"),
        ("{}", "holds no images"),
        ('{"a.png": {}}', "is not <dataset>/<product>"),
        ('{"S/p/a.png": {"conversation": [{}]}}', "S/p/a.png: conversation.0"),
    ],
)
def test_a_broken_file_is_an_error_that_names_the_place(tmp_path, content, message):
    (tmp_path / "mmad.json").write_text(content)
    with pytest.raises(DatasetError, match=message):
        read_mmad(tmp_path)


def test_missing_files_are_listed(benchmark):
    images = read_mmad(benchmark)
    (benchmark / "Set/plate/test/dent/1.png").unlink()
    (benchmark / "Set/cup/train/good/t.png").unlink()
    check = check_files(benchmark, images, "random", 1)
    assert check.missing_images == ("Set/plate/test/dent/1.png",)
    assert check.missing_templates == ("Set/cup/train/good/t.png",)
    assert set(check.without_template) == {"Set/cup/test/good/0.png", "Set/cup/test/dent/1.png"}


def test_an_image_that_is_its_own_template_is_told(benchmark):
    shutil.copy(benchmark / "Set/plate/train/good/t.png", benchmark / "Set/plate/test/good/0.png")
    check = check_files(benchmark, read_mmad(benchmark), "random", 1)
    assert check.shown == ("Set/plate/test/good/0.png",)
    assert any("among their own templates" in line for line in check.in_words())


def test_an_image_of_another_object_is_far_from_its_class(benchmark):
    write_photograph(benchmark / "Set/cup/test/good/0.png", 61)
    from echo_agent.images.decoding import load_image

    def embed(path):
        level = np.asarray(load_image(path)).mean() / 255 * np.pi / 2
        return np.array([np.cos(level), np.sin(level)])

    assert far_from_class(benchmark, read_mmad(benchmark), frozenset(), embed) == ("Set/cup/test/good/0.png",)


def test_a_sample_has_every_subtask_and_both_sides(benchmark):
    images = read_mmad(benchmark)
    chosen = [(image.normal, q.subtask) for image in sample(images, 4, 0) for q in image.questions]
    assert len(set(chosen)) == 4
    assert sample(images, 4, 0) == sample(images, 4, 0)
    assert sample(images, None, 0) == images


def test_a_run_that_was_killed_resumes_with_the_same_result(benchmark, tmp_path):
    images = read_mmad(benchmark)
    whole = answers_in(tmp_path / "whole", settings())
    expected = run_questions(images, whole, says("A"))
    stopped = answers_in(tmp_path / "stopped", settings())

    def ask_three(image, question):
        if len(stopped.lines) == 3:
            raise KeyboardInterrupt
        return says("A")(image, question)

    with pytest.raises(KeyboardInterrupt):
        run_questions(images, stopped, ask_three)
    with stopped.path.open("a") as file:
        file.write('{"image": "Set/pla')
    asked = []
    resumed = answers_in(tmp_path / "stopped", settings())
    answers = run_questions(images, resumed, lambda *q: asked.append(q) or says("A")(*q))
    assert len(asked) == 5
    drop = {"seconds"}
    assert [a.model_dump(exclude=drop) for a in answers] == [a.model_dump(exclude=drop) for a in expected]
    kept, read = read_run(tmp_path / "stopped")
    assert kept == settings()
    assert len(read) == 8


def test_other_settings_are_not_mixed_into_a_run(tmp_path):
    answers_in(tmp_path, settings())
    with pytest.raises(DatasetError, match=r"other settings \(shots, seed\)"):
        answers_in(tmp_path, settings(shots=2, seed=3))


def test_figures_of_a_run(benchmark, tmp_path):
    images = read_mmad(benchmark)
    answers = run_questions(images, answers_in(tmp_path / "r", settings()), says("A"))
    result = result_of(settings(), answers, check_files(benchmark, images, "random", 1))
    assert result.accuracy["Set"]["Anomaly Detection"] == 0.5
    assert result.forced == {"likelier of the two": 4}
    assert result.ece == pytest.approx(0.3)
    assert "Anomaly Detection" in result.as_text()
    assert result.guessed == {"Anomaly Detection": 0.0, "Object Classification": 0.0}
    assert json.loads(result.model_dump_json())["accuracy"]["average"]["average"] == 0.5


def test_guesses_and_time_elsewhere_are_shares():
    def one(subtask, *, guess):
        times = {"seconds": 2.0, "evidence_seconds": 1.0, "decision_seconds": 0.5}
        return MmadAnswer(
            image="S/p/x.png", number=0, subtask=subtask, correct="A", letter="A", guess=guess, **times
        )

    answers = [
        one("Object Details", guess=True),
        one("Object Structure", guess=False),
        one("Defect Analysis", guess=True),
    ]
    result = result_of(settings(), answers, DatasetCheck())
    assert result.guessed == {"Defect Analysis": 1.0, "Object Analysis": 0.5}
    assert result.seconds_elsewhere == pytest.approx(0.25)
    assert "50 % guessed" in result.as_text()


def test_an_image_that_cannot_be_read_is_unreadable_and_the_run_goes_on(benchmark, tmp_path):
    def ask(image, question):
        if image.path.endswith("cup/test/good/0.png"):
            raise ImageError("0.png is damaged")
        return says("B")(image, question)

    answers = run_questions(read_mmad(benchmark), answers_in(tmp_path / "r", settings()), ask)
    assert len(answers) == 8
    assert [a.error for a in answers if a.letter is None] == ["0.png is damaged"] * 2


def test_staged_images_tell_nothing_but_their_digest(benchmark, tmp_path):
    staging = Staging(benchmark, tmp_path / "images")
    copy = staging.stage("Set/plate/test/dent/1.png")
    assert copy.read_bytes() == (benchmark / "Set/plate/test/dent/1.png").read_bytes()
    assert len(copy.stem) == 64
    name = product_of_templates((staging.stage("Set/plate/train/good/t.png"),))
    assert not {"plate", "dent", "good"} & set(f"{copy.name} {name}".replace(".", " ").split())


class RecordingInspector:
    """A fake inspector that keeps all that it is told."""

    def __init__(self, folder):
        self.told = []
        self.memory = SimpleNamespace(folder=folder, products=list, store_image=lambda image: image)

    def register(self, product, images, *, knowledge):
        self.told += [product, *images, knowledge]

    def inspect(self, image, *, product, question, context, record):
        self.told += [image, product, question, context]
        return says("A")(None, None)


@pytest.mark.parametrize("references", ["random", "similar", "memory"])
def test_no_path_or_folder_label_reaches_the_inspector(benchmark, tmp_path, references):
    images = read_mmad(benchmark)
    inspector = RecordingInspector(tmp_path / "memory")
    asker = GraphAsker(inspector, Staging(benchmark, tmp_path / "images"), settings(references=references))
    if references == "memory":
        asker.remember_all(images)
    run_questions(images, answers_in(tmp_path / "r", settings(references=references)), asker)
    told = " ".join(str(item).replace(str(tmp_path), "") for item in inspector.told)
    assert "dent" not in told
    assert "good" not in told
    assert "Set/" not in told
    assert not any(image.path in told for image in images)
    named = {item for item in inspector.told if isinstance(item, str)}
    assert named == (
        {"plate", "cup"} if references == "memory" else {name for name in named if name.isdigit()}
    )


def test_a_question_file_of_another_hand_is_read_right(benchmark):
    entries = json.loads((benchmark / "mmad.json").read_text())
    first, second, *_ = entries.values()
    first["conversation"][0] |= {"Answer": "b.", "Options": {"a": "No.", "b": "Yes."}}
    first["conversation"][1] |= {"Answer": "plate"}
    second["conversation"][0] |= {"Answer": "E"}
    (benchmark / "mmad.json").write_text(json.dumps(entries), encoding="utf-8-sig")
    images = read_mmad(benchmark)
    assert [question.answer for question in images[0].questions] == ["B", "B"]
    assert images[0].questions[0].question.options == {"A": "No.", "B": "Yes."}
    assert [question.number for question in images[1].questions] == [1]
    (line,) = check_files(benchmark, images, "random", 1).in_words()
    assert line == (
        "1 questions whose answer is none of their options are left out: Set/plate/test/dent/1.png#0"
    )


def test_an_answer_keeps_its_question_and_a_tie_is_a_guess(benchmark, tmp_path):
    def torn(image, question):
        verdict = says("A")(image, question)
        answer = verdict.answer.model_copy(update={"probabilities": {"A": 0.5, "B": 0.5}})
        return verdict.model_copy(update={"answer": answer})

    answers = run_questions(read_mmad(benchmark), answers_in(tmp_path, settings()), torn)
    assert all(answer.guess for answer in answers)
    assert answers[0].question == "Is there any defect in the object?"
    assert answers[0].options == {"A": "No.", "B": "Yes."}
    assert not tied({"A": 0.5, "B": 0.4, "C": 0.1})


def test_a_line_break_of_another_alphabet_within_an_answer_does_not_end_its_line(tmp_path):
    run = answers_in(tmp_path, settings())
    run.add(MmadAnswer(image="S/p/x.png", number=0, subtask="x", correct="A", letter="A", text="a\u2028b"))
    assert read_run(tmp_path)[1][0].text == "a\u2028b"
