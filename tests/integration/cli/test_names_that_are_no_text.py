"""Photographs whose names are no UTF-8, as another system wrote them: inspected, recorded and told like others."""

import json
import os


def test_a_name_that_is_no_utf_8_goes_through_every_way_out(
    plates_copy, scratched_part, tmp_path, echo, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    new = tmp_path / "new"
    new.mkdir()
    os.link(scratched_part, os.fsencode(new) + b"/a\xffb.png")

    def done(*arguments):
        code, out, err = echo(*arguments, *(() if arguments[0] in {"report", "export"} else memory))
        assert code == 0, err
        out.encode()
        return out

    memory = ("--memory", plates_copy)
    assert "a\ufffdb.png [plate]: defective" in done("inspect", new, "--product", "plate")
    for _ in range(2):
        done("inspect", new, "--product", "plate", "--out", "run", "--part-id", "(.*)b", "--sort-into", "by")
        assert [os.fsencode(file.name) for file in (tmp_path / "by" / "defective").iterdir()] == [
            b"a\xffb.png"
        ]
        (line,) = (tmp_path / "run" / "verdicts.jsonl").read_text(encoding="utf-8").splitlines()
        assert json.loads(line)["part"].endswith("/a\ufffd")
    done("report", "run")
    done("export", "run", "--format", "csv")
    records = [json.loads(line) for line in done("records", "--json").splitlines()]
    assert [record["label"] for record in records] == ["defective", "defective"]
    assert records[-1]["photograph"].endswith("a\ufffdb.png")
    done("bundle", "plate")
    assert done("doctor") == "Everything is there and is what was written.\n"


def test_a_name_that_would_steer_the_terminal_is_printed_as_its_codes(
    plates_copy, scratched_part, tmp_path, echo
):
    new = tmp_path / "new"
    new.mkdir()
    os.link(scratched_part, new / "\x1b[2J\x9b31m\u202egnp.a\nok.png")
    (new / "\x1b]0;b\x07.png").write_bytes(b"no image")
    for out in ((), ("--out", tmp_path / "run")):
        for as_json in ((), ("--json",)):
            options = ("--product", "plate", "--memory", plates_copy, *out, *as_json)
            code, told, err = echo("inspect", new, *options)
            assert code == (0 if as_json and out else 1)
            assert not {"\x1b", "\x9b", "\x07", "\u202e"} & {*told, *err}
            if as_json and not out:
                assert json.loads(told)["image"].endswith("\x1b[2J\x9b31m\u202egnp.a\nok.png")
            elif not as_json:
                assert r"\u001b[2J\u009b31m\u202egnp.a\u000aok.png [plate]: defective" in told
                assert r"\u001b]0;b\u0007.png" in err
    for command in ("records", "queue"):
        assert "\x1b" not in echo(command, "--memory", plates_copy)[1]
