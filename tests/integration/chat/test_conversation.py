import pytest
from langchain_core.messages import HumanMessage

from echo_agent.context import Context
from tests.integration.chat.parts import spotted_part


def said(state):
    return state["messages"][-1].text


def image_forms(data, mime="image/png"):
    url = f"data:{mime};base64,{data}"
    return {
        "v1": {"type": "image", "base64": data, "mime_type": mime},
        "v0": {"type": "image", "source_type": "base64", "data": data, "mime_type": mime},
        "openai": {"type": "image_url", "image_url": {"url": url}},
        "openai-bare": {"type": "image_url", "image_url": url},
        "responses": {"type": "input_image", "image_url": url},
        "anthropic": {"type": "image", "source": {"type": "base64", "media_type": mime, "data": data}},
        "agent-chat-ui": {"type": "image", "mimeType": mime, "data": data, "metadata": {"name": "part.png"}},
        "url-block": {"type": "image", "url": url},
    }


@pytest.mark.parametrize("form", list(image_forms("")))
def test_every_form_of_an_image_is_inspected_and_leaves_no_pixels(talk, photograph, form):
    data = photograph(99, defect=True)
    state = talk([{"type": "text", "text": "Where is the defect?"}, image_forms(data)[form]])
    assert state["verdict"].label == "defective"
    assert "R1 lies at the top" in said(state)
    assert data[:200] not in state.__repr__()


def test_a_data_url_in_the_text_is_the_image(talk, photograph):
    state = talk(f"Is it ok? data:image/png;base64,{photograph(99, defect=True)}")
    assert state["verdict"].label == "defective"
    assert state["messages"][-2].text == "Is it ok?"


def test_questions_go_on_about_the_last_inspection(talk, photograph):
    talk([image_forms(photograph(99, defect=True))["v1"]])
    assert "[R1]" in said(talk("Where is it?"))
    assert "long and" in said(talk("How big is it?"))
    assert "In mm I cannot tell" in said(talk("how large is the damage?"))
    assert "nearest reference is N1" in said(talk("Compare it with the reference."))
    assert "there is no card" in said(talk("Is this within tolerance?"))
    assert "no card that gives the scale" in said(talk("What if the limit were 3 mm?"))
    assert "R1 would exceed it" in said(talk("What if the limit were 2 px?"))
    assert "R1 would be within it" in said(talk("And if 90 % were allowed?"))
    assert "the limit is" in said(talk("Why?"))
    assert "not fitted on labelled parts" in said(talk("How sure are you?"))
    assert "I cannot answer" in said(talk("What is the capital of France?"))


def test_a_choice_gets_letter_text_and_confidence(talk, photograph):
    talk([image_forms(photograph(99, defect=True))["v1"]])
    state = talk("Is there any defect in the object? A) Yes. B) No.")
    answer = state["messages"][-1].additional_kwargs["answer"]
    assert answer["letter"] == "A"
    assert answer["confidence"] > 0.5
    assert said(state).startswith("A) Yes")
    assert (
        talk("Is the part good?\nA. No\nB. Yes")["messages"][-1].additional_kwargs["answer"]["letter"] == "A"
    )
    where = talk("Where is it? A: bottom left B: top C: bottom right")
    assert where["messages"][-1].additional_kwargs["answer"]["letter"] == "B"
    declined = talk("What colour is it? A) Red B) Blue")["messages"][-1].additional_kwargs["answer"]
    assert declined["declined"]
    assert declined["letter"] is None


def test_a_new_photograph_starts_afresh(talk, photograph):
    first = talk([image_forms(photograph(99, defect=True))["v1"]])
    second = talk([image_forms(photograph(3))["agent-chat-ui"]])
    assert first["verdict"].label == "defective"
    assert second["verdict"].label == "normal"
    assert second["verdict"].regions == ()
    assert "No area" in said(talk("Where is it?"))


@pytest.mark.parametrize(
    "refused",
    [
        [{"type": "image", "base64": "bm90IGFuIGltYWdl", "mime_type": "image/png"}],
        [{"type": "file", "base64": "JVBERg==", "mime_type": "application/pdf"}],
        "/etc/part.png",
    ],
    ids=["unreadable", "no image", "outside"],
)
def test_after_a_refused_photograph_nothing_is_said_of_the_part_before(talk, photograph, refused):
    talk([image_forms(photograph(99, defect=True))["v1"]], thread="refused")
    talk(refused, thread="refused")
    state = talk("Is it ok?", thread="refused")
    assert state["verdict"] is None
    assert "no photograph to talk about" in said(state)


@pytest.mark.parametrize("stored", [False, True])
def test_a_photograph_before_the_last_message_is_not_overlooked(talk, photograph, plate_inspector, stored):
    """Several messages at once, on a thread about a good part: the question is not answered of that one."""
    talk([image_forms(photograph(3))["v1"]], thread=f"several {stored}")
    kept = plate_inspector.memory.store_image(spotted_part()).sha256
    block = (
        {"type": "image", "url": f"echo-image:{kept}"}
        if stored
        else image_forms(photograph(99, defect=True))["v1"]
    )
    asked = [{"role": "user", "content": [block]}, {"role": "user", "content": "Is it ok?"}]
    config = {"configurable": {"thread_id": f"several {stored}"}}
    context = Context(memory=str(plate_inspector.memory.folder))
    state = talk.graph.invoke({"messages": asked, "product": "plate"}, config, context=context)
    assert "came in another message than the last one" in said(state)
    assert state["verdict"] is None
    assert photograph(99, defect=True)[:200] not in repr(state)
    assert said(talk([block], thread=f"several {stored}")).startswith("plate: defective")


