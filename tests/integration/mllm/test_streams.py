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
    """Whether another thread gets the model soon: those who hold it here would for minutes."""
    lock = model.checkpoint.lock

    def taken():
        got = lock.acquire(timeout=20)
        if got:
            lock.release()
        return got

    with ThreadPoolExecutor(1) as other:
        return other.submit(taken).result()


def test_of_sixteen_streams_the_slow_and_the_cancelled_hold_up_no_other_and_all_cost_what_single_ones_do(
    model, pictures
):
    said = message(pictures)
    started = time.process_time()
    for _ in range(STREAMS):
        assert model.invoke([said]).content
    limit = 1.5 * (time.process_time() - started) + 2

    async def read(number, others_ended):
        text = ""
        async for chunk in model.astream([said]):
            text += str(chunk.content)
            if number % 4 == 1:
                await others_ended.wait()
            elif number % 4 == 2:
                await asyncio.Event().wait()
        return text

    async def all_of_them():
        others_ended = asyncio.Event()
        tasks = [asyncio.create_task(read(number, others_ended)) for number in range(STREAMS)]
        await asyncio.sleep(0.01)
        for task in tasks[2::4]:
            task.cancel()
        await asyncio.wait_for(asyncio.gather(*tasks[::4], *tasks[3::4]), 300)
        others_ended.set()
        return await asyncio.gather(*tasks, return_exceptions=True)

    started = time.process_time()
    ended = asyncio.run(all_of_them())
    assert time.process_time() - started < limit
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
