"""Every way in that takes a file, with a file that is missing, damaged or of another kind: one line that names it."""

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from PIL import Image

from echo_agent import Inspector
from echo_agent.chat.session import Conversation
from echo_agent.errors import EchoError
from echo_agent.evaluation.folder_layout import read_category
from echo_agent.knowledge.loader import read_card
from tests.conftest import synthetic_part
from tests.unit.evaluation.photographs import write_mvtec_category

NO_PICTURE = b"this is no picture"
HALF = slice(0, 900)


def half_a_picture(file):
    synthetic_part(1).save(file, format="PNG")
    file.write_bytes(file.read_bytes()[HALF])


def text(file):
    file.write_bytes(NO_PICTURE)


def folder(file):
    file.mkdir()


def nothing(file):
    """Leaves the file out."""


def folder_with(name, make):
    def made(file):
        file.mkdir()
        make(file / name)

    return made


def bytes_of(data):
    return lambda file: file.write_bytes(data)


IMAGES = {"missing": nothing, "damaged": half_a_picture, "another kind": text, "empty": bytes_of(b"")}
TABLES = {
    "missing": nothing,
    "damaged": bytes_of(b"\xff\xfe\x00\xd8image,label\n\x00"),
    "another kind": half_a_picture,
    "without its columns": bytes_of(b"a,b\n1,2\n"),
}
CARDS = {
    "missing": nothing,
    "damaged": bytes_of(b"product: [plate\n"),
    "another kind": half_a_picture,
    "a list": bytes_of(b"- plate\n"),
}
REFERENCES = {
    "missing": nothing,
    "damaged": folder_with("part.png", half_a_picture),
    "another kind": text,
    "empty": folder,
}
RUNS = {
    "missing": nothing,
    "damaged": folder_with("results.jsonl", text),
    "another kind": text,
    "empty": folder,
}
MASKS = {
    "damaged": half_a_picture,
    "another kind": text,
    "of another size": lambda file: Image.new("L", (3, 3)).save(file),
}
BUNDLES = {
    "missing": nothing,
    "damaged": bytes_of(b"PK\x03\x04 cut"),
    "another kind": half_a_picture,
    "a folder": folder,
}
BENCHMARKS = {
    "missing": nothing,
    "damaged": folder_with("mmad.json", bytes_of(b'{"a": ')),
    "another kind": folder_with("mmad.json", half_a_picture),
    "a list": folder_with("mmad.json", bytes_of(b"[]")),
    "empty": folder,
    "a file": text,
}
JSON = {
    "missing": nothing,
    "damaged": bytes_of(b'{"a": '),
    "another kind": half_a_picture,
    "a list": bytes_of(b"[]"),
}
MEMORIES = {"missing": nothing, "damaged": folder_with("echo.db", text), "another kind": text}
DATASETS = {**REFERENCES, "damaged": folder_with("labels.csv", half_a_picture)}

