"""Inspecting on Ray: actors that hold encoder and memory, on this machine or on a cluster."""

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from echo_agent.errors import MissingExtraError, RunError
from echo_agent.runs.engine import Batches
from echo_agent.runs.photograph import Photograph
from echo_agent.runs.record import RunSettings
from echo_agent.runs.station import Inspected, Station

OBJECT_STORE_BYTES = 256 * 2**20
"""What a local cluster keeps of results on their way."""

START_SECONDS = "300"
"""What a local cluster's first process may take to come up on a busy machine: Ray's own patience is 30 s."""


class OnRay:
    """Inspects on the cluster that ``RAY_ADDRESS`` names, else on one of this machine that goes with the run.

    An actor that dies is started again, and what it had not told yet is inspected again: the run gets each photograph
    once. Photographs are read by their paths, which all machines of a cluster must share; so is the memory, unless the
    settings name the address where it is published.

    Args:
        settings: The run's settings, by which each actor opens its memory.
        count: How many actors.

    Raises:
        MissingExtraError: Ray is not installed.
    """

    def __init__(self, settings: RunSettings, count: int) -> None:
        try:
            import ray  # noqa: F401
        except ImportError as error:
            raise MissingExtraError("ray", "ray") from error
        self._settings = settings
        self._count = count
        self.actors: list[Any] = []

    def inspect(self, batches: Batches, stop: threading.Event) -> Iterator[Inspected]:
        """See ``Engine.inspect``.

        Raises:
            RunError: The cluster cannot be reached or started, or an actor cannot open the memory.
        """
        import ray
        from ray.exceptions import RayError

        waiting: dict[Any, Any] = {}
        coming = iter(batches)
        try:
            with _cluster():
                actor = ray.remote(max_restarts=-1, max_task_retries=-1)(_Station)
                self.actors = [actor.remote(self._settings) for _ in range(self._count)]
                free = [*self.actors, *self.actors]  # each has the next batch before it is done with one
                more = True
                while waiting or more:
                    more = more and not stop.is_set()
                    if more and free:
                        batch = next(coming, None)
                        more = batch is not None
                        if batch:
                            chosen = free.pop(0)
                            waiting[chosen.inspect.remote(batch)] = chosen
                    pause = 0 if more and free else None
                    done, _ = ray.wait(list(waiting), timeout=pause) if waiting else ([], [])
                    for one in done:
                        free.append(waiting.pop(one))
                        yield from ray.get(one)
        except (RayError, ConnectionError) as error:
            raise _ended(error) from error


class _Station:
    """What an actor holds."""

    def __init__(self, settings: RunSettings) -> None:
        self._station = Station.open(settings)

    def inspect(self, batch: Sequence[Photograph]) -> list[Inspected]:
        station = self._station
        return [
            replace(inspected, drawn=station.draw(inspected))
            for inspected in station.inspect(station.decode(batch))
        ]

    def process(self) -> int:
        """The number of its process."""
        return os.getpid()


def _ended(error: Exception) -> RunError:
    said, *_ = str(error).splitlines() or [type(error).__name__]
    return RunError(f"Ray ended with an error ({said}): mend it, the same command goes on")


@contextmanager
def _cluster() -> Iterator[None]:
    """Connects to the cluster, or starts one here; ends what it started."""
    import ray

    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    if ray.is_initialized():
        yield
        return
    options: dict[str, Any] = {"logging_level": "ERROR", "log_to_driver": False}
    if not os.environ.get("RAY_ADDRESS"):
        os.environ.setdefault("RAY_gcs_server_port_wait_time_s", START_SECONDS)
        options |= {"include_dashboard": False, "object_store_memory": OBJECT_STORE_BYTES}
        options["_node_ip_address"] = "127.0.0.1"
    try:
        ray.init(**options)
    except Exception as error:  # what comes up too late is a bare Exception of Ray's
        raise _ended(error) from error
    try:
        yield
    finally:
        ray.shutdown()
