"""The inspector in an event loop."""

import asyncio

import pytest

from echo_agent import Context, Inspector, Verdict
from echo_agent.errors import ImageError
from tests.conftest import synthetic_part
from tests.photographs import stained

GOOD, STAINED = synthetic_part(50), stained(synthetic_part(51))


@pytest.fixture(scope="module")
def inspector(tmp_path_factory, good_parts):
    opened = Inspector.open(tmp_path_factory.mktemp("async") / "memory", context=Context(max_attempts=1))
    opened.register("plate", good_parts)
    return opened


def test_several_parts_at_once_come_to_the_verdicts_of_inspect_and_hold_up_no_loop(inspector):
    async def inspected():
        ticks, running = 0, True

        async def tick():
            nonlocal ticks
            while running:
                ticks += 1
                await asyncio.sleep(0.001)

        ticking = asyncio.create_task(tick())
        parts = [GOOD, STAINED, GOOD, STAINED]
        verdicts = await asyncio.gather(*(inspector.ainspect(part, product="plate") for part in parts))
        running = False
        await ticking
        return verdicts, ticks

    verdicts, ticks = asyncio.run(inspected())
    assert [verdict.label for verdict in verdicts] == ["normal", "defective"] * 2
    assert verdicts[0].score == inspector.inspect(GOOD, product="plate").score
    assert ticks > 5


def test_a_stream_names_the_experts_in_their_order_and_ends_in_the_verdict(inspector):
    async def told():
        return [piece async for piece in inspector.astream(STAINED, product="plate", question="Where?")]

    *experts, verdict = asyncio.run(told())
    assert experts[:2] == ["intake", "reference_extractor"]
    assert experts[-2:] == ["decision_maker", "responder"]
    assert isinstance(verdict, Verdict)
    assert verdict.answer is not None


def test_errors_are_those_of_inspect(inspector, tmp_path):
    with pytest.raises(ImageError, match=r"none\.png"):
        asyncio.run(inspector.ainspect(tmp_path / "none.png"))
