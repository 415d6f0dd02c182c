"""What comes late: an answer, or a click, after something else was shown."""

from unittest.mock import MagicMock

import pytest

from echo_agent.inspector import Inspector
from echo_agent.memory.answers import human_answer, now
from echo_agent.memory.feedback import remember
from echo_agent.memory.memory import Memory
from echo_agent.ui.controller import Controller
from echo_agent.ui.page import Page
from tests.conftest import synthetic_part
from tests.integration.chat.parts import spotted_part


class Told(Exception):  # noqa: N818 - as Gradio calls what is told on the page
    def __init__(self, told, **_):
        super().__init__(told)


WIDGETS = MagicMock(update=lambda **changes: changes, Error=Told)
"""Stands in for Gradio, which opens an event loop where it is imported."""


@pytest.fixture
def page(tmp_path):
    inspector = Inspector(Memory.open(tmp_path / "memory", create=True))
    inspector.register("plate", [synthetic_part(seed) for seed in range(3)])
    return Page(Controller(inspector), WIDGETS)


def taken(tmp_path, seed):
    file = tmp_path / f"{seed}.png"
    spotted_part(seed).save(file)
    return str(file)


def test_an_answer_about_the_photograph_before_is_not_shown_beside_the_next(page, tmp_path):
    at = len([*page.inspected.outputs, page.empty, page.talk])
    first = page._inspect("new", taken(tmp_path, 5), "plate", 0.8)[at]
    answering = page._ask(first, "Where is it?", "plate", [])
    assert len(next(answering)[1]) == 1
    second = page._inspect(first, taken(tmp_path, 6), "plate", 0.8)[at]
    assert list(answering) == []
    assert not page._controller.talks(first)
    *_, (turns, _, _) = page._ask(second, "Where is it?", "plate", [])
    assert "R1" in turns[-1]["content"]


def test_a_picture_of_the_queue_is_the_part_that_was_seen_also_when_another_is_answered_meanwhile(
    page, tmp_path
):
    controller = page._controller
    for seed in (5, 6):
        controller.inspect("tab", taken(tmp_path, seed), "plate")
    listed, (first, second) = page._queue()[1], controller.waiting()
    memory = controller.inspector.memory
    remember(
        memory, "plate", first.image, "review", human_answer(action="correct", label="normal", when=now())
    )
    assert page._choose(listed, 0.8, 1)[0][0] == second.image
    with pytest.raises(Told, match="no longer waits"):
        page._choose(listed, 0.8, 0)


def test_a_persons_answer_is_of_the_photograph_that_they_saw(page, tmp_path):
    controller, panel = page._controller, page.inspected
    seen, _ = controller.inspect("tab", taken(tmp_path, 5), "plate")
    shown = controller.inspect("tab", taken(tmp_path, 6), "plate")
    with pytest.raises(Told, match="another part is shown"):
        panel.record("normal", shown, seen.sha256, "", "Ada", False)
    assert [said for _, said in controller.records(5) if said is not None] == []
    *_, of = panel.show(*shown, 0.8)
    panel.record("normal", shown, of, "", "Ada", False)
    assert [said.label for _, said in controller.records(5) if said is not None] == ["normal"]
