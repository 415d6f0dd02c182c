from echo_agent.report.charts import MAX_BARS, by_hour, score_histogram
from echo_agent.report.entry import Entry
from tests.verdicts import a_verdict


def entries(*scores, threshold=1.4, when=None):
    return [
        Entry(str(n), a_verdict("normal", score=score, threshold=threshold), None, None, when=when)
        for n, score in enumerate(scores)
    ]


def test_each_score_is_in_one_bin_and_far_ones_are_in_the_last():
    found = score_histogram(entries(0.0, 1.4, 2.0, 77.0))
    assert sum(bar.total for bar in found.bars) == 4
    assert found.bars[-1].total == 1
    assert found.thresholds == (1.4,)


def test_thresholds_that_are_alike_are_one():
    found = score_histogram(
        [*entries(1, 1, threshold=1.40), *entries(1, threshold=1.43), *entries(1, threshold=2.0)]
    )
    assert found.thresholds == (1.4, 2.0)


def test_one_score_makes_no_histogram():
    assert score_histogram(entries(1.0)) is None
    assert score_histogram(entries(1.0, 2.0, threshold=None)).thresholds == ()


def test_many_hours_are_put_together_into_days():
    moments = [f"2026-11-{1 + hour // 24:02d}T{hour % 24:02d}:30:00" for hour in range(MAX_BARS + 24)]
    few = [entries(1.0, when=moment)[0] for moment in moments[:3]]
    assert [bar.name for bar in by_hour(few)] == ["2026-11-01 00:00", "2026-11-01 01:00", "2026-11-01 02:00"]
    many = [entries(1.0, when=moment)[0] for moment in moments]
    assert [(bar.name, bar.total) for bar in by_hour(many)] == [
        ("2026-11-01", 24),
        ("2026-11-02", 24),
        ("2026-11-03", 24),
    ]
