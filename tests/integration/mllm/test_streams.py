"""Many streams of one model: a slow reader, one who leaves and one who is cancelled hold nobody up."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from echo_agent.errors import ImageError
from echo_agent.mllm.chat_model import EchoVLM
from echo_agent.mllm.checkpoint import CheckpointSpec
from tests.integration.mllm.test_chat_model import message
from tests.tiny_checkpoints import qwen3_vl, speaks_in_words

STREAMS, TOKENS = 16, 24


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = speaks_in_words(qwen3_vl(tmp_path_factory.mktemp("talking")))
    return EchoVLM(spec=CheckpointSpec(str(folder), device="cpu"), max_new_tokens=TOKENS, max_pixels=20_000)


def is_free(model):
    """Whether another thread gets the model within a second."""
    lock = model.checkpoint.lock

    def taken():
        got = lock.acquire(timeout=1)
        if got:
            lock.release()
        return got

    with ThreadPoolExecutor(1) as other:
        return other.submit(taken).result()


def test_sixteen_streams_some_slow_some_cancelled_all_others_end_in_the_time_of_single_ones(model, pictures):
    said = message(pictures)
    single = [time.monotonic()]
    for _ in range(STREAMS):
        assert model.invoke([said]).content
        single.append(time.monotonic())
    limit = 1.5 * (single[-1] - single[0]) + 2

    async def read(number):
        text = ""
        async for chunk in model.astream([said]):
            text += str(chunk.content)
            if number % 4 == 1:
                await asyncio.sleep(0.02)
        return text

    async def all_of_them():
        tasks = [asyncio.create_task(read(number)) for number in range(STREAMS)]
        await asyncio.sleep(0.01)
        for task in tasks[2::4]:
            task.cancel()
        return await asyncio.gather(*tasks, return_exceptions=True)

    started = time.monotonic()
    ended = asyncio.run(all_of_them())
    assert time.monotonic() - started < limit
    cancelled = [isinstance(one, asyncio.CancelledError) for one in ended]
    assert cancelled == [number % 4 == 2 for number in range(STREAMS)]
    assert len({one for one in ended if isinstance(one, str)}) == 1
    assert is_free(model)


def test_a_reader_that_stops_half_way_holds_nobody_up(model, pictures):
    stopped = model.stream([message(pictures)])
    next(stopped)
    assert model.invoke([message(pictures)]).content
    assert "".join(str(chunk.content) for chunk in stopped)


def test_one_who_is_cancelled_frees_the_model_at_once(model, pictures):
    long = model.model_copy(update={"max_new_tokens": 20_000, "timeout": 300.0})

    lock = model.checkpoint.lock

    async def cancelled():
        task = asyncio.create_task(long.ainvoke([message(pictures)]))
        while lock.acquire(blocking=False):
            lock.release()
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
    assert is_free(model)


def test_what_goes_wrong_reaches_the_reader(model):
    from langchain_core.messages import HumanMessage

    async def read():
        async for _ in model.astream([HumanMessage([{"type": "image", "url": "file:///etc/passwd"}])]):
            pass

    with pytest.raises(ImageError, match="is not read"):
        asyncio.run(read())
