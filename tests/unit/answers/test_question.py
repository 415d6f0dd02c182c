import json

import pytest

from echo_agent.answers.question import classify, split_options
from echo_agent.state import Question

MMAD_KINDS = {
    "Anomaly Detection": "discrimination",
    "Defect Classification": "type",
    "Defect Localization": "place",
    "Defect Description": "look",
    "Defect Analysis": "effect",
    "Object Classification": "object",
    "Object Structure": "object",
    "Object Details": "object",
}

FREE = {
    "discrimination": [
        "Is this part ok?",
        "is it defective",
        "Does the bolt have any scratches?",
        "Can I pass this one?",
        "Good or bad?",
        "Please check this cell.",
        "Is there something wrong with it?",
        "Is a screw missing?",
        "Are there any anomalies in the picture?",
        "Is the crack within tolerance?",
        "Tell me whether the leather is damaged.",
        "Should this be rejected?",
    ],
    "type": [
        "What kind of flaw is it?",
        "Which defect is this?",
        "There is a defect in the object. What is the type of the defect?",
        "What's wrong with this cookie?",
        "Is it a scratch or a dent?",
        "Classify the anomaly.",
        "Name the defect.",
    ],
    "place": [
        "Where is the scratch?",
        "Where exactly?",
        "In which area is the damage located?",
        "There is a defect in the object. Where is the defect?",
        "Which part of the object is defective?",
        "Locate the anomaly.",
        "Where is it?",
    ],
    "look": [
        "What is the appearance of the defect?",
        "Describe the defect.",
        "How long is the crack?",
        "What colour is the stain?",
        "How many scratches can be seen?",
        "What does the damage look like?",
    ],
    "effect": [
        "What is the effect of the defect?",
        "What could have caused the crack?",
        "Why is it defective?",
        "Will the scratch affect the function?",
        "Is the damage dangerous?",
        "What happens if this part is used anyway?",
        "What are the consequences of the contamination?",
    ],
    "object": [
        "What product is this?",
        "What is the object in the image?",
        "How many screws does the plate have?",
        "What is the part made of?",
        "What colour is the label?",
        "What is the shape of the object?",
        "What kind of product is displayed?",
        "What is the function of the object?",
        "Where is the label on the bottle?",
    ],
    "other": ["Hello!", "Thank you.", "Tell me a joke", ""],
}


INTENTS = [
    ("Where is it?", "place"),
    ("how big?", "size"),
    ("Compare it with the reference.", "comparison"),
    ("Is this within tolerance?", "tolerance"),
    ("What if the limit were 3 mm?", "limit"),
    ("And with 0,5 mm² allowed?", "limit"),
    ("What if the limit were 1,000 px?", "tolerance"),
    ("Are you 95 % sure?", "confidence"),
    ("Are you certain?", "confidence"),
    ("Why?", "reasons"),
    ("How sure are you?", "confidence"),
    ("What type of defect is it?", "type"),
    ("What causes this?", "effect"),
    ("Is it ok?", "verdict"),
    ("help", "help"),
    ("hello", "courtesy"),
    ("thank you very much", "courtesy"),
    ("What should I do with it?", "next step"),
    ("Can I ship it?", "next step"),
    ("Are all four screws there?", "pieces"),
    ("How many screws are there?", "pieces"),
    ("How many defects are there?", "count"),
    ("Which product is this?", "product"),
    ("Which part is damaged?", "place"),
    ("What does a good part look like?", "good look"),
    ("What does the damage look like?", "look"),
    ("Is the reference ok?", "unknown"),
    ("Tell me a joke", "unknown"),
]


@pytest.mark.parametrize(("text", "intent"), INTENTS)
def test_what_is_asked_for_within_a_kind_is_told_by_the_words(text, intent):
    assert classify(Question(text=text)).intent == intent


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in FREE.items() for text in texts])
def test_free_questions_are_told_by_their_words(kind, text):
    assert classify(Question(text=text)).kind == kind


def test_the_wordings_of_mmad_are_told(test_data):
    images = json.loads((test_data / "mmad.json").read_text(encoding="utf-8"))
    asked = {(turn["Question"], turn["type"]) for image in images.values() for turn in image["conversation"]}
    assert len(asked) > 10
    wrong = [
        (text, classify(Question(text=text)))
        for text, kind in asked
        if classify(Question(text=text)).kind != MMAD_KINDS[kind]
    ]
    assert not wrong


def test_the_choice_says_why():
    assert classify(Question(text="Where is the scratch?")).why == "it asks where a defect is"


def test_options_are_found_in_a_text_and_count_where_the_text_says_nothing():
    split = split_options(Question(text="Is it ok? A) fine B) damaged"))
    assert split == Question(text="Is it ok?", options={"A": "fine", "B": "damaged"})
    assert classify(Question(text="", options=split.options)).kind == "discrimination"
    assert classify(Question(text="", options={"A": "red", "B": "blue"})).kind == "other"


def test_other_languages_are_not_read():
    asked = classify(Question(text="Ist das Teil normal?"))
    assert (asked.kind, asked.intent, asked.language) == ("other", "unknown", "German")


def test_a_question_that_is_too_long_is_not_read():
    asked = classify(Question(text="left or " * 2000))
    assert (asked.kind, asked.why) == ("other", "it is too long to be understood")
