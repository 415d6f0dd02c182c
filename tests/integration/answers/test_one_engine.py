"""The graph, the conversation and the benchmark give one answer to a question about a part."""

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from echo_agent.chat.session import Conversation
from echo_agent.evaluation.mmad_dataset import MmadImage, MmadQuestion
from echo_agent.evaluation.mmad_run import to_answer
from echo_agent.inspector import Inspector
from echo_agent.state import Answer, Question, State
from tests.conftest import synthetic_part
from tests.photographs import stained
from tests.scripted_mllm import fake_decider
from tests.stand_in_encoder import use_stand_in_encoder

LABELS = ("normal", "defective", "review")
NEITHER = {"normal": None, "defective": None}


def yes_is(label):
    """The letters to a question whose A says that the part is ``label``, and whose B says that it is not."""
    return {"normal": "A", "defective": "B"} if label == "normal" else {"normal": "B", "defective": "A"}


JUDGED = {
    "Anything wrong with this one? A) Yes B) No": yes_is("defective"),
    "Good to go? A) Yes B) No": yes_is("normal"),
    "Is it alright? A) yes B) no": yes_is("normal"),
    "Does this look OK to you? A) Yes B) No": yes_is("normal"),
    "Would you let this through? A) Sure B) No way": yes_is("normal"),
    "So, is the plate damaged? A) It is B) It isn't": yes_is("defective"),
    "Is there a fault anywhere? A) No B) Yes": yes_is("normal"),
    "Free from flaws? A) No B) Yes": yes_is("defective"),
    "Is it without blemish? A) yes B) no": yes_is("normal"),
    "Can this be shipped? A) No, it has a fault B) Yes, nothing wrong with it": yes_is("defective"),
    "Would you ship it? A) Yes, it is fine B) No, it is damaged": yes_is("normal"),
    "Do we have to scrap it? A) Yes B) No": yes_is("defective"),
    "Should I throw it away? A) Yes, it's faulty B) No, it's perfectly fine": yes_is("defective"),
    "Keep it or toss it? A) keep it B) toss it": yes_is("normal"),
    "Your verdict? A) intact B) broken": yes_is("normal"),
    "What's the state of this piece? A) undamaged B) damaged": yes_is("normal"),
    "Do you notice any irregularities? A) I do B) I don't": yes_is("defective"),
    "Is everything in order? A) yes B) no": yes_is("normal"),
    "Is the thing defective or not? A) defective B) not defective": yes_is("defective"),
    "Has it got any defect? A) Yes B) No": yes_is("defective"),
    "Is it unblemished? A) No B) Yes": yes_is("defective"),
    "This one's fine, right? A) Yes B) No": yes_is("normal"),
    "Does it pass? A) pass B) fail": yes_is("normal"),
    "Is the surface fine? A) it is B) it is not": yes_is("normal"),
}
PLACED = {
    "Where's the damage? A) lower right B) upper middle": "B",
    "On which half is it? A) bottom half B) top half": "B",
    "Whereabouts is the problem? A) at the left edge B) at the top, towards the middle": "B",
    "Where is it? A) bottom left B) bottom right C) top": "C",
    "Where is it? A) top B) bottom C) nowhere, it is intact": "A",
    "Which side is damaged? A) the lower one B) the upper one": "B",
}
GUESSED = (
    "What kind of flaw would you call this? A) a long scratch B) a round dent",
    "How does the flaw look? A) like a long thin line B) like a broad patch",
    "Is it scratched? A) Yes B) No",
    "Is it a nick or a scuff? A) a nick, round B) a scuff, long and thin",
)
NOT_FOR_SURE = (
    "Isn't this one broken? A) Yes B) No",
    "It's not damaged, is it? A) Yes B) No",
    "Is it not fine? A) Yes B) No",
    "Is it not free of defects? A) Yes B) No",
    "Is it not undamaged? A) Yes B) No",
    "Is it anything but fine? A) Yes B) No",
    "Which of these is not true? A) The plate is fine B) The plate is damaged",
    "Is it damaged? A) Yes, it is fine B) No, it is damaged",
    "Where is it not damaged? A) top B) bottom",
    "What would it lead to? A) leaking B) rusting",
    "Was the previous part ok? A) Yes B) No",
    "Is my camera all right? A) Yes B) No",
    "Who made it? A) Anna B) Ben",
    "How long is it? A) 2 px B) 3 px",
)
FOREIGN = {
    "Ist das Teil in Ordnung? A) Ja B) Nein": "Deutsch",
    "Wo sitzt der Fehler? A) oben B) unten": "Deutsch",
    "Irgendwas kaputt? A) ja B) nein": "Deutsch",
    "这个零件有问题吗？ A) 有 B) 没有": "中文",
    "缺陷在哪里？ A) 左上 B) 右下": "中文",
    "La pièce est-elle bonne ? A) Oui B) Non": "English",
    "¿Es normal la pieza? A) Sí B) No": "English",
}
FREE = (
    "Anything wrong with this one?", "Where exactly?", "Which side is it on?", "What sort of flaw is it?",
    "What does the damage look like?", "What could it lead to?", "Why?", "How sure are you?", "Is it ok to ship it?",
    "Wie sieht der Fehler aus?", "哪里有缺陷？", "What's the capital of France?",
)  # fmt: skip


