"""Short forms of the stress tests of files from outside."""

from benchmarks.stress import cards, mmad


def test_cards_with_faults_are_read_or_told():
    assert cards.run(8 * len(cards.WHOLE)) == []


def test_question_files_with_faults_are_read_or_told():
    assert mmad.run(150) == []
