import pytest

from harness.live.speech.phonemes import NO_WORD, SYMBOLS, bare_phones, pronounce
from harness.live.speech.text import cardinal, ordinal, spoken, words


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "zero"),
        (13, "thirteen"),
        (20, "twenty"),
        (42, "forty-two"),
        (100, "one hundred"),
        (305, "three hundred and five"),
        (13_100, "thirteen thousand one hundred"),
        (2_000_001, "two million one"),
        (999_999_999_999, None),
    ],
)
def test_numbers_in_words(number, text):
    assert text in (None, cardinal(number))
    assert not any(letter.isdigit() for letter in cardinal(number))


@pytest.mark.parametrize(
    ("number", "text"),
    [(1, "first"), (12, "twelfth"), (20, "twentieth"), (32, "thirty-second"), (100, None)],
)
def test_ordinals(number, text):
    assert ordinal(number) == (text or "one hundredth")


@pytest.mark.parametrize(
    ("printed", "said"),
    [
        ("In 1485, Mr. Caslon", "in fourteen eighty-five, mister caslon"),
        ("in 1905 or 1900", "in nineteen oh five or nineteen hundred"),
        ("£2,300 for No. 5", "two thousand three hundred pounds for number five"),
        ("He said no. Then", "he said no. then"),
        ("the 21st of May, 3.14", "the twenty-first of may, three point one four"),
        ("D\u00fcrer\u2019s \u201cbook\u201d", 'durer\'s "book"'),
        ("1, 2,", "one, two,"),
    ],
)
def test_what_is_printed_is_spoken(printed, said):
    assert spoken(printed) == said


def test_words_have_no_punctuation():
    assert words('The "type-founder\'s" art.') == ["the", "type", "founder's", "art"]


def test_known_words_have_phonemes_and_others_letters():
    found = pronounce("Printing, zzyx.")
    assert found.symbols == (*("P", "R", "IH1", "N", "T", "IH0", "NG", ","), *"zzyx", ".", "$")
    assert found.owners == (0,) * 7 + (NO_WORD,) + (1,) * 4 + (NO_WORD, NO_WORD)
    assert found.words == ("printing", "zzyx")


def test_words_are_parted_and_marks_do_not_pile_up():
    assert pronounce("a, ... -- a").symbols == ("AH0", ",", "AH0", "$")
    assert pronounce("a a").symbols == ("AH0", " ", "AH0", "$")
    assert pronounce("?!").symbols == ("$",)


def test_symbols_are_different_and_padding_is_none_of_them():
    assert len(set(SYMBOLS)) == len(SYMBOLS)
    assert SYMBOLS[0] == ""
    assert 0 not in pronounce("the quick brown fox").tokens


def test_bare_phones_have_no_stress():
    assert bare_phones(["printing"]) == ["P", "R", "IH", "N", "T", "IH", "NG"]
