import json
import re

import pytest
import yaml
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from echo_agent.cli.knowledge import app
from echo_agent.knowledge.loader import SHIPPED_CARDS, list_cards, read_card


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_the_shipped_cards_are_in_order():
    result = run("check")
    assert result.exit_code == 0, result.output
    assert "0 to mend" in result.output


def test_a_broken_card_is_told_with_file_line_and_remedy(tmp_path):
    (tmp_path / "card.yaml").write_text("schema_version: 1\nproduct: bolt\nnorml: shiny\n", encoding="utf-8")
    result = run("check", tmp_path)
    assert result.exit_code == 1
    assert "card.yaml:3: unknown key 'norml': did you mean 'normal'?" in result.output


def test_a_new_card_is_commented_and_in_order(tmp_path):
    assert run("new", 'Bolt "M8"', "-f", tmp_path).exit_code == 0
    (file,) = tmp_path.rglob("card.yaml")
    assert read_card(file).card.product == 'Bolt "M8"'
    assert "# tolerances:" in file.read_text(encoding="utf-8")
    assert run("new", 'Bolt "M8"', "-f", tmp_path).exit_code == 1


def test_every_example_of_a_new_card_can_be_uncommented(tmp_path):
    run("new", "bolt", "-f", tmp_path)
    (file,) = tmp_path.rglob("card.yaml")
    lines = file.read_text(encoding="utf-8").splitlines()
    example = re.compile(r"# (?:[a-z_]+:|  )")
    file.write_text("\n".join(line[2:] if example.match(line) else line for line in lines), encoding="utf-8")
    card = read_card(file).card
    assert card.scale is not None
    assert len(card.zones) == len(card.tolerances) == 2
    assert card.defects[0].name == "scratch"
    assert (card.turns, len(card.ignore), len(card.inspect_only)) == ("any", 1, 1)


def test_the_schema_is_json_and_knows_the_units():
    schema = json.loads(run("schema").stdout)
    assert schema["additionalProperties"] is False
    assert "mm2" in json.dumps(schema["$defs"]["Tolerance"])


@pytest.fixture(scope="module")
def schema():
    made = json.loads(run("schema").stdout)
    Draft202012Validator.check_schema(made)
    return Draft202012Validator(made)


@pytest.mark.parametrize("file", list_cards(SHIPPED_CARDS), ids=lambda file: file.parent.name)
def test_editors_find_no_fault_in_a_shipped_card(schema, file):
    assert not list(schema.iter_errors(yaml.safe_load(file.read_text(encoding="utf-8"))))


@pytest.mark.parametrize(
    "part",
    [
        {"colour": "red"},
        {"tolerances": [{"defect": "any", "max_area": "3"}]},
        {"tolerances": [{"defect": "any", "max_length": "3 mm2"}]},
        {"zones": [{"name": "A", "box": [0, 0, 1.5, 1]}]},
        {"normal": 5},
        {"schema_version": 9},
    ],
)
def test_editors_find_what_the_check_finds(schema, part):
    card = {"schema_version": 1, "product": "bolt", "normal": "shiny"}
    assert schema.is_valid(card)
    assert not schema.is_valid(card | part)


def test_two_cards_for_one_product_and_a_zone_outside_the_image_are_told(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "card.yaml").write_text(
            "schema_version: 1\nproduct: bolt\nnormal: shiny\n", encoding="utf-8"
        )
    result = run("check", tmp_path)
    assert result.exit_code == 1
    assert "b/card.yaml:2: 'bolt' already belongs to" in result.output
    assert "rename one or take the alias out" in result.output
    (tmp_path / "b" / "card.yaml").write_text(
        "schema_version: 1\nproduct: nut\nnormal: shiny\nzones:\n  - name: A\n    box: [0, 0, 2, 1]\n"
        "tolerances:\n  - defect: any\n    max_area: 3\n",
        encoding="utf-8",
    )
    told = run("check", tmp_path).output
    assert "b/card.yaml:6: 'zones[1].box[3]' is 2, outside the image" in told
    assert "b/card.yaml:9: 'tolerances[1].max_area': '3' has no unit: write '3 mm2'" in told


def test_what_was_read_beside_a_card_is_listed_and_what_was_not(tmp_path):
    (tmp_path / "card.yaml").write_text("schema_version: 1\nproduct: bolt\nnormal: shiny\n", encoding="utf-8")
    (tmp_path / "limits.md").write_text("# Limits\n\nTwo millimetres.\n", encoding="utf-8")
    (tmp_path / "faults.csv").write_text("fault,source\nscratch,gripper\ndent,fall\n", encoding="utf-8")
    (tmp_path / "drawing.docx").write_bytes(b"PK")
    result = run("check", tmp_path)
    assert result.stdout.splitlines() == [
        f"{tmp_path / 'faults.csv'}: 2 passages",
        f"{tmp_path / 'limits.md'}: 1 passage",
        f"{tmp_path / 'drawing.docx'}: not read; save it as Markdown, text, CSV or PDF",
        "1 card in order, 0 to mend.",
    ]
