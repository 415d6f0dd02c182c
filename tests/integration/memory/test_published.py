"""A memory that is published at a shared place: copies give its verdicts, notice versions, and are read alone."""

import functools
import gc
import http.server
import json
import threading
from pathlib import Path
from typing import ClassVar

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from echo_agent import resources
from echo_agent.errors import MissingExtraError, StoreError
from echo_agent.inspector import Inspector
from echo_agent.memory import published
from echo_agent.memory.published import Copy, publish, url_of
from tests.conftest import synthetic_part


@pytest.fixture(autouse=True)
def _caches_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    yield
    resources._OPENED.clear()
    gc.collect()


@pytest.fixture
def inspector(tmp_path, good_parts):
    inspector = Inspector.open(tmp_path / "memory")
    inspector.register("plate", good_parts, shots=6)
    return inspector


@pytest.fixture
def database(inspector):
    return inspector.memory._database


@pytest.fixture(params=["memory", "file"])
def url(request, tmp_path):
    return (
        f"memory://{tmp_path.name}/plates" if request.param == "memory" else f"file://{tmp_path}/share/plates"
    )


def told(inspector, part):
    verdict = inspector.inspect(part, product="plate")
    return verdict.label, verdict.score, verdict.memory_version, verdict.reasons


def test_a_copy_gives_the_same_verdicts_and_takes_a_new_version(inspector, database, url, scratched_part):
    publish(database, url)
    node = Inspector.open(url)
    assert node.memory.folder != inspector.memory.folder
    assert told(node, scratched_part) == told(inspector, scratched_part)
    inspector.memory.add_references("plate", [synthetic_part(77)])
    assert told(node, scratched_part)[2] == 1
    publish(database, url)
    assert Copy(url).refresh()
    assert told(node, scratched_part) == told(inspector, scratched_part)
    assert told(node, scratched_part)[2] == 2
    assert not Copy(url).refresh()


def test_a_copy_is_looked_after_as_long_as_somebody_holds_its_memory(database, tmp_path, monkeypatch):
    def watching():
        return [thread for thread in threading.enumerate() if thread.name == "memory copy"]

    monkeypatch.setattr("echo_agent.memory.published.LOOKED_EVERY", 0.01)
    url = f"file://{tmp_path}/share"
    publish(database, url)
    before = set(watching())
    node = Inspector.open(url)
    (own,) = set(watching()) - before
    assert own.is_alive()
    del node
    resources._OPENED.clear()
    gc.collect()
    own.join(60)
    assert not own.is_alive()


def test_only_what_is_missing_is_sent_and_fetched(inspector, database, tmp_path, monkeypatch):
    url = f"file://{tmp_path}/share"
    publish(database, url)
    copy = Copy(url)
    copy.refresh(opening=True)
    images = {file: file.stat().st_mtime_ns for file in (copy.folder / "images").iterdir()}
    sent = {file: file.stat().st_mtime_ns for file in (tmp_path / "share" / "objects").iterdir()}
    inspector.memory.add_references("plate", [synthetic_part(77)])
    publish(database, url)
    copy.refresh()
    assert (
        images.items()
        < {file: file.stat().st_mtime_ns for file in (copy.folder / "images").iterdir()}.items()
    )
    assert (
        sent.items()
        < {file: file.stat().st_mtime_ns for file in (tmp_path / "share" / "objects").iterdir()}.items()
    )
    assert len(list((copy.folder / "products").glob("*/resolution-0.npz"))) == 1


def test_inspections_stay_where_they_were_made_and_a_copy_is_not_written(
    inspector, database, url, good_parts
):
    inspector.inspect(good_parts / "good-0.png", product="plate")
    publish(database, url)
    node = Inspector.open(url)
    before = sorted(node.memory.folder.rglob("*"))
    node.inspect(good_parts / "good-1.png", product="plate")
    assert list(node.memory.inspections.newest(10)) == []
    assert sorted(node.memory.folder.rglob("*")) == before
    for change in (
        lambda: node.register("plate", good_parts),
        lambda: node.memory.remove("plate"),
        lambda: node.memory.restore("plate", 1),
    ):
        with pytest.raises(StoreError, match="copy of a published memory"):
            change()
    assert node.memory.product("plate").version == 1


def test_a_place_that_went_away_leaves_the_copy_and_a_changed_file_is_refused(
    database, tmp_path, good_parts, caplog
):
    url = f"file://{tmp_path}/share"
    sent = publish(database, url)
    name = next(name for name in sent.files if name.startswith("images/"))
    stored = tmp_path / "share" / "objects" / sent.files[name]
    stored.write_bytes(b"another")
    with pytest.raises(StoreError, match="is not what was published"):
        Copy(url).refresh(opening=True)
    stored.unlink()
    publish(database, url)
    Inspector.open(url)
    (tmp_path / "share" / "memory.json").unlink()
    resources._OPENED.clear()
    assert told(Inspector.open(url), good_parts / "good-0.png")[0] == "normal"
    assert "no memory is published" in caplog.text


@pytest.mark.parametrize("moment", ["existing", "digest_of"])
def test_what_is_published_is_one_state_of_a_memory_that_changes_meanwhile(
    inspector, database, tmp_path, monkeypatch, scratched_part, moment
):
    asked, changes = getattr(published, moment), [synthetic_part(77)]

    def changing(given):
        found = asked(given) if moment == "existing" else None
        if changes:
            inspector.memory.add_references("plate", [changes.pop()])
        return asked(given) if found is None else found

    monkeypatch.setattr(published, moment, changing)
    url = f"file://{tmp_path}/share"
    assert publish(database, url).products == {"plate": 2}
    assert told(Inspector.open(url), scratched_part) == told(inspector, scratched_part)


