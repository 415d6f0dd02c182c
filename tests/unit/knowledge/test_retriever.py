import pytest
from langchain_core.embeddings import Embeddings

from echo_agent.errors import KnowledgeError
from echo_agent.knowledge.documents import document_passages
from echo_agent.knowledge.passage import Passage
from echo_agent.knowledge.retriever import PassageRetriever

MANUAL = """\
# Cells

Busbars collect the current.

# Cracks

A crack is a thin dark line. Cracked wafers break in lamination.
"""


class MeaningOfColours(Embeddings):
    """Knows that scarlet is red."""

    def embed_documents(self, texts):
        return [self.embed_query(text) for text in texts]

    def embed_query(self, text):
        return [1.0, 0.1] if {"red", "scarlet"} & set(text.split()) else [0.1, 1.0]


def test_documents_are_cut_into_passages_with_file_and_line(tmp_path):
    (tmp_path / "manual.md").write_text(MANUAL * 40, encoding="utf-8")
    passages = document_passages(tmp_path)
    lines = (MANUAL * 40).splitlines()
    assert len(passages) > 2
    for passage in passages:
        assert passage.file == str(tmp_path / "manual.md")
        assert lines[passage.line - 1].startswith(passage.text.splitlines()[0])


def test_a_row_of_a_table_is_cited_by_its_line_even_behind_a_cell_of_several_lines(tmp_path):
    (tmp_path / "faults.csv").write_text('defect,limit\n"scratch,\nlong",2 mm\nstain,3\n', encoding="utf-8")
    passages = document_passages(tmp_path)
    assert [passage.line for passage in passages] == [2, 4]
    assert "defect: stain" in passages[1].text


def test_documents_of_another_cards_folder_are_left_out(tmp_path):
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    other = tmp_path / "other"
    other.mkdir()
    (other / "card.yaml").write_text("product: other", encoding="utf-8")
    (other / "its.txt").write_text("its", encoding="utf-8")
    assert [passage.text for passage in document_passages(tmp_path)] == ["mine"]


@pytest.mark.parametrize("name", ["broken.md", "broken.csv"])
def test_a_document_that_cannot_be_read_is_named(tmp_path, name):
    (tmp_path / name).write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(KnowledgeError, match=name):
        document_passages(tmp_path)


def test_the_passage_with_the_words_of_the_query_comes_first():
    passages = [
        Passage("A busbar is bright.", "f", 1),
        Passage("Cracks are dark lines.", "f", 2),
        Passage("Dust", "f", 3),
    ]
    assert [found.line for found in PassageRetriever(passages).search("Where is the crack?")] == [2]
    assert PassageRetriever(passages).search("completely unrelated") == []
    assert PassageRetriever([]).search("crack") == []


def test_a_text_model_finds_what_words_do_not():
    passages = [Passage("blue paint", "f", 1), Passage("scarlet paint", "f", 2)]
    assert PassageRetriever(passages).search("red") == []
    assert PassageRetriever(passages, MeaningOfColours()).search("red", k=1)[0].line == 2
