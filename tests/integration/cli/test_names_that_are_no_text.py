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
        done("inspect", new, "--product", "plate", "--out", "run", "--part-id", "(.*)b")
        (line,) = (tmp_path / "run" / "verdicts.jsonl").read_text(encoding="utf-8").splitlines()
        assert json.loads(line)["part"].endswith("/a\ufffd")
    done("report", "run")
    done("export", "run", "--format", "csv")
    records = [json.loads(line) for line in done("records", "--json").splitlines()]
    assert [record["label"] for record in records] == ["defective", "defective"]
    assert records[-1]["photograph"].endswith("a\ufffdb.png")
    done("bundle", "plate")
    assert done("doctor") == "Everything is there and is what was written.\n"
