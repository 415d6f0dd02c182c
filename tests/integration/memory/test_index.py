"""The index is in Chroma, and leaves what the host program keeps in Chroma alone."""

import chromadb
import numpy as np
import pytest

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