COMMANDS = {
    "inspect": (IMAGES, "part.png", lambda file: ["inspect", file]),
    "inspect --out": (IMAGES, "part.png", lambda file: ["inspect", file, "--out", file.parent / "run"]),
    "inspect LIST": (TABLES, "parts.csv", lambda file: ["inspect", file]),
    "chat": (IMAGES, "part.png", lambda file: ["chat", file]),
    "register": (REFERENCES, "good", lambda file: ["register", "bolt", file]),
    "register --knowledge": (
        CARDS,
        "card.yaml",
        lambda file: ["register", "bolt", "GOOD", "--knowledge", file],
    ),
    "feedback": (
        IMAGES,
        "part.png",
        lambda file: ["feedback", file, "--label", "normal", "--product", "plate"],
    ),
    "feedback CSV": (TABLES, "answers.csv", lambda file: ["feedback", file, "--product", "plate"]),
    "threshold --labelled": (DATASETS, "tests", lambda file: ["threshold", "plate", "--labelled", file]),
    "threshold --labelled CSV": (
        TABLES,
        "tests.csv",
        lambda file: ["threshold", "plate", "--labelled", file],
    ),
    "knowledge check": (CARDS, "card.yaml", lambda file: ["knowledge", "check", file]),
    "knowledge import": (
        JSON,
        "knowledge.json",
        lambda file: ["knowledge", "import", "mmad", file, "--folder", file.parent],
    ),
    "evaluate folder": (DATASETS, "plates", lambda file: ["evaluate", "folder", file]),
    "evaluate folder CSV": (TABLES, "plates.csv", lambda file: ["evaluate", "folder", file]),
    "evaluate folder, mask": (
        MASKS,
        "plate/ground_truth/dent/000_mask.png",
        lambda file: ["evaluate", "folder", file.parents[2]],
    ),
    "evaluate mmad": (BENCHMARKS, "mmad", lambda file: ["evaluate", "mmad", file]),
    "evaluate compare": (RUNS, "run", lambda file: ["evaluate", "compare", file, file]),
    "report": (RUNS, "run", lambda file: ["report", file]),
    "export": (RUNS, "run", lambda file: ["export", file]),
    "unbundle": (BUNDLES, "plate.zip", lambda file: ["unbundle", file]),
    "--memory": (MEMORIES, "memory", lambda file: ["products", "history", "plate", "--memory", file]),
    "inspect --memory": (MEMORIES, "memory", lambda file: ["inspect", "GOOD/good-0.png", "--memory", file]),
    "doctor --memory": (MEMORIES, "memory", lambda file: ["doctor", "--memory", file]),
    "calibrate": (
        DATASETS,
        "tests",
        lambda file: ["calibrate", file, "--product", "plate", "--mllm", "http://127.0.0.1:9/v1#none"],
    ),
    "models check": (JSON, "model", lambda file: ["models", "check", file]),
}
NO_MEMORY = {"evaluate", "knowledge", "report", "export", "models"}
CASES = [(command, fault) for command, (faults, *_) in COMMANDS.items() for fault in faults]


@pytest.mark.parametrize(("command", "fault"), CASES)
def test_a_command_names_the_file_that_the_user_gave_and_says_what_is_wrong(
    echo, plates, good_parts, tmp_path, command, fault
):
    faults, name, arguments = COMMANDS[command]
    file = tmp_path / name
    if name.startswith("plate/"):
        write_mvtec_category(tmp_path / "plate")
    faults[fault](file)
    given = [str(each).replace("GOOD", str(good_parts)) for each in arguments(file)]
    code, out, err = echo(
        *given, *([] if "--memory" in given or given[0] in NO_MEMORY else ["--memory", plates])
    )
    assert code == 1, err
    assert out == "" or command in {"chat", "knowledge check", "inspect --out"}
    told = [line for line in err.splitlines() if str(file) in line]
    assert len(told) == 1, err
    assert told[0].startswith(f"{file}:" if command == "knowledge check" else "echo-agent: ")
    assert "Traceback" not in err


@pytest.fixture(scope="module")
def inspector(plates):
    return Inspector.open(plates, create=False)


ENTRIES = {
    "Inspector.inspect": (IMAGES, lambda inspector, file: inspector.inspect(file)),
    "Inspector.register": (REFERENCES, lambda inspector, file: inspector.register("bolt", file)),
    "Inspector.register, a photograph": (IMAGES, lambda inspector, file: inspector.register("bolt", [file])),
    "Memory.store_image": (IMAGES, lambda inspector, file: inspector.memory.store_image(file)),
    "Conversation.store_image": (
        IMAGES,
        lambda inspector, file: Conversation(inspector.memory, InMemorySaver(), thread="one").store_image(
            file
        ),
    ),
    "read_card": (CARDS, lambda _, file: read_card(file)),
    "read_category": (TABLES, lambda _, file: read_category(file)),
}


@pytest.mark.parametrize(
    ("entry", "fault"), [(entry, fault) for entry, (faults, _) in ENTRIES.items() for fault in faults]
)
def test_an_entry_of_python_names_the_file_that_the_user_gave(inspector, tmp_path, entry, fault):
    faults, call = ENTRIES[entry]
    file = tmp_path / "given"
    faults[fault](file)
    with pytest.raises(EchoError) as raised:
        call(inspector, file)
    assert str(file) in str(raised.value)
    assert "\n" not in str(raised.value)
