import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo_agent.names import canonical_name, file_name, printable, spelled


@given(st.text(max_size=20))
def test_a_name_is_spelled_alike_whether_its_letters_are_composed_or_not(name):
    composed, apart = (unicodedata.normalize(form, name) for form in ("NFC", "NFD"))
    assert spelled(composed) == spelled(apart) == spelled(spelled(apart))
    assert canonical_name(composed) == canonical_name(apart)


@pytest.mark.parametrize("name", [" cap", "cap ", "\tcap\n"])
def test_blanks_around_a_name_are_no_part_of_it(name):
    assert spelled(name) == "cap"


def test_names_are_compared_whatever_their_case_and_joints():
    assert {canonical_name(name) for name in ("Metal Nut", "metal-nut", " metal_nut ")} == {"metal_nut"}


@given(st.text(st.characters(exclude_categories=())))
def test_what_is_printed_steers_no_terminal_and_json_stays_itself(text):
    written = printable(json.dumps(text, ensure_ascii=False))
    assert json.loads(written) == text
    assert not {"Cc", "Cs"} & {unicodedata.category(one) for one in written}
    assert (printable("a\nb"), printable("a\nb", keep="")) == ("a\nb", "a\\u000ab")


@given(st.text(max_size=80))
def test_a_file_can_be_called_after_any_product(name):
    called = f"{file_name(name)}.echo"
    assert not set('/\\:*?"<>|\0') & set(called)
    assert called[0] not in ".-"
    assert len(called.encode("utf-8", "surrogatepass")) < 255


def test_files_of_products_whose_names_differ_in_other_letters_differ():
    names = ["Figur Ä", "Figur Ö", "螺丝", "垫圈"]
    assert [file_name(name) for name in names] == names
    assert (file_name("a/b"), file_name("plate"), file_name("..")) == ("a-b", "plate", "product")
