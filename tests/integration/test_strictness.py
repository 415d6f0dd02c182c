"""How strict Echo is: said by the run, the product, its card or the environment, and told by the verdict."""

import json

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from echo_agent import Context, Inspector, build_graph
from echo_agent.memory.memory import Memory
from echo_agent.settings import process_settings
from echo_agent.strictness import StrictnessSettings
from tests.conftest import synthetic_part
from tests.stand_in_encoder import StandInEncoder, use_stand_in_encoder

CARD = """\
schema_version: 1
product: plate
normal: A grey plate with two dark holes.
strictness:
  max_false_reject: 0.3
"""


@pytest.fixture(autouse=True)
def _stand_in(monkeypatch):
    use_stand_in_encoder(monkeypatch)


@pytest.fixture
def card(tmp_path):
    file = tmp_path / "card.yaml"
    file.write_text(CARD)
    return file


@pytest.fixture
def folder(echo, tmp_path, good_parts):
    code, _, err = echo("--memory", tmp_path / "memory", "register", "plate", good_parts)
    assert code == 0, err
    return tmp_path / "memory"


def environment(monkeypatch, **settings):
    for name, value in settings.items():
        monkeypatch.setenv(f"ECHO_{name.upper()}", value)
    process_settings.cache_clear()


def test_the_strongest_word_sets_the_threshold_and_the_verdict_tells_whose_it_is(
    echo, monkeypatch, folder, card, good_parts, scratched_part
):
    def inspected(*options):
        code, out, err = echo("--memory", folder, "inspect", scratched_part, "--json", *options)
        assert code == 0, err
        found = json.loads(out)
        return found["threshold_from"], round(11 * found["guarantee"]["expected_false_reject"])

    found = [inspected()]
    environment(monkeypatch, max_false_reject="0.4")
    found.append(inspected())
    assert echo("--memory", folder, "register", "plate", good_parts, "--knowledge", card)[0] == 0
    found.append(inspected())
    assert echo("--memory", folder, "threshold", "plate", "--set", "max_false_reject=0.2")[0] == 0
    found.append(inspected())
    found.append(inspected("--max-false-reject", "0.5"))
    assert found == [("default", 1), ("environment", 4), ("card", 3), ("product", 2), ("call", 5)]


def test_a_products_setting_is_listed_and_stays_until_it_is_unset(echo, folder, good_parts):
    plain = echo("--memory", folder, "products")[1]
    assert "own settings" not in plain
    code, out, _ = echo(
        "--memory",
        folder,
        "threshold",
        "plate",
        "--set",
        "max_false_reject=0.2",
        "--set",
        "min_confidence=0.9",
    )
    assert code == 0
    assert "max_false_reject 20 % (the product's setting), max_escape 10 % (default)" in out
    assert echo("--memory", folder, "register", "plate", good_parts, "--replace")[0] == 0
    assert echo("--memory", folder, "products", "restore", "plate", "1")[0] == 0
    listed = echo("--memory", folder, "products")[1]
    assert "max_false_reject 20 %, min_confidence 90 %" in listed
    assert "18 %" in listed
    code, out, _ = echo("--memory", folder, "threshold", "plate", "--unset", "max_false_reject", "--json")
    assert json.loads(out)["strictness"]["max_false_reject_from"] == "default"
    assert json.loads(out)["strictness"]["min_confidence_from"] == "product"
    echo("--memory", folder, "threshold", "plate", "--unset", "min_confidence")
    assert echo("--memory", folder, "products")[1] == plain.replace("  1  ", "  3  ")


def test_a_setting_that_is_none_changes_nothing(echo, folder):
    code, _, err = echo("--memory", folder, "threshold", "plate", "--set", "max_false_rejekt=0.2")
    assert (code, err.count("\n")) == (1, 1)
    assert "did you mean max_false_reject" in err
    assert Memory.open(folder).product("plate").strictness == StrictnessSettings()


def test_another_process_sees_the_setting_at_once(tmp_path, good_parts):
    here = Memory.open(tmp_path / "memory", encoder=StandInEncoder(), create=True)
    here.register("plate", good_parts)
    inspector = Inspector(here)
    part = synthetic_part(70)
    assert inspector.inspect(part).threshold_from == "default"
    Memory.open(here.folder, encoder=StandInEncoder()).set_strictness(
        "plate", StrictnessSettings(max_false_reject=0.1, min_confidence=0.99)
    )
    verdict = inspector.inspect(part)
    assert verdict.threshold_from == "product"
    assert verdict.label == "review"
    assert not verdict.product_given
    strict = inspector.inspect(part, context=Context(min_confidence=0.5))
    assert strict.strictness.min_confidence_from == "call"
    assert strict.label == "normal"


