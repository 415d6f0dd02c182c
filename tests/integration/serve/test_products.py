"""Products over HTTP: registered from photographs, told, changed only as said, removed, gone back to."""

import pytest
from starlette.testclient import TestClient

from echo_agent.inspector import Inspector
from echo_agent.memory.memory import Memory
from echo_agent.serve.app import build_app
from echo_agent.serve.service import Service
from tests.conftest import synthetic_part
from tests.photographs import another_part, encoded
from tests.stand_in_encoder import StandInEncoder


@pytest.fixture
def inspector(tmp_path):
    return Inspector(Memory.open(tmp_path / "memory", encoder=StandInEncoder(), create=True))


@pytest.fixture
def client(inspector):
    service = Service(inspector)
    service.warm_up()
    with TestClient(build_app(service)) as client:
        yield client


def photographs(seeds, draw=synthetic_part):
    return [("images", (f"good-{seed}.png", encoded(draw(seed)))) for seed in seeds]


def register(client, files, **fields):
    return client.post("/v1/products", files=files, data={"name": "plate"} | fields)


def test_a_product_is_registered_and_inspected_with_at_once(client, inspector):
    assert client.get("/readyz").status_code == 503
    made = register(client, photographs(range(6)))
    assert (made.status_code, made.json()["references"], made.json()["version"]) == (201, 6, 1)
    assert client.get("/readyz").status_code == 200
    files = {"image": ("0001.png", encoded(synthetic_part(40)))}
    assert client.post("/v1/inspect", files=files, data={"product": "plate"}).json()["product"] == "plate"
    assert [known["name"] for known in client.get("/v1/products").json()] == ["plate"]
    assert inspector.memory.product("plate").normals == 6


def test_a_name_that_is_taken_is_changed_only_as_said(client):
    register(client, photographs(range(4)))
    refused = register(client, photographs([9]))
    assert refused.status_code == 409
    assert "existing=add" in refused.json()["detail"]
    assert "existing=replace" in refused.json()["detail"]
    assert client.get("/v1/products/plate").json()["references"] == 4
    added = register(client, photographs([9]), existing="add").json()
    assert (added["references"], added["version"]) == (5, 2)
    replaced = register(client, photographs(range(10, 13)), existing="replace").json()
    assert (replaced["references"], replaced["version"]) == (3, 3)
    assert register(client, photographs([9]), existing="perhaps").status_code == 422
    slip = register(client, photographs([9]), name="Plate", existing="add")
    assert (slip.status_code, "is registered as 'plate'" in slip.json()["detail"]) == (409, True)


def test_a_product_is_told_restored_and_removed(client):
    register(client, photographs(range(4)))
    register(client, photographs([9]), existing="add")
    restored = client.post("/v1/products/plate/restore", json={"version": 1}).json()
    assert (restored["references"], restored["version"]) == (4, 3)
    told = client.get("/v1/products/plate").json()
    assert [(one["version"], one["references"]) for one in told["versions"]] == [(3, 4), (2, 5), (1, 4)]
    assert client.post("/v1/products/plate/restore", json={"version": 8}).status_code == 404
    assert client.post("/v1/products/plate/restore", json={}).status_code == 422
    assert client.delete("/v1/products/plate").json() == {"removed": "plate"}
    for asked in (client.get, client.delete):
        answer = asked("/v1/products/plate")
        assert (answer.status_code, "plate" in answer.json()["detail"]) == (404, True)
    assert client.get("/v1/products").json() == []


def test_the_drift_of_a_removed_product_is_not_that_of_its_namesake(client):
    for seeds in (range(4), range(20, 24)):
        register(client, photographs(seeds))
        assert client.get("/v1/products/plate").json()["drift"] is None
        files = {"image": ("0001.png", encoded(synthetic_part(40)))}
        assert client.post("/v1/inspect", files=files, data={"product": "plate"}).status_code == 200
        assert client.get("/v1/products/plate").json()["drift"] is not None
        client.delete("/v1/products/plate")


def test_a_light_that_fades_is_told_in_words(client, caplog):
    register(client, photographs(range(12)))
    for number in range(60):
        part = synthetic_part(100 + number).point(lambda value, by=0.99**number: int(value * by))
        files = {"image": (f"{number}.png", encoded(part))}
        assert client.post("/v1/inspect", files=files, data={"product": "plate"}).status_code == 200
    (alarm, *_) = client.get("/v1/products/plate").json()["alarms"]
    assert "darker" in alarm
    assert "the light is weaker" in alarm
    assert alarm in caplog.messages
    assert 'echo_drift_alarms{product="plate"} 0.0' not in client.get("/metrics").text


def test_a_card_and_what_lies_beside_it_come_along(client, inspector):
    card = b"schema_version: 1\nproduct: plate\nnormal: Two round holes.\n"
    documents = [
        ("knowledge", ("card.yaml", card)),
        ("knowledge", ("rules.md", b"A scratch below 2 mm passes.")),
    ]
    assert register(client, photographs(range(4)) + documents).status_code == 201
    kept = inspector.memory.card("plate")
    assert (kept.read_bytes(), (kept.parent / "rules.md").is_file()) == (card, True)
    broken = [("knowledge", ("mine.yaml", b"defects: 3\n"))]
    refused = register(client, photographs([9]) + broken, existing="add")
    assert (refused.status_code, refused.json()["detail"].startswith("mine.yaml:1")) == (422, True)


def test_what_should_be_no_reference_is_told_by_its_own_name(client):
    made = register(client, photographs(range(8)) + photographs([3], another_part)).json()
    assert any(remark.startswith("good-3.png") or " good-3.png" in remark for remark in made["remarks"])
    assert not any("/" in remark.split("good-3.png")[0] for remark in made["remarks"])


@pytest.mark.parametrize(
    ("files", "fields", "status", "sentence"),
    [
        ([], {}, 415, "multipart"),
        ([("photos", ("a.png", b"x"))], {}, 422, "images"),
        ([("images", ("a.png", b"no picture"))], {}, 422, "a.png"),
        (photographs([1]), {"name": " "}, 422, "name"),
        (photographs([1]), {"colour": "red"}, 422, "colour"),
        (photographs([1]) * 2, {}, 201, ""),
        ([("images", ("a.png", b"x" * 26_000_000))], {}, 422, "25 MB"),
    ],
)
def test_what_cannot_be_registered_is_told_in_a_sentence(client, files, fields, status, sentence):
    answer = register(client, files, **fields)
    assert answer.status_code == status, answer.text
    if status != 201:
        assert sentence in answer.json()["detail"]
        assert "/tmp" not in answer.json()["detail"]
        assert client.get("/v1/products").json() == []


def test_the_same_keys_and_bounds_hold(inspector):
    with TestClient(build_app(Service(inspector), keys=["first"])) as client:
        for asked in (client.post, client.get, client.delete):
            assert asked("/v1/products/plate").status_code in {401, 405}
        assert register(client, photographs([1])).status_code == 401
        large = client.post("/v1/products", content=b"x", headers={"Content-Length": "400000000"})
        assert (large.status_code, "existing=add" in large.json()["detail"]) == (413, True)


def test_a_file_is_taken_under_any_name_that_can_be_and_refused_in_words_under_another(client):
    part = encoded(synthetic_part(1))
    for number, name in enumerate(("..", "/", "a\\b.png")):
        assert register(client, [("images", (name, part))], name=f"plate {number}").status_code == 201
    refused = register(client, [("images", ("a" * 300 + ".png", part))])
    assert refused.status_code == 422
    assert "shorter, plain name" in refused.json()["detail"]
