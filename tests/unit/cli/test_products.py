import json


def test_the_table_names_products_with_references_and_encoder(echo, fake_inspector, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    code, out, _ = echo("products")
    assert code == 0
    for words in ("plate", "2", "fake", "33 %", "78 %", "2026-11-23"):
        assert words in out


def test_json_is_a_list_on_one_line(echo, fake_inspector):
    _, out, _ = echo("products", "--json")
    assert out.count("\n") == 1
    assert [record["name"] for record in json.loads(out)] == ["plate"]


def test_remove_says_what_is_gone(echo, fake_inspector, tmp_path):
    assert echo("products", "--memory", tmp_path, "remove", "plate")[:2] == (
        0,
        f"plate is removed from {tmp_path}.\n",
    )
    assert echo("products", "remove", "plate", "--memory", tmp_path)[0] == 0


def test_removing_what_is_not_there_is_an_error_on_one_line(echo, fake_inspector):
    code, out, err = echo("products", "remove", "bolt")
    assert (code, out) == (1, "")
    assert err.count("\n") == 1
    assert "bolt is not registered" in err
