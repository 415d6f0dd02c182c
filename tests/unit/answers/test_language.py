import pytest

from echo_agent.answers.language import DECLINED, language_of, names_another_language


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("English", "Is it ok?"),
        ("English", "OK?"),
        ("English", "Good to go?"),
        ("English", "Defective?"),
        ("English", "Is the 瓶盖 ok?"),
        ("English", "Is it un-damaged?"),
        ("German", "Ist es ok?"),
        ("German", "Was ist das?"),
        ("German", "Brauchbar?"),
        ("German", "Schweißnaht gerissen?"),
        ("German", "Wo genau sitzt der Kratzer?"),
        ("Chinese", "有缺陷吗？"),
        ("Chinese", "这个零件OK吗"),
        ("other", "これは正常ですか"),
        ("other", "¿Es normal la pieza?"),
        ("other", "La pièce est-elle bonne ?"),
        ("other", "Is het ok?"),
        ("other", "Где дефект?"),
        ("other", "asdf"),
    ],
)
def test_the_language_is_told_by_letters_and_common_words(language, text):
    assert language_of(text) == language


def test_every_other_language_has_words_to_decline_in():
    assert set(DECLINED) == {"German", "Chinese", "other"}


@pytest.mark.parametrize("text", ["nicht ok", "Ja", "没有", "está dañado"])
def test_an_option_in_another_language_is_noticed(text):
    assert names_another_language(text)
    assert not names_another_language("No, it is un-damaged and spotless (NOK)")
