import json

from typer.testing import CliRunner

from echo_agent.cli.knowledge import app
from echo_agent.knowledge.loader import read_card


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
    keys = ("# scale:", "# zones:", "# defects:", "# tolerances:", "# checklist:", "#  ")
    file.write_text(
        "\n".join(line[2:] if line.startswith(keys) else line for line in lines), encoding="utf-8"
    )
    card = read_card(file).card
    assert card.scale is not None
    assert len(card.zones) == len(card.tolerances) == 2
    assert card.defects[0].name == "scratch"


def test_the_schema_is_json_and_knows_the_units():
    schema = json.loads(run("schema").stdout)
    assert schema["additionalProperties"] is False
    assert "mm2" in json.dumps(schema["$defs"]["Tolerance"])
