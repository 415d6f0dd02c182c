"""Echo's real evidence beside a stand-in, and anomalib's PatchCore where it is installed."""

import numpy as np
import pytest
from PIL import Image
from torch import nn

from benchmarks.patchcore import compare_with_patchcore
from benchmarks.patchcore_detector import Patchcore, Scored, check_features
from echo_agent.errors import DatasetError, EncoderError
from echo_agent.evaluation.folder_layout import read_category
from echo_agent.vision.efficientnet_network import onnx_network
from tests.conftest import synthetic_part


@pytest.fixture(scope="module")
def plate(tmp_path_factory):
    """Four normals, two good tests and two scratched ones with masks."""
    folder = tmp_path_factory.mktemp("data") / "plate"
    for kind in ("train/good", "test/good", "test/scratch", "ground_truth/scratch"):
        (folder / kind).mkdir(parents=True)
    for seed in range(4):
        synthetic_part(seed).save(folder / "train" / "good" / f"{seed}.png")
    for seed in (10, 11):
        good, bad = synthetic_part(seed), synthetic_part(seed, defect=True)
        good.save(folder / "test" / "good" / f"{seed}.png")
        bad.save(folder / "test" / "scratch" / f"{seed}.png")
        changed = np.abs(np.asarray(bad, dtype=int) - np.asarray(good, dtype=int)).max(axis=2) > 40
        Image.fromarray(changed.astype(np.uint8) * 255).save(
            folder / "ground_truth" / "scratch" / f"{seed}_mask.png"
        )
    return read_category(folder)


class Blind:
    """A rival that sees nothing: every score and every map is the same."""

    def __init__(self, references):
        self.references = references

    def score(self, image):
        return Scored(1.0, np.ones((8, 8), dtype=np.float32))


def test_both_get_the_same_references_and_echo_beats_a_blind_rival(plate):
    fitted = []

    def fit(references):
        fitted.append(references)
        return Blind(references)

    found = compare_with_patchcore([plate], shots=[3, 9], seeds=[5], fit=fit)
    assert [(row.product, row.shots, row.seed) for row in found.rows] == [("plate", 3, 5)]
    chosen = [np.asarray(Image.open(path).convert("RGB")) for path in plate.references(3, 5)]
    assert all(np.array_equal(given, image) for given, image in zip(fitted[0], chosen, strict=True))
    assert found.rows[0].echo.image_auroc == 1.0
    assert found.rows[0].patchcore.image_auroc == 0.5
    assert found.rows[0].echo.aupro > 0.8
    assert found.ratios.image_error == 0.0
    assert found.ratios_by_shots == {3: found.ratios}


def test_no_product_with_enough_normals_is_an_error(plate):
    with pytest.raises(DatasetError, match="no category has 9 normals"):
        compare_with_patchcore([plate], shots=[9], seeds=[0], fit=Blind)


def test_anomalib_gives_the_embedded_features_and_tells_a_scratch(plate):
    pytest.importorskip("anomalib", reason="anomalib is not installed: extra compare")
    rival = Patchcore([synthetic_part(seed) for seed in range(4)])
    good, bad = rival.score(synthetic_part(10)), rival.score(synthetic_part(10, defect=True))
    assert good.anomaly_map.shape == (256, 256)
    assert bad.score > good.score


class Doubled(nn.Module):
    """The embedded network's features, twice as large."""

    def forward(self, pixels):
        return [2 * layer for layer in onnx_network()(pixels)[:2]]


def test_a_network_that_gives_other_features_is_refused():
    with pytest.raises(EncoderError, match="other features than the embedded encoder at stride8"):
        check_features(Doubled())
