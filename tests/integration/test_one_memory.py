"""Inspections from every way in are one set of records, and one queue of what waits for a person."""

import base64
import csv
import json

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from echo_agent import Context, Inspector, build_chat_graph, build_graph
from echo_agent.chat.session import Conversation
from echo_agent.memory.feedback import recorded as answers
from echo_agent.ui.controller import Controller
from tests.conftest import synthetic_part
from tests.stand_in_encoder import use_stand_in_encoder


@pytest.fixture(autouse=True)
def _stand_in(monkeypatch):
    use_stand_in_encoder(monkeypatch)


@pytest.fixture
def inspector(tmp_path):
    """Knows the plate from one photograph: that promises nothing, so that each part is ``review``."""
    opened = Inspector.open(tmp_path / "memory")
    opened.register("plate", [synthetic_part(seed) for seed in range(1)])
    return opened


@pytest.fixture
def part(tmp_path):
    """Makes the photograph of a part of its own, below the name ``part-SEED.png``."""

    def made(seed):
        file = tmp_path / f"part-{seed}.png"
        synthetic_part(seed).save(file)
        return file

    return made


def recorded(inspector):
    return [record.called for record in reversed(inspector.memory.inspections.newest())]


def message(file, **beside):
    data = base64.b64encode(file.read_bytes()).decode()
    return {"role": "user", "content": [{"type": "image", "mimeType": "image/png", "data": data, **beside}]}


def test_every_way_in_leaves_a_record_with_the_photographs_own_name(inspector, part, echo):
    memory, run = inspector.memory, Context(memory=str(inspector.memory.folder))
    files = [part(seed) for seed in range(50, 58)]
    inspector.inspect(files[0], product="plate")
    inspector.inspect(files[1], product="plate", name="tray 4, part 2")
    inspector.inspect_many([files[2], files[3].read_bytes()], product="plate")
    assert echo("inspect", files[4], "--product", "plate", "--memory", memory.folder)[0] == 0
    talk = Conversation(memory, InMemorySaver(), thread="a", product="plate")
    talk.say("Where is it?", talk.store_image(files[5]), files[5].name)
    talk.say("How big is it?")
    sent = message(files[6], metadata={"name": "from the phone.png"})
    build_chat_graph(InMemorySaver()).invoke(
        {"messages": [sent], "product": "plate"}, {"configurable": {"thread_id": "b"}}, context=run
    )
    build_graph().invoke({"image": memory.store_image(files[7]), "name": "unit 7"}, context=run)
    Controller(inspector).inspect("tab", str(files[0]), "plate")
    bytes_alone = f"photograph {memory.store_image(files[3].read_bytes()).sha256[:12]}"
    assert recorded(inspector) == [
        *(str(files[0]), "tray 4, part 2", str(files[2]), bytes_alone, str(files[4])),
        *(files[5].name, "from the phone.png", "unit 7", files[0].name),
    ]
    assert len(Controller(inspector).waiting()) == len(files)


def test_none_is_left_where_none_is_wanted(inspector, part, echo, tmp_path):
    file = part(60)
    inspector.inspect(file, product="plate", record=False)
    inspector.inspect_many([file], product="plate", record=False)
    inspector.inspect(file, product="plate", context=Context(record=False))
    Inspector.open(tmp_path / "memory", record=False).inspect(file, product="plate")
    assert echo("inspect", file, "--no-record", "--memory", tmp_path / "memory")[0] == 0
    said = ("feedback", file, "--label", "normal", "--product", "plate", "--memory", tmp_path / "memory")
    assert echo(*said)[0] == 0
    assert recorded(inspector) == []


def test_what_waits_can_still_be_looked_at_when_its_file_is_gone(inspector, part):
    file = part(61)
    inspector.inspect(file, product="plate")
    file.unlink()
    page = Controller(inspector)
    (waiting,) = page.waiting()
    assert page.thumbnail(waiting.image, 100).getextrema() != ((200, 200),) * 3
    assert page.picture(waiting.image, waiting.verdict, 0.5).width > 100


@pytest.mark.parametrize(
    "question", ["Where is it?", "How big is it?", "Is it in tolerance?", "What is the weather?"]
)
def test_a_question_is_answered_on_the_command_line_as_in_the_chat(inspector, part, echo, tmp_path, question):
    file = part(70)
    talk = Conversation(inspector.memory, InMemorySaver(), thread="q", product="plate")
    talk.say("", talk.store_image(file))
    asked = ("inspect", file, "--question", question, "--product", "plate", "--json")
    out = echo(*asked, "--memory", tmp_path / "memory")[1]
    assert json.loads(out)["answer"]["text"] == talk.say(question)


