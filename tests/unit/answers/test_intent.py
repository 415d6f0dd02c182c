import pytest

from echo_agent.answers.intent import intent_of, limit_in


@pytest.mark.parametrize(
    ("text", "asked"),
    [
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
        ("Tell me a joke", "unknown"),
    ],
)
def test_questions_are_told_by_their_words(text, asked):
    assert intent_of(text) == asked


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("3 mm", "3 mm"),
        ("if 0,5 mm² were allowed", "0.5 mm2"),
        ("40 pixels", "40 px"),
        ("200 square pixels", "200 px2"),
        ("2 percent", "2 %"),
        ("12 px2", "12 px2"),
        (".5 %", "0.5 %"),
        ("-3 px", "-3 px"),
        ("3mm", "3 mm"),
        ("2-3 mm", None),
        ("1e3 px", None),
        ("1,000 px", None),
        ("1.234.567 px", None),
        ("0,125 mm", "0.125 mm"),
        ("3 metres", None),
        ("part 3", None),
    ],
)
def test_limits_are_read_with_their_unit(text, limit):
    assert limit_in(text) == limit
