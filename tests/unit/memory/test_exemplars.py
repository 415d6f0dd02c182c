import numpy as np

from echo_agent.memory.exemplars import PLACE_PATCHES, unusual_place


def test_the_unusual_place_is_where_a_finer_map_is_highest():
    patches = np.zeros((8, 6, 48), dtype=np.float32)
    patches.reshape(48, 48)[:] = np.eye(48)
    anomaly_map = np.zeros((16, 12), dtype=np.float32)
    anomaly_map[10:14, 4:8] = 1.0
    anomaly_map[10:12, 4:6] = 2.0
    place = unusual_place(patches, anomaly_map)
    assert len(place) == PLACE_PATCHES
    assert place[0].argmax() == 5 * 6 + 2
    assert {int(one.argmax()) for one in place[:4]} == {32, 33, 38, 39}
