import io

import numpy as np

from echo_agent.memory.normal_model import Resolution
from echo_agent.vision.comparison import PatchBank


def a_resolution(neighbours):
    patches = np.eye(4, dtype=np.float32)
    return Resolution(
        banks=(PatchBank(patches, np.zeros(4, dtype=np.int32), neighbours),),
        score_unit=1.0,
        map_unit=2.0,
        scores=(1.0,),
        groups=(0,),
        angles=(),
    )


def test_a_saved_resolution_compares_with_as_many_neighbours(tmp_path):
    a_resolution(3).save(tmp_path / "one.npz", "v1")
    with (tmp_path / "one.npz").open("rb") as file:
        assert Resolution.load(file, "v1").banks[0].neighbours == 3


def test_an_older_one_compares_with_the_nearest_patch_by_which_it_was_calibrated(tmp_path):
    a_resolution(3).save(tmp_path / "one.npz", "v1")
    with np.load(tmp_path / "one.npz") as saved:
        older = {name: saved[name] for name in saved.files if name != "neighbours"}
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **older)
    file.seek(0)
    assert Resolution.load(file, "v1").banks[0].neighbours == 1
