"""What cannot be read, found or written: one line that names it, exit code 1, nothing half-written."""

import json
import sqlite3
import struct
import zlib
from contextlib import closing

import pytest
from PIL import Image

from echo_agent.memory.database import FILE_NAME
from tests.conftest import synthetic_part


def png_header(width, height):
    """A PNG that claims a size and holds no pixels."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b""))
        + chunk(b"IEND", b"")
    )


def truncated(folder):
    whole = folder / "whole.png"
    synthetic_part(1).save(whole)
    data = whole.read_bytes()
    whole.unlink()
    return data[: len(data) // 2]


BAD_IMAGES = {
    "missing": lambda folder: None,
    "empty": lambda folder: b"",
    "truncated": truncated,
    "text": lambda folder: b"this is no picture",
    "bomb": lambda folder: png_header(50_000, 50_000),
}


@pytest.fixture(params=BAD_IMAGES)
def bad_image(request, tmp_path):
    """A file that is no readable image, or is not there."""
    file = tmp_path / f"{request.param}.png"
    data = BAD_IMAGES[request.param](tmp_path)
    if data is not None:
        file.write_bytes(data)
    return file


def assert_one_line(err, *names):
    assert err.count("\n") == 1
    assert err.startswith("echo-agent: ")
    assert ":" in err.removeprefix("echo-agent: ")
    for name in names:
        assert str(name) in err


def products(echo, memory):
    return json.loads(echo("products", "--memory", memory, "--json")[1])


@pytest.mark.parametrize("output", [[], ["--json"]])
def test_inspecting_a_bad_image_names_it(echo, plates, bad_image, output):
    code, out, err = echo("inspect", bad_image, "--memory", plates, "--product", "plate", *output)
    assert code == 1
    assert out == ""
    assert_one_line(err, bad_image)


def test_the_others_of_a_list_are_inspected(echo, plates, bad_image, good_parts):
    good = [good_parts / "good-0.png", good_parts / "good-1.png"]
    code, out, err = echo("inspect", good[0], bad_image, good[1], "--memory", plates, "--json")
    assert code == 1
    assert [json.loads(line)["image"] for line in out.splitlines()] == [str(path) for path in good]
    assert_one_line(err, bad_image)


def test_registering_a_bad_image_names_it_and_leaves_the_memory_as_it_was(
    echo, plates, bad_image, good_parts
):
    if not bad_image.exists():
        pytest.skip("a folder does not list what is not in it")
    with Image.open(good_parts / "good-0.png") as good:
        good.save(bad_image.parent / "good.png")
    before = products(echo, plates)
    for product in ("plate", "new"):
        code, out, err = echo("register", product, bad_image.parent, "--memory", plates)
        assert (code, out) == (1, "")
        assert_one_line(err, bad_image)
    assert products(echo, plates) == before


@pytest.mark.parametrize("command", [["inspect"], ["register", "bolt"]])
def test_a_folder_without_images_is_named(echo, plates, tmp_path, command):
    (tmp_path / "notes.txt").write_text("no image")
    code, out, err = echo(*command, tmp_path, "--memory", plates)
    assert (code, out) == (1, "")
    assert_one_line(err, tmp_path)


def test_an_unknown_product_is_named_with_those_that_there_are(echo, plates, good_parts):
    code, out, err = echo("inspect", good_parts / "good-0.png", "--product", "bolt", "--memory", plates)
    assert (code, out) == (1, "")
    assert_one_line(err, "bolt", "plate")


def test_removing_an_unknown_product_removes_nothing(echo, plates):
    code, _, err = echo("products", "remove", "bolt", "--memory", plates)
    assert code == 1
    assert_one_line(err, "bolt")
    assert [record["name"] for record in products(echo, plates)] == ["plate"]


def test_products_are_listed_where_their_encoder_is_gone(echo, plates_copy, tmp_path):
    memory = plates_copy
    with closing(sqlite3.connect(memory / FILE_NAME)) as database, database:
        database.execute(
            "UPDATE memory SET encoder = 'gone/256', encoder_name = ?", (str(tmp_path / "gone"),)
        )
    assert [record["name"] for record in products(echo, memory)] == ["plate"]
    code, _, err = echo("products", "remove", "plate", "--memory", memory)
    assert code == 1
    assert_one_line(err, tmp_path / "gone")


def test_inspecting_without_a_memory_says_how_to_make_one_and_makes_none(echo, good_parts, tmp_path):
    code, _, err = echo("inspect", good_parts / "good-0.png", "--memory", tmp_path / "none")
    assert code == 1
    assert_one_line(err, tmp_path / "none", "register")
    assert not (tmp_path / "none").exists()


def test_a_memory_folder_that_cannot_be_written_is_named(echo, good_parts, tmp_path):
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file" / "memory", tmp_path / "file"):
        code, _, err = echo("register", "plate", good_parts, "--memory", folder)
        assert code == 1
        assert_one_line(err, folder)


def test_a_knowledge_card_that_is_not_there_is_named(echo, plates, good_parts, tmp_path):
    before = products(echo, plates)
    card = tmp_path / "none.yaml"
    code, _, err = echo("register", "bolt", good_parts, "--knowledge", card, "--memory", plates)
    assert code == 1
    assert_one_line(err, card)
    assert products(echo, plates) == before


def test_an_output_folder_that_cannot_be_made_is_named(echo, plates, good_parts, tmp_path):
    (tmp_path / "file").write_text("")
    code, _, err = echo(
        "inspect", good_parts / "good-0.png", "--out", tmp_path / "file" / "x", "--memory", plates
    )
    assert code == 1
    assert_one_line(err, tmp_path / "file" / "x")
