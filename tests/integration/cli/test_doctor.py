"""``echo-agent doctor``: what of a memory is damaged is named, with what is lost; ``--repair`` mends it."""

import json
import sqlite3

import pytest
from typer.testing import CliRunner

from echo_agent.cli.app import app


@pytest.fixture
def damaged(plates_copy):
    """A copy of the memory of plates, that a test may damage."""
    return plates_copy


def doctor(memory, *options):
    ran = CliRunner().invoke(app, ["doctor", "--memory", str(memory), *options])
    return ran.exit_code, ran.output


def test_a_sound_memory_is_said_to_be_sound(plates):
    assert doctor(plates) == (0, "Everything is there and is what was written.\n")


def test_a_missing_photograph_and_a_damaged_bank_are_named_and_mended(damaged):
    photograph = sorted((damaged / "images").iterdir())[0]
    photograph.unlink()
    (bank,) = damaged.glob("products/*/resolution-0.npz")
    bank.write_bytes(b"")
    code, told = doctor(damaged)
    assert code == 1
    assert f"images/{photograph.name} is missing; lost: a reference of plate" in told
    assert "resolution-0.npz is not what was written; lost: nothing; --repair fits plate anew" in told
    code, mended = doctor(damaged, "--repair")
    assert code == 0
    assert mended.splitlines() == [*told.splitlines()[:-1], "2 things found; 0 left after mending."]
    assert doctor(damaged)[0] == 0
    ran = CliRunner().invoke(app, ["products", "--json", "--memory", str(damaged)])
    (record,) = json.loads(ran.output)
    assert (record["version"], record["origin"]) == (2, "mended by the doctor")
    assert photograph.stem not in {image["sha256"] for image in record["references"]}


def test_a_lost_database_is_made_anew_from_the_versions(damaged, scratched_part):
    strict = ["threshold", "plate", "--set", "max_false_reject=0.2", "--memory", str(damaged)]
    assert CliRunner().invoke(app, strict).exit_code == 0
    assert doctor(damaged)[0] == 0
    for file in damaged.glob("memory.sqlite3*"):
        file.unlink()
    ran = CliRunner().invoke(
        app, ["inspect", str(scratched_part), "--product", "plate", "--memory", str(damaged)]
    )
    assert ran.exit_code == 1
    assert "memory.sqlite3 is missing or empty beside its products: echo-agent doctor --memory" in ran.output
    code, told = doctor(damaged, "--repair")
    assert code == 0
    assert "lost: answers, records of inspections, settings of products and earlier versions" in told
    assert "of plate the last version is there" in told
    ran = CliRunner().invoke(
        app, ["inspect", str(scratched_part), "--product", "plate", "--memory", str(damaged)]
    )
    assert ran.exit_code == 0
    assert "defective" in ran.output
    assert "for 20 % false rejects by the product's setting" in ran.output


def test_what_a_newer_echo_made_is_not_taken_for_damaged(damaged):
    with sqlite3.connect(damaged / "memory.sqlite3") as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    for options in ((), ("--repair",)):
        code, told = doctor(damaged, *options)
        assert code == 1
        assert "use the newer Echo" in told
    assert not list(damaged.glob("damaged-*"))


def test_a_folder_without_a_memory_is_an_error(tmp_path):
    assert doctor(tmp_path)[0] == 1
