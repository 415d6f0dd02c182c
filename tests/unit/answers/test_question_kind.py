import json

import pytest

from echo_agent.answers.question_kind import kind_of_question

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


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in FREE.items() for text in texts])
def test_free_questions_are_told_by_their_words(kind, text):
    assert kind_of_question(text).kind == kind


def test_the_wordings_of_mmad_are_told(test_data):
    images = json.loads((test_data / "mmad.json").read_text(encoding="utf-8"))
    asked = {(turn["Question"], turn["type"]) for image in images.values() for turn in image["conversation"]}
    assert len(asked) > 10
    wrong = [
        (text, kind_of_question(text))
        for text, kind in asked
        if kind_of_question(text).kind != MMAD_KINDS[kind]
    ]
    assert not wrong


def test_the_choice_says_why():
    assert kind_of_question("Where is the scratch?").why == "it asks where a defect is"