def test_eleven_undecided_of_a_folder_wait_on_the_page(inspector, part, echo, tmp_path):
    files = [part(seed) for seed in range(80, 91)]
    folder = tmp_path / "new"
    folder.mkdir()
    for file in files:
        file.rename(folder / file.name)
    assert echo("inspect", folder, "--product", "plate", "--memory", tmp_path / "memory")[0] == 0
    page = Controller(inspector)
    assert [record.called for record in page.waiting()] == [str(folder / file.name) for file in files]


def test_records_are_listed_and_written_into_a_table(inspector, part, echo, tmp_path):
    files = [part(seed) for seed in (62, 63, 64)]
    inspector.inspect_many(files, product="plate")
    memory = ("--memory", tmp_path / "memory")
    assert (
        echo("feedback", files[0], "--label", "normal", "--product", "plate", "--who", "=Ada", *memory)[0]
        == 0
    )
    code, out, _ = echo("records", *memory)
    lines = out.splitlines()
    assert (code, len(lines)) == (0, 4)
    assert "normal, =Ada" in lines[3]
    assert [line.endswith(str(file)) for line, file in zip(lines[:0:-1], files, strict=True)] == [True] * 3
    waiting = echo("records", "--waiting", "--json", *memory)[1].splitlines()
    assert [json.loads(line)["photograph"] for line in waiting] == [str(files[2]), str(files[1])]
    assert "unknown product 'bolt'" in echo("records", "--product", "bolt", *memory)[2]
    assert echo("records", "--last", "2", "--csv", tmp_path / "records.csv", *memory)[0] == 0
    with (tmp_path / "records.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [(row["photograph"], row["label"]) for row in rows] == [
        (str(file), "review") for file in files[:0:-1]
    ]
    assert echo("records", "--csv", tmp_path / "records.csv", *memory)[0] == 0
    assert ",'=Ada," in (tmp_path / "records.csv").read_text(encoding="utf-8"), "a formula is none"


@pytest.mark.parametrize("graph", ["inspection", "chat"])
@pytest.mark.parametrize("way", ["resume", "page", "feedback"])
def test_what_an_interrupt_waits_for_is_in_the_queue_once_and_any_answer_completes_it(
    inspector, part, echo, graph, way
):
    file, memory = part(75), inspector.memory
    built = (build_graph if graph == "inspection" else build_chat_graph)(InMemorySaver(), memory=memory)
    thread, run = {"configurable": {"thread_id": "w"}}, Context(human_review=True)
    given = {"messages": [message(file, metadata={"name": "unit 9"})], "product": "plate"}
    (asked,) = built.invoke(given, thread, context=run)["__interrupt__"]
    built.invoke(Command(resume="maybe"), thread, context=run)
    page = Controller(inspector)
    (waiting,) = page.waiting()
    assert (waiting.called, waiting.id, waiting.verdict.label) == (
        "unit 9",
        asked.value["inspection"],
        "review",
    )
    listed = echo("records", "--waiting", "--json", "--memory", memory.folder)[1]
    assert json.loads(listed)["id"] == waiting.id
    if way == "resume":
        done = built.invoke(Command(resume="It is fine, normal"), thread, context=run)
        assert done["verdict"].label == "normal"
    elif way == "page":
        page.correct(waiting.image, waiting.verdict, "normal", "", "Ada", learn=False)
    else:
        said = ("feedback", file, "--label", "normal", "--product", "plate", "--memory", memory.folder)
        assert echo(*said)[0] == 0
    assert page.waiting() == []
    ((record, answer),) = memory.inspections.answered()
    assert (record.id, answer.label) == (waiting.id, "normal")
    assert [one.name for one in answers(memory)] == [str(file) if way == "feedback" else "unit 9"]


def test_an_interrupt_leaves_no_record_where_none_is_wanted(inspector, part):
    built = build_graph(InMemorySaver(), memory=inspector.memory)
    thread, run = {"configurable": {"thread_id": "n"}}, Context(human_review=True, record=False)
    given = {"image": inspector.memory.store_image(part(76)), "product": "plate"}
    assert built.invoke(given, thread, context=run)["__interrupt__"]
    built.invoke(Command(resume={"action": "accept"}), thread, context=run)
    assert recorded(inspector) == []