@pytest.fixture(scope="module")
def inspector(tmp_path_factory):
    """An inspector that knows plates well, and trays from too few photographs to decide."""
    with pytest.MonkeyPatch.context() as patch:
        use_stand_in_encoder(patch)
        opened = Inspector.open(tmp_path_factory.mktemp("answers") / "memory")
        opened.register("plate", [synthetic_part(seed) for seed in range(10)])
        opened.register("tray", [synthetic_part(seed) for seed in range(3)])
        yield opened


class Part:
    """A part of each label, asked by every way in."""

    def __init__(self, inspector, label):
        self.inspector = inspector
        self.product = "tray" if label == "review" else "plate"
        picture = synthetic_part(50) if label == "normal" else stained(synthetic_part(51))
        self.image = inspector.memory.store_image(picture)
        self.verdict = inspector.inspect(self.image, product=self.product)
        assert self.verdict.label == label
        self.talk = Conversation(inspector.memory, InMemorySaver(), thread=label, product=self.product)
        self.talk.say("", self.image)

    def answers(self, text) -> Answer:
        """The answer of the graph, after it was found equal to those of conversation and benchmark."""
        verdict = self.inspector.inspect(self.image, product=self.product, question=text)
        given = verdict.answer
        self.talk.say(text)
        assert Answer.model_validate(self.talk.state().messages[-1].additional_kwargs["answer"]) == given
        question = MmadQuestion(
            number=0, question=Question(text=text), answer="A", subtask="Anomaly Detection"
        )
        image = MmadImage(path="Mini/plate/x.png", similar=(), random=(), questions=(question,))
        counted = to_answer(image, question, verdict, seconds=0.0)
        assert (counted.letter, counted.text, counted.confidence) == (
            given.letter,
            given.text,
            given.confidence,
        )
        return given

    def likelier(self):
        """The side that the evidence is on."""
        return "defective" if self.verdict.attempts[-1].probabilities["defective"] >= 0.5 else "normal"


@pytest.fixture(scope="module")
def parts(inspector):
    return {label: Part(inspector, label) for label in LABELS}


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize("text", JUDGED)
def test_whether_there_is_a_defect_is_told_alike_and_as_the_evidence_says(parts, label, text):
    answer = parts[label].answers(text)
    assert answer.letter == JUDGED[text][parts[label].likelier()]
    assert not answer.guess
    assert ("a person should look" in answer.text) == (label == "review")


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize("text", PLACED)
def test_where_it_is_is_told_alike_and_on_a_normal_part_not_at_all(parts, label, text):
    answer = parts[label].answers(text)
    nowhere = "C" if "nowhere" in text else None
    assert answer.letter == (nowhere if label == "normal" else PLACED[text])


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize("text", GUESSED)
def test_what_cannot_be_measured_is_a_guess_that_says_so_alike(parts, label, text):
    answer = parts[label].answers(text)
    if label != "normal":
        assert answer.guess
        assert "which is a guess" in answer.text
    else:
        assert answer.letter == ("B" if "A) Yes" in text else None)


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize("text", NOT_FOR_SURE)
def test_what_is_not_surely_understood_is_declined_alike(parts, label, text):
    answer = parts[label].answers(text)
    assert answer.declined
    assert answer.letter is None


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize("text", FOREIGN)
def test_other_languages_are_declined_alike_in_german_and_chinese_in_their_own(parts, label, text):
    answer = parts[label].answers(text)
    assert answer.declined
    assert answer.letter is None
    assert FOREIGN[text] in answer.text


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize("text", FREE)
def test_questions_without_options_are_answered_alike(parts, label, text):
    assert parts[label].answers(text).text


def test_the_command_line_answers_as_the_conversation_does(parts, inspector, tmp_path, echo):
    part = parts["defective"]
    file = tmp_path / "part.png"
    stained(synthetic_part(51)).save(file)
    text = "Is it ok? A) yes B) no"
    asked = ["inspect", file, "--product", "plate", "--memory", inspector.memory.folder, "--question", text]
    code, out, _ = echo(*asked)
    assert code == 0
    assert f"  answer: {part.answers(text).text}" in out


def test_the_graph_s_message_says_the_verdict_and_the_answer_once(parts, inspector):
    part = parts["defective"]

    def message(text):
        state = State(image=part.image, product="plate", question=Question(text=text))
        return inspector.graph.invoke(state, context=inspector.context)["messages"][-1].content

    verdict, answer = message("Is it ok? A) yes B) no").split("\n\n")
    assert verdict.startswith("plate: defective, ")
    assert answer == part.answers("Is it ok? A) yes B) no").text
    assert message("Is it ok?") == f"No. {verdict}" == part.answers("Is it ok?").text


@pytest.mark.parametrize("text", FOREIGN)
def test_where_there_is_a_language_model_it_answers_other_languages(inspector, text):
    model = Inspector(inspector.memory, decider=fake_decider(0.97))
    answer = model.inspect(stained(synthetic_part(51)), product="plate", question=text).answer
    assert answer.letter == "A"
    assert not answer.declined
