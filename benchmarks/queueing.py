"""Whether a line's inspections keep up: ``python -m benchmarks.queueing``.

A simulation (SimPy) of cameras that send photographs to workers, with a stand-in for the encoder: its service times. It
checks the rule of docs/scaling.md: workers for a load of at most 70 %, and what a verdict then waits.
"""

import math
import random
from collections.abc import Generator
from typing import Annotated, Any

import simpy
import typer

from benchmarks.program import JsonOption, program, tell
from echo_agent.state import Value
from echo_agent.state.notation import percent

LOAD = 0.7
"""Share of the time that a worker shall be busy at most."""


class QueueingBenchmark(Value):
    """What photographs waited.

    Attributes:
        cameras: Cameras.
        rate: Photographs a second of all cameras together.
        workers: Workers that take them.
        seconds: Seconds that a photograph takes a worker, on average.
        load: Share of the time that a worker was busy.
        expected_wait: Seconds that a photograph waits on average by Allen and Cunneen's approximation.
        wait: The same as simulated.
        wait_p99: Seconds that 99 % of the photographs waited at most.
        longest_queue: Photographs that waited at once, at most.
        left: Photographs that waited at the end: where they are many, the workers do not keep up.
    """

    cameras: int
    rate: float
    workers: int
    seconds: float
    load: float
    expected_wait: float
    wait: float
    wait_p99: float
    longest_queue: int
    left: int


def workers_needed(rate: float, seconds: float, load: float = LOAD) -> int:
    """Workers that are busy for at most ``load`` of the time at a rate of photographs a second."""
    return max(1, math.ceil(rate * seconds / load - 1e-9))


def expected_wait(
    rate: float, seconds: float, workers: int, arrivals_cv2: float, service_cv2: float
) -> float:
    """Seconds that a photograph waits on average (G/G/c: Allen and Cunneen 1978, over Erlang's C); infinite overloaded.

    Args:
        rate: Photographs a second.
        seconds: Seconds that one takes.
        workers: Workers.
        arrivals_cv2: Squared coefficient of variation of the times between photographs; 1 for Poisson.
        service_cv2: The same of the times that they take.
    """
    offered = rate * seconds
    if offered >= workers:
        return math.inf
    inverse = 1.0  # Erlang's B, inverted, by its recursion: its terms alone would be too large
    for number in range(1, workers + 1):
        inverse = 1.0 + inverse * number / offered
    blocked = 1.0 / inverse
    waits = blocked / (1.0 - offered / workers * (1.0 - blocked))
    return waits * seconds / (workers - offered) * (arrivals_cv2 + service_cv2) / 2.0


def simulate(
    cameras: int,
    rate_each: float,
    *,
    workers: int | None = None,
    seconds: float = 0.05,
    spread: float = 0.3,
    duration: float = 120.0,
    together: bool = False,
    seed: int = 0,
) -> QueueingBenchmark:
    """Simulates cameras and workers.

    Args:
        cameras: Cameras.
        rate_each: Photographs a second of each.
        workers: Workers; as ``workers_needed`` says where not given.
        seconds: Seconds that a photograph takes, on average.
        spread: Coefficient of variation of that time (gamma distributed).
        duration: Seconds that are simulated.
        together: Whether all cameras are triggered at one moment, as those of one station are.
        seed: Seed of the draw.
    """
    draw = random.Random(seed)
    count = workers or workers_needed(cameras * rate_each, seconds)
    world = simpy.Environment()
    pool = simpy.Resource(world, count)
    waits: list[float] = []
    busy = [0.0]
    longest = [0]
    shape = 1.0 / spread**2

    def photograph() -> Generator[Any, Any, None]:
        came = world.now
        with pool.request() as turn:
            longest[0] = max(longest[0], len(pool.queue))
            yield turn
            waits.append(world.now - came)
            taken = draw.gammavariate(shape, seconds / shape)
            yield world.timeout(taken)
            busy[0] += taken

    def camera() -> Generator[Any, Any, None]:
        yield world.timeout(0.0 if together else draw.uniform(0, 1 / rate_each))
        while True:
            world.process(photograph())
            yield world.timeout(1 / rate_each)

    for _ in range(cameras):
        world.process(camera())
    world.run(duration)
    waits.sort()
    rate = cameras * rate_each
    return QueueingBenchmark(
        cameras=cameras,
        rate=rate,
        workers=count,
        seconds=seconds,
        load=round(busy[0] / duration / count, 3),
        expected_wait=round(expected_wait(rate, seconds, count, 1.0, spread**2), 5),
        wait=round(sum(waits) / max(1, len(waits)), 5),
        wait_p99=round(waits[int(0.99 * (len(waits) - 1))], 5) if waits else 0.0,
        longest_queue=longest[0],
        left=len(pool.queue),
    )


def queueing(
    *,
    cameras: Annotated[int, typer.Option(min=1, help="Cameras.")] = 10,
    rate: Annotated[float, typer.Option(help="Photographs a second of each.")] = 1.0,
    seconds: Annotated[float, typer.Option(help="Seconds that a photograph takes a worker.")] = 0.05,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Workers (default: those of a load of 70 %).")
    ] = None,
    together: Annotated[bool, typer.Option(help="Whether all cameras are triggered at one moment.")] = False,
    duration: Annotated[float, typer.Option(help="Seconds that are simulated.")] = 120.0,
    as_json: JsonOption = False,
) -> None:
    """What photographs wait for a verdict, by the number of cameras and workers."""
    found = simulate(cameras, rate, workers=workers, seconds=seconds, together=together, duration=duration)
    text = (
        f"{found.cameras} cameras, {found.rate:g} photographs a second, {found.workers} workers at a load of "
        f"{percent(found.load)}: a photograph waits {1000 * found.wait:.1f} ms on average (were they random "
        f"{1000 * found.expected_wait:.1f}), 99 % at most {1000 * found.wait_p99:.0f} ms; up to {found.longest_queue} "
        f"at once, {found.left} at the end"
    )
    tell(found, text, as_json)


app = program(queueing)

if __name__ == "__main__":
    app()
