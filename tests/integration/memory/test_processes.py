"""Several processes and threads write one memory's records at once."""

import multiprocessing
import threading
from concurrent.futures import ThreadPoolExecutor

from echo_agent.memory.database import Database
from echo_agent.memory.inspections import Inspections
from echo_agent.state import ImageRef
from tests.verdicts import a_verdict

IMAGE = ImageRef(uri="/part.png", sha256="a" * 64, width=8, height=8)


def write_many(folder, count):
    inspections = Inspections(Database(folder))
    with ThreadPoolExecutor(4) as threads:
        for written in [threads.submit(inspections.add, IMAGE, a_verdict("normal")) for _ in range(count)]:
            written.result()


def test_two_processes_and_their_threads_lose_nothing(tmp_path):
    database = Database(tmp_path)
    with database.writing():
        pass
    spawn = multiprocessing.get_context("spawn")
    processes = [spawn.Process(target=write_many, args=(database.folder, 40)) for _ in range(2)]
    for process in processes:
        process.start()
    inspections = Inspections(database)
    while any(process.is_alive() for process in processes):
        inspections.newest(5)
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]
    names = [record.id for record in inspections.newest()]
    assert len(names) == len(set(names)) == 80
    assert names == sorted(names, reverse=True)


def test_a_record_is_named_by_the_time_at_which_nobody_else_writes(tmp_path, monkeypatch):
    """Else names leave the records' order where a second ends while a writer waits."""
    database = Database(tmp_path)
    asked = threading.Event()
    monkeypatch.setattr(
        "echo_agent.memory.inspections.now", lambda: asked.set() or "2026-01-02T03:04:05+00:00"
    )
    with ThreadPoolExecutor(1) as other:
        with database.writing():
            waiting = other.submit(Inspections(database).add, IMAGE, a_verdict("normal"))
            assert not asked.wait(0.3)
        assert waiting.result().id.startswith("20260102T030405-0000-")
