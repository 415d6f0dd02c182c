import numpy as np
from PIL import Image

from echo_agent.memory.memory import Memory
from echo_agent.vision.quality import FILE_NAME
from tests.conftest import synthetic_part


def dark(image):
    return Image.fromarray((np.asarray(image) * 0.2).astype(np.uint8))


def without_quality(memory, record):
    """Makes a version one that was registered before image quality was kept."""
    file = f"{record.folder}/{FILE_NAME}"
    (memory.folder / file).unlink()
    with memory._database.writing() as connection:
        connection.execute("UPDATE version SET files = json_remove(files, ?)", (f'$."{file}"',))


def test_evidence_says_whether_the_photograph_can_be_judged(tmp_path, good_parts):
    memory = Memory.open(tmp_path, create=True)
    record = memory.register("plate", good_parts, shots=4)
    sound, spoiled = synthetic_part(50), dark(synthetic_part(51))
    assert memory.evidence(memory.store_image(sound), "plate").quality.acceptable
    found = memory.evidence(memory.store_image(spoiled), "plate").quality
    assert not found.acceptable
    assert found.findings[0].startswith("too dark")
    without_quality(memory, record)
    again = Memory.open(tmp_path)
    assert again.evidence(again.store_image(spoiled), "plate").quality == found