def test_a_memory_that_misses_a_file_is_not_published(inspector, database, tmp_path):
    (bank,) = (tmp_path / "memory" / "products").glob("*/resolution-0.npz")
    bank.unlink()
    with pytest.raises(StoreError, match=r"resolution-0\.npz.*echo-agent doctor"):
        publish(database, f"file://{tmp_path}/share")


def test_an_object_store_that_has_no_folders_takes_a_first_memory(database, scratched_part, inspector):
    publish(database, "bucket://plates/first")
    assert told(Inspector.open("bucket://plates/first"), scratched_part) == told(inspector, scratched_part)


def test_a_place_with_faults_of_its_own_is_told_and_the_copy_serves_on(database, caplog):
    url = "bucket://plates/faulty"
    publish(database, url)
    Inspector.open(url)
    resources._OPENED.clear()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(_Bucket, "fault", RuntimeError("no credentials"))
        with pytest.raises(StoreError, match="no credentials"):
            Copy(url).refresh()
        with pytest.raises(StoreError, match="no credentials"):
            publish(database, url)
        assert Inspector.open(url).memory.product("plate").version == 1
    assert "no credentials" in caplog.text
    with pytest.raises(StoreError, match="cannot be opened"):
        Copy("ftp://127.0.0.1:1/plates").refresh()


def test_what_a_copy_fitted_itself_goes_with_its_version(inspector, database, tmp_path):
    url = f"file://{tmp_path}/share"
    publish(database, url)
    node = Inspector.open(url)
    image = node.memory.store_image(synthetic_part(50))
    node.memory.evidence(image, "plate", escalation_level=1)
    assert list((node.memory.folder / "products").glob("*/resolution-1.npz"))
    inspector.memory.add_references("plate", [synthetic_part(77)])
    publish(database, url)
    Copy(url).refresh()
    (left,) = (node.memory.folder / "products").iterdir()
    assert "-v2-" in left.name
    assert node.memory.evidence(image, "plate", escalation_level=1).memory_version == 2


class _Bucket(MemoryFileSystem):
    """A fake of an object store: no folders, a listing of nothing is an error, and faults that are no OSError."""

    protocol = "bucket"
    store: ClassVar = {}
    fault: ClassVar = None

    def makedirs(self, path, exist_ok=False):
        pass

    def ls(self, path, detail=True, **options):
        found = [name for name in self.store if name.startswith(f"{self._strip_protocol(path)}/")]
        if not found:
            raise FileNotFoundError(path)
        return found

    def cat_file(self, path, **options):
        if self.fault is not None:
            raise self.fault
        return super().cat_file(path, **options)

    def _open(self, path, mode="rb", **options):
        if self.fault is not None:
            raise self.fault
        return super()._open(path, mode, **options)


fsspec.register_implementation("bucket", _Bucket, clobber=True)


def test_names_do_not_lead_out_of_the_copy(database, tmp_path):
    url = f"file://{tmp_path}/share"
    publish(database, url)
    manifest = tmp_path / "share" / "memory.json"
    told = json.loads(manifest.read_text())
    told["files"]["../outside"] = next(iter(told["files"].values()))
    manifest.write_text(json.dumps(told))
    with pytest.raises(StoreError, match="leads out"):
        Copy(url).refresh(opening=True)


def test_a_web_server_serves_it_too(inspector, database, tmp_path, scratched_part):
    publish(database, f"file://{tmp_path}/share")
    handler = functools.partial(_Quiet, directory=str(tmp_path / "share"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        node = Inspector.open(f"http://127.0.0.1:{server.server_port}")
        assert told(node, scratched_part) == told(inspector, scratched_part)
        server.shutdown()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def test_addresses_and_folders_are_told_apart(tmp_path, monkeypatch):
    assert url_of("plates") is None
    assert url_of("C:/plates") is None
    for given in ("s3://bucket/plates", Path("s3://bucket/plates"), "s3://bucket/plates/"):
        assert url_of(given) == "s3://bucket/plates"
    assert url_of(Path("file:///mnt/plates")) == "file:///mnt/plates"
    with pytest.raises(StoreError, match="echo-agent publish"):
        Inspector.open(f"file://{tmp_path}/nothing")
    with pytest.raises(StoreError, match="nothing9"):
        Inspector.open("nothing9://bucket/plates")


def test_a_missing_extra_is_told(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "s3fs", None)
    with pytest.raises(MissingExtraError, match=r"echo-agent\[s3\]"):
        Inspector.open("s3://bucket/plates")


def test_the_command_publishes_and_others_read(inspector, tmp_path, echo, scratched_part):
    url = f"file://{tmp_path}/share"
    assert echo("publish", url, "--memory", tmp_path / "memory")[0] == 0
    code, out, _ = echo("products", "--memory", url, "--json")
    assert (code, json.loads(out)[0]["name"]) == (0, "plate")
    out = echo(
        "inspect", scratched_part, "--memory", url, "--product", "plate", "--out", tmp_path / "run", "--json"
    )[1]
    assert (
        json.loads(out.splitlines()[0])["label"] == inspector.inspect(scratched_part, product="plate").label
    )
    assert json.loads((tmp_path / "run" / "run.json").read_text())["settings"]["memory"] == url
