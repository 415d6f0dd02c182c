from benchmarks.evidence import STAGES, References, benchmark_evidence, markdown_table
from echo_agent.images.decoding import load_image
from tests.stand_in_encoder import StandInEncoder
from tests.tables import unpadded


def test_every_stage_is_counted_at_every_number_of_references(good_parts):
    photographs = sorted(good_parts.iterdir())
    found = benchmark_evidence(
        photographs[:3], photographs[7:], StandInEncoder(), references=[5, 2], rounds=2
    )
    assert [(cost.references, cost.made_up) for cost in found.costs] == [(2, 0), (5, 2)]
    for cost in found.costs:
        assert [stage.name for stage in cost.stages] == [*STAGES, "total"]
        assert all(0 < stage.p50 <= stage.p95 for stage in cost.stages)
        assert cost.batch > 0
        assert cost.memory_gib > 0
    table = unpadded(markdown_table(found))
    assert table.splitlines()[2].startswith("| 2 | ")
    assert "cropped copies of others: 2 of 5" in table


def test_made_up_references_have_the_size_of_the_photographs_and_differ(good_parts):
    photographs = sorted(good_parts.iterdir())[:2]
    found = References(photographs, 5)
    assert len(found) == 5
    assert found.made_up == 3
    assert [image.size for image in found] == [(192, 144)] * 5
    assert len({image.tobytes() for image in found}) == 5
    assert found[-1].tobytes() == found[4].tobytes()
    assert [image.tobytes() for image in found[:2]] == [load_image(path).tobytes() for path in photographs]


def test_fewer_references_than_photographs_are_all_real(good_parts):
    found = References(sorted(good_parts.iterdir()), 3)
    assert (len(list(found)), found.made_up) == (3, 0)
