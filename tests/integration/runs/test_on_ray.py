"""A real local Ray: two actors with a copy of a published memory, one killed; the same verdicts, none lost or twice."""

import os
import signal
import threading
from contextlib import closing

import pytest

from echo_agent.context import Context
from echo_agent.errors import RunError
from echo_agent.inspector import Inspector
from echo_agent.memory.published import publish
from echo_agent.runs.batch import in_batches, inspect_batch
from echo_agent.runs.engine import Here
from echo_agent.runs.folder import RunFolder
from echo_agent.runs.photograph import Photograph
from echo_agent.runs.record import RunSettings, read_lines
from echo_agent.runs.station import Station
from tests.conftest import synthetic_part
from tests.unit.runs.test_folder import SETTINGS

pytest.importorskip("ray")

COUNT = 36


@pytest.fixture
def settings(good_parts, tmp_path):
    memory = Inspector.open(tmp_path / "memory").memory
    memory.register("plate", good_parts)
    context = Context(memory=str(memory.folder), mllm="measured")
    return RunSettings(memory=str(memory.folder), encoder="", product="plate", context=context)


@pytest.fixture
def photographs(tmp_path):
    folder = tmp_path / "new"
    folder.mkdir()
    for seed in range(COUNT):
        synthetic_part(600 + seed, defect=seed % 4 == 0).save(folder / f"{seed:02d}.png")
    (folder / "broken.png").write_bytes(b"no picture")
    return sorted(folder.iterdir())


def judged(run):
    return {line.image: (line.verdict.label, line.verdict.score, line.sha256) for line in read_lines(run)}


def test_a_cluster_that_does_not_come_up_in_time_is_told_in_a_sentence(monkeypatch):
    import ray

    from echo_agent.runs.on_ray import OnRay

    def late(**_):
        raise Exception("The current node timed out during startup.")

    monkeypatch.setattr(ray, "init", late)
    with pytest.raises(RunError, match=r"timed out during startup.*the same command goes on"):
        list(OnRay(SETTINGS, 1).inspect(iter([]), threading.Event()))


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_an_actor_that_is_killed_costs_nothing(settings, photographs, tmp_path, monkeypatch):
    import ray

    from echo_agent.runs.on_ray import OnRay

    station = Station.open(settings)
    new = [Photograph.at(path) for path in photographs]
    with closing(RunFolder(tmp_path / "here", settings)) as run:
        for _ in inspect_batch(run, station, Here(station), in_batches(new, run)):
            pass
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    url = f"file://{tmp_path}/share"
    publish(station.inspector.memory._database, url)
    published = settings.model_copy(
        update={"memory": url, "context": settings.context.model_copy(update={"memory": url})}
    )
    engine = OnRay(published, 2)
    with closing(RunFolder(tmp_path / "ray", published)) as run:
        lines = inspect_batch(run, station, engine, in_batches(new, run, size=4), stop=threading.Event())
        next(lines)
        process = ray.get(engine.actors[0].process.remote())
        os.kill(process, signal.SIGKILL)
        list(lines)
    assert len(list(read_lines(tmp_path / "ray"))) == COUNT + 1
    assert judged(tmp_path / "ray") == judged(tmp_path / "here")
    assert not ray.is_initialized()
    assert len(list((tmp_path / "caches").rglob("memory.sqlite3"))) == 1
