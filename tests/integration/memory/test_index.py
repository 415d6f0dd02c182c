"""The index is in Chroma, and leaves what the host program keeps in Chroma alone."""

import chromadb
import numpy as np
import pytest

from echo_agent.errors import StoreError
from echo_agent.memory.memory import Memory
from tests.conftest import synthetic_part


@pytest.fixture(params=["on disk", "in memory"])
def host(request, tmp_path):
    """Opens the host program's database, as it may do anywhere in its code."""
    settings = chromadb.config.Settings(anonymized_telemetry=False)

    def open_again():
        if request.param == "in memory":
            return chromadb.EphemeralClient(settings)
        return chromadb.PersistentClient(str(tmp_path / "host"), settings)

    return open_again


def test_the_clients_of_the_host_program_survive(host, tmp_path):
    before = host().get_or_create_collection("texts", embedding_function=None)
    before.add(ids=["a"], embeddings=np.eye(4)[:1])
    memory = Memory.open(tmp_path / "memory", create=True)
    memory.register("plate", [synthetic_part(1), synthetic_part(2)])
    beside = Memory.open(tmp_path / "memory")
    memory.register("plate", [synthetic_part(3)], replace=True)
    assert len(beside.evidence(beside.store_image(synthetic_part(4)), "plate").references) == 1
    before.add(ids=["b"], embeddings=np.eye(4)[1:2])
    again = host().get_collection("texts", embedding_function=None)
    assert again.count() == 2
    assert again.query(query_embeddings=np.eye(4)[1:2], n_results=1)["ids"] == [["b"]]
    again.delete(ids=["a", "b"])
    assert before.count() == 0


def embeddings(memory, value):
    """Puts a value in the place of all embeddings that the memory keeps."""
    with memory._database.writing() as connection:
        connection.execute("UPDATE photograph SET embedding = ?", (value,))


def nearest(folder):
    memory = Memory.open(folder)
    found = memory.evidence(memory.store_image(synthetic_part(50)), None)
    return found.product, found.matches, [(near.image.sha256, near.similarity) for near in found.references]


def test_the_index_is_made_of_what_the_database_keeps_and_nothing_of_it_is_on_the_disk(plates):
    before = nearest(plates.folder)
    assert before[0] == "plate"
    assert not list(plates.folder.rglob("chroma*"))
    (plates.folder / "index").mkdir()
    (plates.folder / "index" / "chroma.sqlite3").write_bytes(b"of an earlier Echo, torn")
    assert nearest(plates.folder) == before
    plates.register("disc", [synthetic_part(30)])
    assert not (plates.folder / "index").exists()


def test_embeddings_that_are_not_known_are_found_anew_and_damaged_ones_are_an_error(plates):
    before = nearest(plates.folder)
    embeddings(plates, None)
    assert nearest(plates.folder) == before
    for value in (b"", b"123", np.full(108, np.nan, "<f4").tobytes(), "text"):
        embeddings(plates, value)
        with pytest.raises(StoreError, match=r"embeddings .* are damaged: echo-agent doctor --memory"):
            nearest(plates.folder)
