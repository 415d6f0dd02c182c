from echo_agent.report.words import described, promise, tally
from echo_agent.state import Answer, Attempt, EscapeGuarantee, Guarantee
from echo_agent.state.notation import headline
from tests.verdicts import a_reference, a_region, a_verdict


def test_a_defective_part_is_told_with_place_size_reason_and_author():
    text = described(a_verdict(references=(a_reference("/m/good-3.png"),)), "part.png")
    first, *rest = text.splitlines()
    assert first == "part.png [plate]: defective, 93 % sure, uncalibrated"
    body = "\n".join(rest)
    for words in (
        "above the threshold 1.40",
        "R1 at the top centre: 44 px long, 240 px2 (200 to 280) in area, peak 3.2 x the most in good parts",
        "3.10",
        "p = 0.048",
        "reference good-3",
        "measured",
    ):
        assert words in body


def test_review_claims_no_confidence_in_a_label():
    assert headline(a_verdict("review")) == "review: a person should look"


def test_an_uncalibrated_product_is_told_without_a_threshold():
    verdict = a_verdict(
        "review",
        threshold=None,
        p_value=None,
        guarantee=Guarantee(normals=1, expected_false_reject=None, bound_95=None, normals_missing=8),
    )
    text = described(verdict, "part.png")
    assert "no threshold yet" in text
    assert "none yet from 1 normal; 8 more would reach the wanted rate" in text


def test_what_confirmed_defects_promise_is_told():
    promised = EscapeGuarantee(defects=9, expected_escape=0.1, bound_95=0.28, defects_missing=0)
    text = described(a_verdict(escape_guarantee=promised), "part.png")
    assert (
        "9 confirmed defects: 10 % of defects like them are expected to be called normal, at most 28 %"
        in text
    )


def test_a_part_of_no_known_product_is_told_without_numbers():
    text = described(
        a_verdict(
            "review",
            product=None,
            score=None,
            threshold=None,
            p_value=None,
            guarantee=None,
            reasons=("unknown product",),
        ),
        "part.png",
    )
    assert text.startswith("part.png: review")
    assert "unknown product" in text
    assert "None" not in text


def test_a_retry_shows_what_changed():
    attempts = (
        Attempt(number=1, label="review", confidence=0.5, changed="first look"),
        Attempt(number=2, label="normal", confidence=0.8, changed="finer map"),
    )
    text = described(a_verdict("normal", attempts=attempts), "part.png")
    assert "attempt 2: normal, 80 % sure, uncalibrated (finer map)" in text


def test_the_answer_to_a_question_is_told():
    assert "a scratch" in described(a_verdict(answer=Answer(text="a scratch")), "part.png")


def test_the_guarantee_names_both_rates():
    words = promise(Guarantee(normals=20, expected_false_reject=1 / 21, bound_95=0.139, normals_missing=9))
    assert "20 normals" in words
    assert "5 %" in words
    assert "14 %" in words
    assert "9 more" in words


def test_the_tally_counts_labels_and_what_could_not_be_inspected():
    assert tally(["normal", "review", "normal"], bad=1) == (
        "3 inspected: 2 normal, 0 defective, 1 review; 1 could not be inspected"
    )


def test_several_regions_are_told_in_their_order():
    text = described(a_verdict(regions=(a_region(), a_region(id="R2", place="bottom left"))), "part.png")
    assert text.index("R1 at the top centre") < text.index("R2 at the bottom left")
