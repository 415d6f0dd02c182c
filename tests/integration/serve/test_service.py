"""The service over HTTP: every way of sending a photograph, who may ask, and what it tells of itself."""

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from echo_agent.inspector import Inspector
from echo_agent.memory.memory import Memory
from echo_agent.serve.app import build_app
from echo_agent.serve.service import Service
from echo_agent.settings import process_settings
from tests.conftest import synthetic_part
from tests.photographs import stained
from tests.stand_in_encoder import StandInEncoder


@pytest.fixture(scope="module")
def inspector(tmp_path_factory, good_parts):
    inspector = Inspector(
        Memory.open(tmp_path_factory.mktemp("memory"), encoder=StandInEncoder(), create=True)
    )
    inspector.register("plate", good_parts)
    return inspector


@pytest.fixture
def client(inspector):
    service = Service(inspector)
    service.warm_up()
    with TestClient(build_app(service)) as client:
        yield client


def form(client, file, **fields):
    return client.post("/v1/inspect", files={"image": (file.name, file.read_bytes())}, data=fields)


def message(client, **fields):
    return client.post("/v1/inspect", json=fields)


def test_a_form_a_message_and_a_path_give_the_verdict_of_the_inspector(
    client, inspector, scratched_part, monkeypatch
):
    monkeypatch.setenv("ECHO_IMAGE_FOLDERS", str(scratched_part.parent))
    process_settings.cache_clear()
    with TestClient(build_app(Service(inspector))) as allowed:
        told = [
            form(client, scratched_part, product="plate"),
            message(client, image=base64.b64encode(scratched_part.read_bytes()).decode(), product="plate"),
            message(allowed, path=str(scratched_part), product="plate"),
        ]
    verdict = inspector.inspect(scratched_part, product="plate")
    assert [answer.status_code for answer in told] == [200] * 3
    for answer in told:
        found = answer.json()
        assert (found["label"], found["score"]) == (verdict.label, verdict.score)
        assert inspector.memory.inspections.find(found["id"]).image.sha256 == found["sha256"]


def test_what_cannot_be_taken_is_told_in_a_sentence(client, good_parts):
    part = good_parts / "good-0.png"
    for answer, status, sentence in (
        (form(client, part, product="screw"), 404, "screw"),
        (message(client, image="!"), 422, "not base64"),
        (message(client, image="AAAA"), 422, "photograph"),
        (message(client, path=str(part)), 422, "lies outside the folders"),
        (message(client), 422, "one of the two"),
        (message(client, image="AAAA", colour="red"), 422, "colour"),
        (client.post("/v1/inspect", data={"product": "plate"}), 415, "multipart/form-data"),
        (client.post("/v1/inspect", files={"photo": b""}), 422, "named image"),
        (client.post("/v1/inspect", content=b"x" * 40_000_000), 413, "send a smaller photograph"),
        (client.post("/v1/inspect", content=iter([b"x" * 20_000_000] * 3)), 415, "multipart"),
    ):
        assert (answer.status_code, sentence in json.dumps(answer.json())) == (status, True), answer.text


def test_a_body_of_unknown_length_is_cut_off(client):
    answer = client.post(
        "/v1/inspect",
        content=(b"x" * 10_000_000 for _ in range(5)),
        headers={"content-type": "application/json"},
    )
    assert answer.status_code == 413


def test_a_key_lets_in_and_a_rate_bounds(inspector):
    with TestClient(build_app(Service(inspector), keys=["first", "second"], per_minute=3)) as client:
        asked = [client.get("/v1/products", headers=headers).status_code for headers in (
            {}, {"X-API-Key": "other"}, {"X-API-Key": "first"}, {"Authorization": "Bearer first"},
            {"X-API-Key": "first"}, {"X-API-Key": "first"}, {"X-API-Key": "second"},
        )]  # fmt: skip
        assert asked == [401, 401, 200, 200, 200, 429, 200]
        assert client.get("/metrics").status_code == 401
        assert client.get("/healthz").status_code == client.get("/docs").status_code == 200