@pytest.mark.parametrize(
    "broken", [{"type": "image"}, {"type": "image_url", "image_url": {"url": "data:image/png,x"}}]
)
def test_a_photograph_that_cannot_be_read_is_not_overlooked_before_another_message(
    talk, photograph, plate_inspector, broken
):
    thread = f"before {broken}"
    talk([image_forms(photograph(99, defect=True))["v1"]], thread=thread)
    state = talk.graph.invoke(
        {"messages": [HumanMessage([broken]), HumanMessage("Is it ok?")], "product": "plate"},
        {"configurable": {"thread_id": thread}},
        context=Context(memory=str(plate_inspector.memory.folder)),
    )
    assert "came in another message than the last one" in said(state)
    assert state["verdict"] is None


def test_a_photograph_put_in_the_place_of_an_earlier_one_is_not_answered_by_that_one(
    talk, photograph, plate_inspector
):
    config, context = (
        {"configurable": {"thread_id": "put"}},
        Context(memory=str(plate_inspector.memory.folder)),
    )
    for seed, defect in ((3, False), (99, True)):
        message = HumanMessage(content=[image_forms(photograph(seed, defect=defect))["v1"]], id="same")
        state = talk.graph.invoke({"messages": [message], "product": "plate"}, config, context=context)
    assert "came in another message than the last one" in said(state)
    assert "no photograph to talk about" in said(talk("Is it ok?", thread="put"))


def test_a_refused_data_url_in_a_text_is_refused_once(talk, photograph):
    talk("Is it ok? data:image/png;base64,iVBORw0KGgoAAAANSUhEUg==", thread="broken")
    assert "no photograph to talk about" in said(talk("Is it ok?", thread="broken"))
    assert said(talk([image_forms(photograph(3))["v1"]], thread="broken")).startswith("plate: normal")


def test_a_text_that_is_too_long_leaves_the_part_in_talk(talk, photograph):
    talk([image_forms(photograph(99, defect=True))["v1"]], thread="long")
    talk("why " * 3000, thread="long")
    assert "R1 lies at the top" in said(talk("Where is it?", thread="long"))


def test_a_question_that_comes_with_a_photograph_is_answered_in_the_verdict_too(talk, photograph):
    content = [{"type": "text", "text": "How big?"}, image_forms(photograph(99, defect=True))["v1"]]
    state = talk(content, thread="asked")
    assert "long and" in said(state)
    assert state["verdict"].answer.text == said(state)


def test_a_photograph_whose_inspection_was_cut_off_is_inspected_with_the_next_question(talk, plate_inspector):
    thread = {"configurable": {"thread_id": "cut off"}}
    image = plate_inspector.memory.store_image(spotted_part())
    talk.graph.update_state(thread, {"image": image, "product": "plate"}, as_node="answer")
    state = talk("Where is it?", thread="cut off")
    assert state["verdict"].label == "defective"
    assert "R1 lies at the top" in said(state)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("Where is it?", "no photograph to talk about"),
        ("", "message is empty"),
        ([{"type": "image", "base64": "bm90IGFuIGltYWdl", "mime_type": "image/png"}], "not an image"),
        ([{"type": "image", "base64": "***", "mime_type": "image/png"}], "not base64"),
        ([{"type": "image", "base64": "A" * 140_000_000, "mime_type": "image/png"}], "105 MB"),
        ([{"type": "image", "url": "file:///etc/passwd"}], "is not read"),
        ("/etc/shadow.png", "outside the folders"),
        ("look at file:///etc/secret.png", "is not read"),
        ([{"type": "image_url", "image_url": {"url": "http://169.254.169.254/latest/a.png"}}], "not fetched"),
        ([{"type": "image", "url": "echo-image:../../catalog"}], "no image is kept"),
        ([{"type": "image"}], "without an image"),
        ([{"type": "audio", "base64": "AAAA", "mime_type": "audio/wav"}], "cannot be read"),
        ([{"type": "file", "data": "AAAA", "mime_type": "application/pdf"}], "is no image"),
        ("why? " * 4000, "fewer words"),
    ],
)  # fmt: skip
def test_a_bad_message_gets_words_and_the_thread_goes_on(talk, photograph, content, words):
    state = talk(content)
    assert words in said(state).casefold() or words in said(state)
    assert "Traceback" not in said(state)
    assert len(str(state["messages"][-2].content)) < 1000
    assert talk([image_forms(photograph(3))["v1"]])["verdict"].label == "normal"


def test_an_unknown_product_is_told_in_words(talk, photograph):
    assert "unknown product" in said(talk([image_forms(photograph(3))["v1"]], product="nut")).casefold()


def test_internal_hosts_are_refused_even_where_addresses_are_allowed(talk, monkeypatch):
    monkeypatch.setenv("ECHO_IMAGE_URLS", "true")
    for host in ("127.0.0.1", "localhost", "10.0.0.1", "[::1]", "169.254.169.254"):
        assert "no public host" in said(talk([{"type": "image", "url": f"http://{host}/a.png"}]))


def test_a_path_within_an_allowed_folder_is_read(talk, tmp_path, monkeypatch):
    monkeypatch.setenv("ECHO_IMAGE_FOLDERS", str(tmp_path / "line"))
    (tmp_path / "line").mkdir()
    spotted_part().save(tmp_path / "line" / "part.png")
    spotted_part().save(tmp_path / "other.png")
    assert talk(f"{tmp_path}/line/part.png where is it?")["verdict"].label == "defective"
    assert "outside the folders" in said(talk(f"{tmp_path}/line/../other.png"))
    (tmp_path / "line" / "link.png").symlink_to(tmp_path / "other.png")
    assert "outside the folders" in said(talk(f"{tmp_path}/line/link.png"))
