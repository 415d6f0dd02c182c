"""Requests to a server of language models: one deadline for all of it, a bounded answer, nothing followed elsewhere."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any, TypeVar

import httpx

from echo_agent.errors import ModelError, ModelServerError, ModelTimeoutError
from echo_agent.observing import hide_secrets

MAX_BYTES = 4 * 2**20
"""Largest answer that is read."""

AT_ONCE = 16
"""Requests that are under way at once."""

RETRIES = 2
_WAIT_SECONDS = 0.25

T = TypeVar("T")
Body = dict[str, Any]


class NoLogprobsError(ModelError):
    """A server that refuses to tell log-probabilities."""


class ModelServer:
    """A server that speaks the OpenAI protocol.

    Args:
        url: Its base URL, such as ``http://localhost:8000/v1``.
        model: Name under which it knows the model.
        api_key: Key, where it wants one.
        timeout: Seconds for all that one call asks, tries after faults included.
    """

    def __init__(self, url: str, model: str, api_key: str, timeout: float) -> None:
        self.url = hide_secrets(url)
        self._address = url
        self.model = model
        self.timeout = timeout
        self._headers = {
            "Authorization": f"Bearer {api_key}",
            "Content-Type": "application/json",
            "Accept-Encoding": "identity",
        }

    def ask(self, bodies: Sequence[Body]) -> list[bytes]:
        """Asks for completions, several at a time, and returns the answers in the order of the requests.

        Raises:
            ModelTimeoutError: The time is over before all have come.
            ModelServerError: The server cannot be reached, failed, broke off, led elsewhere or answered too much.
            NoLogprobsError: It refuses to tell log-probabilities.
            ModelError: It refuses the key, or does not serve the model.
        """
        return in_own_loop(self._within_time(self._ask(bodies)))

    async def pieces(self, body: Body, tell: Callable[[bytes], object]) -> None:
        """Asks for one completion as a stream, and tells each line as it comes; errors as ``ask``."""

        async def read() -> None:
            async with self._client() as client, self._sent(client, body) as response:
                await self._checked(response)
                rest = b""
                async for chunk in _bounded(response, self.url):
                    *lines, rest = (rest + chunk).split(b"\n")
                    for line in lines:
                        tell(line)
                tell(rest)

        await self._within_time(read())

    async def _within_time(self, work: Coroutine[Any, Any, T]) -> T:
        try:
            async with asyncio.timeout(self.timeout):
                return await work
        except TimeoutError as error:
            raise ModelTimeoutError(
                f"{self.url} did not answer within {self.timeout:g} s: raise ECHO_MLLM_TIMEOUT"
            ) from error
        except httpx.ConnectError as error:
            raise ModelServerError(
                f"{self.url} cannot be reached: start the server or correct --mllm"
            ) from error
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise ModelServerError(f"{self.url} broke off ({type(error).__name__}): see its log") from error

    async def _ask(self, bodies: Sequence[Body]) -> list[bytes]:
        turns = asyncio.Semaphore(AT_ONCE)
        async with self._client() as client:
            tasks = [asyncio.create_task(self._in_turn(turns, client, body)) for body in bodies]
            try:
                return list(await asyncio.gather(*tasks))
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    async def _in_turn(self, turns: asyncio.Semaphore, client: httpx.AsyncClient, body: Body) -> bytes:
        async with turns:
            for left in range(RETRIES, 0, -1):
                try:
                    return await self._once(client, body)
                except _PassingError as error:
                    await asyncio.sleep(error.wait * (RETRIES + 1 - left))
            return await self._once(client, body)

    async def _once(self, client: httpx.AsyncClient, body: Body) -> bytes:
        async with self._sent(client, body) as response:
            await self._checked(response)
            return b"".join([chunk async for chunk in _bounded(response, self.url)])

    def _client(self) -> httpx.AsyncClient:
        limits = httpx.Limits(max_connections=AT_ONCE)
        return httpx.AsyncClient(
            timeout=None, follow_redirects=False, headers=self._headers, verify=_certificates(), limits=limits
        )

    def _sent(self, client: httpx.AsyncClient, body: Body) -> Any:
        data = json.dumps({"model": self.model, "temperature": 0, **body}).encode("ascii")
        return client.stream("POST", f"{self._address}/chat/completions", content=data)

    async def _checked(self, response: httpx.Response) -> None:
        """Raises what an answer's status and head mean where they are not those of a completion."""
        code = response.status_code
        if response.headers.get("content-encoding", "identity").lower() != "identity":
            raise ModelServerError(
                f"{self.url} sent a compressed answer, which was not asked for: see its log"
            )
        if code == httpx.codes.OK:
            return
        if response.has_redirect_location or httpx.codes.is_redirect(code):
            raise ModelServerError(
                f"{self.url} leads elsewhere ({code}), which is not followed: name the server itself"
            )
        if code in (401, 403):
            raise ModelError(f"{self.url} refuses the key ({code}): set ECHO_MLLM_API_KEY")
        if code == 404:
            raise ModelError(
                f"{self.url} does not serve {self.model!r} (404): ask {self.url}/models for what it serves"
            )
        if code == 429 or code >= 500:
            raise _PassingError(
                f"{self.url} failed {RETRIES + 1} times ({code}): look at the server's log", _wait(response)
            )
        said = b"".join([chunk async for chunk in _bounded(response, self.url)]).decode("utf-8", "replace")
        if code == 400 and "logprob" in said.lower():
            raise NoLogprobsError(f"{self.url} tells no log-probabilities")
        raise ModelServerError(f"{self.url} refuses the request ({code}): {' '.join(said.split())[:200]}")


class _PassingError(ModelServerError):
    """A fault of the server that may pass."""

    def __init__(self, message: str, wait: float) -> None:
        super().__init__(message)
        self.wait = wait


def _wait(response: httpx.Response) -> float:
    """Returns after how many seconds the server wants to be asked again."""
    said = response.headers.get("retry-after-ms", "")
    return float(said) / 1000 if said.isdigit() else _WAIT_SECONDS


async def _bounded(response: httpx.Response, url: str) -> AsyncIterator[bytes]:
    size = 0
    async for chunk in response.aiter_raw():
        size += len(chunk)
        if size > MAX_BYTES:
            raise ModelServerError(f"{url} answered more than {MAX_BYTES // 2**20} MiB: see its log")
        yield chunk


@lru_cache(maxsize=1)
def _certificates() -> ssl.SSLContext:
    return httpx.create_ssl_context()


def in_own_loop(work: Coroutine[Any, Any, T]) -> T:
    """Runs asynchronous work to its end in a thread of its own: whoever calls may have an event loop."""
    with ThreadPoolExecutor(1, thread_name_prefix="echo-served") as thread:
        return thread.submit(_run, work).result()


def _run(work: Coroutine[Any, Any, T]) -> T:
    """Runs work without waiting for what a look-up of a host's name left behind."""
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(work)
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
