"""The short form of every attack: Echo holds each time."""

import os

import pytest

from benchmarks.stress.attack import attacks, attempt
from tests.integration.ui.chromium import lacking

ATTACKS = attacks()


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(ATTACKS))
def test_echo_holds(name, tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    if name == "xss" and (missing := lacking()) is not None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(missing)
    found = attempt(ATTACKS[name], tmp_path, ATTACKS[name].short)
    if name == "small-disk" and not found.attempts:
        pytest.skip("only root can make a disk")
    assert found.failures == ()
    assert found.attempts >= ATTACKS[name].short