def test_a_run_without_the_knowledge_does_not_ask_the_card(tmp_path, good_parts, card):
    inspector = Inspector.open(tmp_path / "memory")
    inspector.register("plate", good_parts, knowledge=card)
    part = synthetic_part(70)
    assert inspector.inspect(part).threshold_from == "card"
    assert inspector.inspect(part, context=Context(experts=("reference",))).threshold_from == "default"


@pytest.mark.parametrize(
    ("variable", "near"),
    [
        ("ECHO_MAX_FALSE_REJECTS", "ECHO_MAX_FALSE_REJECT"),
        ("ECHO_MEMROY", "ECHO_MEMORY"),
        ("ECHO_X", "ECHO_"),
    ],
)
def test_a_variable_that_nothing_reads_is_an_error_at_start(echo, monkeypatch, folder, variable, near):
    environment(monkeypatch, **{variable.removeprefix("ECHO_").lower(): "0.1"})
    code, _, err = echo("--memory", folder, "products")
    assert (code, err.count("\n")) == (1, 1)
    assert f"{variable} is set, but Echo reads no such variable: did you mean {near}" in err


def test_an_unread_variable_in_the_file_of_variables_is_told_too(echo, monkeypatch, tmp_path, folder):
    (tmp_path / ".env").write_text("ECHO_MIN_CONFIDENZ=0.6\nPATH_OF_ANOTHER=1\n")
    monkeypatch.chdir(tmp_path)
    process_settings.cache_clear()
    code, _, err = echo("--memory", folder, "products")
    assert code == 1
    assert "ECHO_MIN_CONFIDENZ is set" in err
    assert "ECHO_MIN_CONFIDENCE" in err


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("environment", "max_false_reject 10 % (default), now 20 % (the environment)"),
        ("product", "max_false_reject 10 % (default), now 20 % (the product's setting)"),
        ("card", "card none, now "),
        ("feedback", "version 1, now 2"),
        ("nothing", ""),
    ],
)
@pytest.mark.parametrize("way", ["run", "thread"])
def test_what_goes_on_tells_what_it_is_judged_by_that_changed(
    echo, monkeypatch, tmp_path, folder, card, good_parts, way, change, told
):
    files = [tmp_path / f"part-{seed}.png" for seed in (90, 91)]
    for seed, file in enumerate(files, start=90):
        synthetic_part(seed).save(file)
    at, run = ("--memory", folder), tmp_path / "run"
    memory = Inspector.open(folder).memory
    graph = build_graph(InMemorySaver(), memory=memory)
    thread, asking = (
        {"configurable": {"thread_id": "1"}},
        Context(min_confidence=1, max_attempts=1, human_review=True),
    )
    if way == "run":
        assert echo("inspect", files[0], "--product", "plate", "--out", run, *at)[0] == 0
    else:
        given = {"image": memory.store_image(files[0]), "product": "plate"}
        assert graph.invoke(given, thread, context=asking)["__interrupt__"]
    if change == "environment":
        environment(monkeypatch, max_false_reject="0.2")
    elif change == "product":
        assert echo("threshold", "plate", "--set", "max_false_reject=0.2", *at)[0] == 0
    elif change == "card":
        assert echo("register", "plate", good_parts, "--knowledge", card, *at)[0] == 0
    elif change == "feedback":
        said = ("--label", "normal", "--product", "plate", "--learn")
        assert echo("feedback", files[1], *said, *at)[0] == 0
    if way == "run":
        code, _, err = echo("inspect", *files, "--product", "plate", "--out", run, *at)
        assert code == 0
        assert ("plate is judged by other standards since 2" in err) == bool(told)
        assert echo("report", run)[0] == 0
        assert told.replace("'", "&#39;") in (run / "report.html").read_text()
    else:
        verdict = graph.invoke(Command(resume={"action": "accept"}), thread, context=asking)["verdict"]
        reasons = [reason.text for reason in verdict.reasons if reason.kind == "other standards"]
        assert len(reasons) == bool(told)
        err = "".join(reasons)
    assert told in err
