import sys

import pytest

from tests.unit.evaluation.photographs import write_mvtec_category


def test_patchcore_without_anomalib_names_the_extra(echo, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "anomalib", None)
    code, out, err = echo(
        "benchmark", "patchcore", write_mvtec_category(tmp_path / "plate"), "--shots", "2,9"
    )
    assert code == 1
    assert out == ""
    assert "plate has 4 normals: left out at 9 shots" in err
    assert "pip install 'echo-agent[compare]'" in err


@pytest.mark.parametrize("command", ["patchcore", "evidence", "calibration", "quality"])
def test_a_folder_without_categories_is_an_error_in_one_line(echo, tmp_path, command):
    code, _, err = echo("benchmark", command, tmp_path)
    assert code == 1
    assert "holds no category" in err


def test_evidence_is_measured_on_one_category(echo, tmp_path):
    for name in ("plate", "disc"):
        write_mvtec_category(tmp_path / name)
    code, _, err = echo("benchmark", "evidence", tmp_path)
    assert code == 2
    assert "disc, plate" in " ".join(err.replace("│", " ").split())
