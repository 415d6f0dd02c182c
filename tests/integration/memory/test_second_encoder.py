"""A product's second encoder: fitted at registration, brought by the retry, gained by an older product."""

import numpy as np
import pytest

from echo_agent.context import Context
from echo_agent.errors import EncoderError
from echo_agent.inspector import Inspector
from echo_agent.memory.memory import Memory
from tests.conftest import synthetic_part
from tests.photographs import stained
from tests.stand_in_encoder import StandInEncoder

SECOND = StandInEncoder("other-eyes")


@pytest.fixture
def two_encoders(tmp_path):
    """A memory in which ten parts are registered as ``plate`` with two encoders."""
    memory = Memory.open(tmp_path / "memory", second_encoder=SECOND, create=True)
    memory.register("plate", [synthetic_part(seed) for seed in range(10)])
    return memory


def seen(memory, image, **options):
    return memory.evidence(memory.store_image(image), "plate", **options)


def test_a_product_names_its_encoders_and_each_version_keeps_them(two_encoders):
    assert two_encoders.product("plate").second.name == "other-eyes"
    assert two_encoders.product("plate").encoders == "efficientnet-lite2 and other-eyes"
    added = two_encoders.add_references("plate", [synthetic_part(30)])
    assert added.second.id == "other-eyes"


def test_the_retry_brings_the_second_encoder(two_encoders):
    levels = [seen(two_encoders, synthetic_part(50), escalation_level=level) for level in range(4)]
    assert [found.escalation_level for found in levels] == [0, 1, 2, 2]
    assert levels[0].seen_by == ("efficientnet-lite2 at 1",)
    assert levels[1].seen_by == ("efficientnet-lite2 at 1", "other-eyes at 1")
    assert levels[2].seen_by == ("efficientnet-lite2 at 1", "efficientnet-lite2 at 1.25", "other-eyes at 1")


def test_both_scores_are_joined_by_their_geometric_mean(two_encoders):
    image = stained(synthetic_part(51))
    first, second, both = (seen(two_encoders, image, encoders=name) for name in ("first", "second", "both"))
    assert both.score == pytest.approx(np.sqrt(first.score * second.score))
    assert len({first.map_id, second.map_id, both.map_id}) == 3
    assert both.score > both.threshold


def test_no_left_out_reference_stands_out_on_the_joint_map(two_encoders):
    unseen = seen(two_encoders, synthetic_part(50), encoders="both")
    reference = seen(two_encoders, synthetic_part(3), encoders="both")
    assert two_encoders.anomaly_map(reference.map_id).max() < two_encoders.anomaly_map(unseen.map_id).max()
    assert two_encoders.anomaly_map(unseen.map_id).max() < 2


def test_the_threshold_rests_on_joint_scores_of_the_left_out_references(two_encoders):
    part = synthetic_part(50)
    first, second, both = (seen(two_encoders, part, encoders=name) for name in ("first", "second", "both"))
    assert both.guarantee.normals == 10
    assert min(first.threshold, second.threshold) <= both.threshold <= max(first.threshold, second.threshold)


def test_an_older_product_gains_it_without_its_photographs(tmp_path, monkeypatch):
    folder = tmp_path / "memory"
    older = Memory.open(folder, create=True)
    older.register("plate", [synthetic_part(seed) for seed in range(10)])
    assert older.product("plate").second is None
    with pytest.raises(EncoderError, match="register plate --add-encoder"):
        seen(older, synthetic_part(50), encoders="both")
    memory = Memory.open(folder, second_encoder=SECOND)
    record = memory.add_encoder("plate")
    assert (record.version, record.origin) == (2, "encoder other-eyes added")
    assert len(record.references) == 10
    assert seen(memory, synthetic_part(50), encoders="both").score > 0


def test_a_second_encoder_that_is_gone_is_told_when_it_is_needed(two_encoders, monkeypatch):
    def missing(name, _):
        if name == "other-eyes":
            raise EncoderError("not installed")
        return StandInEncoder(name)

    monkeypatch.setattr("echo_agent.memory.memory.load_encoder", missing)
    memory = Memory.open(two_encoders.folder)
    assert seen(memory, synthetic_part(50)).score > 0
    with pytest.raises(EncoderError, match=r"second encoder other-eyes \(not installed\); without it"):
        seen(memory, synthetic_part(50), escalation_level=1)


def test_the_graphs_retry_says_that_it_brings_the_second_encoder(two_encoders):
    inspector = Inspector(two_encoders, context=Context(min_confidence=0.99))
    verdict = inspector.inspect(synthetic_part(50), product="plate")
    assert "other-eyes" not in verdict.attempts[0].changed
    assert "efficientnet-lite2 at 1 and other-eyes at 1" in verdict.attempts[1].changed
