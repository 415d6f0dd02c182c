"""Tiles: a small scratch in a large photograph is found, which the look at the whole misses."""

import pytest

from benchmarks.tiles import large_photographs, scratched
from echo_agent.memory.memory import Memory

PLACES = ((300, 200), (1500, 700), (900, 500))


@pytest.fixture(scope="module")
def cloth(test_data):
    folder = test_data / "Wide" / "fabric_01"
    return list(large_photographs(folder / "train" / "good")), list(
        large_photographs(folder / "test" / "good")
    )


def test_a_scratch_of_four_pixels_is_found_in_tiles_alone(cloth, tmp_path):
    references, good = cloth
    bad = [scratched(one, x, y) for one, (x, y) in zip(good, PLACES, strict=True)]
    memory, told = Memory.open(tmp_path / "memory", second_encoder="none", create=True), []
    memory.register("whole", references, tell=told.append)
    memory.register("tiles", references, tiles=256, tell=told.append)
    assert [one for one in told if "cannot be seen" in one] == [one for one in told if "6 times" in one]
    assert sum("--tiles" in one for one in told) == 1

    def scores(product, photographs):
        seen = [memory.evidence(memory.store_image(one), product) for one in photographs]
        return [one.score / one.threshold for one in seen], seen

    assert max(scores("whole", bad)[0]) < 1.0
    assert max(scores("tiles", good)[0]) < 1.0
    found, seen = scores("tiles", bad)
    assert min(found) > 1.0, found
    for one, (x, y) in zip(seen, PLACES, strict=True):
        box = one.regions[0].box
        assert box.left - 30 < x + 20 < box.right + 30
        assert box.top - 30 < y + 12 < box.bottom + 30
        assert one.regions[0].area_px < 6000
        assert one.seen_by == ("efficientnet-lite2 in tiles of 256 px", "efficientnet-lite2 at 1")
        assert memory.anomaly_map(one.map_id).shape == (256, 512)
