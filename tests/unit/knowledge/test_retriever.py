import sys

import pytest
from langchain_core.embeddings import Embeddings

from echo_agent.errors import KnowledgeError, MissingExtraError, ModelError
from echo_agent.knowledge.documents import document_passages
from echo_agent.knowledge.embeddings import HuggingFaceTextEmbeddings
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


def test_a_table_of_a_german_spreadsheet_is_read_by_its_columns(tmp_path):
    (tmp_path / "fehler.csv").write_text("Fehler;Tiefe\nKratzer;0,5 mm\n", encoding="utf-8-sig")
    (passage,) = document_passages(tmp_path)
    assert (passage.text, passage.line) == ("Fehler: Kratzer\nTiefe: 0,5 mm", 2)


def test_documents_of_another_cards_folder_are_left_out(tmp_path):
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    other = tmp_path / "other"
    other.mkdir()
    (other / "card.yaml").write_text("product: other", encoding="utf-8")
    (other / "its.txt").write_text("its", encoding="utf-8")
    assert [passage.text for passage in document_passages(tmp_path)] == ["mine"]


@pytest.mark.parametrize("name", ["broken.md", "broken.csv"])
def test_a_document_that_cannot_be_read_is_named(tmp_path, name):
    (tmp_path / name).write_bytes(b"\xff\xff\x00\x81")
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


def write_pdf(file, *pages):
    """Writes a PDF with one line of Helvetica a page, the objects by hand."""
    kids = " ".join(f"{4 + 2 * number} 0 R" for number in range(len(pages)))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for number, text in enumerate(pages):
        stream = f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET"
        objects.append(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F1 3 0 R >> >> "
            f"/Contents {5 + 2 * number} 0 R >>"
        )
        objects.append(f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream")
    body, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(body))
        body += f"{number} 0 obj\n{content}\nendobj\n".encode()
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    body += (
        f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}trailer\n"
        f"<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(body)}\n%%EOF"
    ).encode()
    file.write_bytes(body)


def test_a_pdf_is_cited_by_its_page(tmp_path):
    pytest.importorskip("pypdf", reason="the extra documents brings it")
    write_pdf(tmp_path / "manual.pdf", "Busbars collect the current.", "Cracks break in lamination.")
    passages = document_passages(tmp_path)
    assert [passage.text for passage in passages] == [
        "Busbars collect the current.",
        "Cracks break in lamination.",
    ]
    (found,) = PassageRetriever(passages).search("Where do cracks come from?")
    assert found.cited("K1").file == f"{tmp_path / 'manual.pdf'}#page=2"


def test_a_pdf_that_is_broken_is_named(tmp_path):
    pytest.importorskip("pypdf", reason="the extra documents brings it")
    (tmp_path / "manual.pdf").write_bytes(b"no pdf")
    with pytest.raises(KnowledgeError, match=r"manual.pdf cannot be read"):
        document_passages(tmp_path)


def test_a_pdf_without_the_extra_names_it(tmp_path, monkeypatch):
    write_pdf(tmp_path / "manual.pdf", "Busbars")
    for name in ("pypdf", "pypdf.errors"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingExtraError, match=r"pip install 'echo-agent\[documents\]'"):
        document_passages(tmp_path)


@pytest.fixture
def tiny_text_model(tmp_path):
    """A folder with a tiny BERT of random weights, named as what it is: it knows no meaning."""
    import torch
    from transformers import BertConfig, BertModel, BertTokenizerFast

    folder = tmp_path / "tiny-random-bert"
    folder.mkdir()
    known = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "[MASK]",
        "scarlet",
        "blue",
        "paint",
        "dust",
        "on",
        "the",
        "table",
    ]
    (folder / "vocab.txt").write_text("\n".join(known), encoding="utf-8")
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(known),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
    )
    BertModel(config).save_pretrained(folder)
    BertTokenizerFast(vocab=str(folder / "vocab.txt")).save_pretrained(folder)
    return folder


def test_a_text_model_from_a_folder_finds_its_own_words_again(tiny_text_model):
    embeddings = HuggingFaceTextEmbeddings(str(tiny_text_model))
    texts = ["blue paint on the table", "scarlet dust", "paint"]
    vectors = embeddings.embed_documents(texts)
    assert [sum(x * x for x in vector) for vector in vectors] == pytest.approx([1.0] * 3, abs=1e-4)
    assert embeddings.embed_query("paint") == pytest.approx(vectors[2], abs=1e-5)
    passages = [Passage(text, "f", line) for line, text in enumerate(texts, 1)]
    assert PassageRetriever(passages, embeddings).search("scarlet dust", k=1)[0].line == 2
    assert len(PassageRetriever(passages, embeddings).search("nothing of it", k=3)) == 3


def test_a_text_model_that_is_not_there_is_told(tmp_path):
    with pytest.raises(ModelError, match="cannot be loaded: check"):
        HuggingFaceTextEmbeddings(str(tmp_path / "absent"))