def test_without_a_key_other_sites_pages_and_names_are_refused(inspector, good_parts):
    with TestClient(
        build_app(Service(inspector), hosts=frozenset({"localhost"})), base_url="http://localhost"
    ) as client:
        assert client.get("/v1/products", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
        refused = client.get("/v1/products", headers={"Host": "evil.example:8000"})
        assert (refused.status_code, "--allowed-host" in refused.json()["detail"]) == (400, True)
        assert client.get("/healthz", headers={"Host": "10.0.0.7"}).status_code == 200
        assert client.get("/v1/products").status_code == 200


def test_readiness_tells_what_is_missing(inspector, tmp_path):
    empty = Service(Inspector(Memory.open(tmp_path, encoder=StandInEncoder(), create=True)))
    service = Service(inspector)
    assert "loaded" in service.not_ready()
    for one, reason in ((service, "ready"), (empty, "no product is registered")):
        one.warm_up()
        with TestClient(build_app(one)) as client:
            answer = client.get("/readyz")
            assert reason in answer.json()["status"]
            assert answer.status_code == (200 if reason == "ready" else 503)
            assert client.get("/healthz").json()["status"] == "alive"


def test_what_a_person_says_is_kept_and_learnt(client, inspector, good_parts):
    found = form(client, good_parts / "good-0.png", product="plate").json()
    said = {
        "inspection": found["id"],
        "label": "defective",
        "defect_type": "dent",
        "who": "Ada",
        "learn": True,
    }
    kept = client.post("/v1/feedback", json=said).json()
    assert (kept["label"], kept["product"], kept["learnt"]) == ("defective", "plate", "exemplar")
    assert client.post("/v1/feedback", json=said | {"inspection": "none"}).status_code == 404
    assert client.post("/v1/feedback", json=said | {"label": "fine"}).status_code == 422
    (product,) = client.get("/v1/products").json()
    assert (product["name"], product["version"]) == ("plate", 2)


def test_an_inspection_is_found_again_with_its_picture(client, tmp_path):
    part = stained(synthetic_part(80))
    file = tmp_path / "part.png"
    part.save(file)
    found = form(client, file, product="plate").json()
    again = client.get(f"/v1/inspections/{found['id']}").json()
    assert again["name"] == "part.png"
    assert all(again[name] == found[name] for name in ("id", "sha256", "label", "score"))
    with Image.open(io.BytesIO(client.get(f"/v1/inspections/{found['sha256']}/picture").content)) as picture:
        assert picture.size == part.size
        assert (np.asarray(picture) != np.asarray(part)).any()
    for lost in ("none", "none/picture"):
        assert client.get(f"/v1/inspections/{lost}").status_code == 404


def test_the_numbers_count_what_was_inspected(client, good_parts):
    found = form(client, good_parts / "good-1.png", product="plate").json()
    form(client, good_parts / "good-1.png", product="screw")
    lines = client.get("/metrics").text.splitlines()
    assert f'echo_inspections_total{{label="{found["label"]}",product="plate"}} 1.0' in lines
    assert 'echo_failures_total{kind="ProductError"} 1.0' in lines
    assert 'echo_drift_alarms{product="plate"} 0.0' in lines
    assert any(line.startswith('echo_inspection_seconds_bucket{le="0.5",product="plate"}') for line in lines)
    assert any(line.startswith('echo_drift{product="plate"}') for line in lines)


def test_the_page_on_the_interface_needs_no_network(client):
    page = client.get("/docs").text
    assert "https://" not in page
    assert client.get("/static-offline-docs/swagger-ui-bundle.js").status_code == 200
    described = client.get("/openapi.json").json()["paths"]["/v1/inspect"]["post"]
    assert described["requestBody"]["content"].keys() == {"application/json", "multipart/form-data"}
