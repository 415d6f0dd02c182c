"""What lies beside a registered card goes with it into the memory, so that it can be cited later."""

import shutil
from pathlib import Path

import pytest

from echo_agent.errors import KnowledgeError
from echo_agent.inspector import Inspector
from echo_agent.memory import domain_knowledge

CARD = """\
schema_version: 1
product: plate
normal: Two round holes.
defects:
  - name: scratch
    look: A dark line.
"""
MANUAL = "# Plates\n\nA good plate is grey.\n\n# Scratches\n\nA scratch comes from the gripper.\n"


@pytest.fixture
def folder(tmp_path):
    """A folder of domain knowledge, with that of another product below it."""
    folder = tmp_path / "plates"
    (folder / "other").mkdir(parents=True)
    (folder / "card.yaml").write_text(CARD, encoding="utf-8")
    (folder / "manual.md").write_text(MANUAL, encoding="utf-8")
    (folder / "faults.csv").write_text("fault,source\nscratch,gripper of station four\n", encoding="utf-8")
    (folder / "other" / "card.yaml").write_text(CARD.replace("plate", "other"), encoding="utf-8")
    (folder / "other" / "its.md").write_text("A scratch of another part.", encoding="utf-8")
    return folder


@pytest.mark.parametrize("given", ["", "card.yaml"])
def test_documents_are_cited_with_file_and_line_after_their_folder_is_gone(
    tmp_path, folder, good_parts, scratched_part, given
):
    inspector = Inspector.open(tmp_path / "memory")
    inspector.register("plate", good_parts, shots=4, knowledge=folder / given)
    shutil.rmtree(folder)
    inspector.memory.add_references("plate", [scratched_part])
    verdict = inspector.inspect(scratched_part, product="plate", question="Where does a scratch come from?")
    cited = {citation.file.rsplit("/", 1)[-1]: citation for citation in verdict.knowledge.citations}
    assert set(cited) == {"card.yaml", "manual.md", "faults.csv"}
    assert "gripper of station four" in cited["faults.csv"].text
    assert cited["faults.csv"].line == 2
    manual = cited["manual.md"]
    assert MANUAL.splitlines()[manual.line - 1] == manual.text.splitlines()[0]
    assert manual.file.startswith(str(tmp_path / "memory"))


def test_a_card_of_another_name_takes_only_what_it_mentions(folder):
    card = folder / "plate-card.yaml"
    card.write_text(CARD + "sources: [manual.md]\n", encoding="utf-8")
    assert set(domain_knowledge.read_domain_knowledge(card)) == {"card.yaml", "manual.md"}
    assert set(domain_knowledge.read_domain_knowledge(folder)) == {"card.yaml", "manual.md", "faults.csv"}


def test_a_card_among_photographs_a_memory_and_a_run_takes_none_of_them(
    tmp_path, good_parts, echo, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(good_parts, "good")
    Path("complete.png").write_bytes(next(good_parts.iterdir()).read_bytes())
    Path("card.yaml").write_text(CARD + "sources: [complete.png]\n", encoding="utf-8")
    Path("limits.md").write_text("A scratch of 2 mm passes.", encoding="utf-8")
    assert echo("register", "plate", "good", "--shots", "2")[0] == 0
    assert echo("inspect", "good/good-5.png", "--product", "plate", "--out", "run")[0] == 0
    assert echo("export", "run", "--format", "csv")[0] == 0
    code, _, told = echo("register", "plate", "good", "--knowledge", "card.yaml")
    assert (code, "beside the card" in told) == (0, False)
    kept = {file.name for file in Path("echo-memory/knowledge").glob("*/**/*") if file.is_file()}
    assert kept == {"card.yaml", "complete.png", "limits.md"}


def test_a_folder_that_is_too_large_is_told(folder, monkeypatch):
    monkeypatch.setattr(domain_knowledge, "MAX_BYTES", 50)
    with pytest.raises(KnowledgeError, match="keep in that folder only"):
        domain_knowledge.read_domain_knowledge(folder)


def test_a_broken_card_is_told_before_anything_is_registered(tmp_path, folder, good_parts):
    (folder / "card.yaml").write_text(CARD.replace("look:", "looks:"), encoding="utf-8")
    inspector = Inspector.open(tmp_path / "memory")
    with pytest.raises(KnowledgeError, match=r"card.yaml:6: unknown key .* did you mean 'look'"):
        inspector.register("plate", good_parts, shots=4, knowledge=folder)
    assert inspector.memory.products() == []


def test_what_cannot_be_read_beside_a_card_is_named(tmp_path, folder, good_parts, caplog):
    for name in ("limits.docx", ".hidden.docx", "other/its.docx", "picture.png"):
        (folder / name).write_bytes(b"PK")
    inspector = Inspector.open(tmp_path / "memory")
    inspector.register("plate", good_parts, shots=2, knowledge=folder)
    assert caplog.messages == [
        f"{folder / 'limits.docx'} beside the card is not read: save it as Markdown, text, CSV or PDF"
    ]
    caplog.clear()
    card = folder / "plate-card.yaml"
    card.write_text(CARD + "sources: [manual.md]\n", encoding="utf-8")
    inspector.register("plate", good_parts, shots=2, knowledge=card)
    assert caplog.messages == []


def test_a_card_that_is_taken_because_of_the_name_is_told_and_can_be_declined(tmp_path, good_parts, echo):
    memory = ("--memory", tmp_path / "memory")
    assert "Knowledge card" not in echo("register", "plate", good_parts, "--shots", "2", *memory)[1]
    told = echo("register", "screw", good_parts, "--shots", "2", *memory)[1]
    assert "by its name: screw (comes with Echo). To do without: echo-agent knowledge decline screw" in told
    assert "by its name: screw (comes with Echo)" in echo("products", *memory)[1]
    inspector = Inspector.open(tmp_path / "memory")
    assert inspector.inspect(good_parts / "good-5.png", product="screw").knowledge.defect_types
    assert echo("knowledge", "decline", "screw", *memory)[0] == 0
    assert "comes with Echo" not in echo("products", *memory)[1]
    assert not inspector.inspect(good_parts / "good-5.png", product="screw").knowledge.defect_types
