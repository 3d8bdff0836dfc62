"""Texts as they are spoken: numbers and abbreviations written out, plain letters."""

from __future__ import annotations

import re
import unicodedata

_ONES = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen"),
    "nineteen",
)
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_POWERS = ((10**9, "billion"), (10**6, "million"), (1000, "thousand"), (100, "hundred"))
_ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}
_ABBREVIATIONS = {
    "mr": "mister",
    "mrs": "missis",
    "dr": "doctor",
    "st": "saint",
    "co": "company",
    "jr": "junior",
    "no": "number",
    "rev": "reverend",
    "hon": "honorable",
    "gen": "general",
    "col": "colonel",
    "capt": "captain",
    "lt": "lieutenant",
    "sgt": "sergeant",
    "esq": "esquire",
}

# Two-digit groups, as years are read; 1900 and 2000 are read in other ways.
_YEAR = re.compile(r"\b(1[1-9])(\d\d)\b(?![,.]\d)")
_NUMBER = re.compile(r"(?P<pounds>£)?(?P<digits>\d[\d,]*)(?:\.(?P<decimals>\d+))?")
_ORDINAL = re.compile(r"\b(\d+)(?:st|nd|rd|th)\b", re.IGNORECASE)
# "no." counts something where a number follows; elsewhere it ends a sentence.
_SHORT = re.compile(r"\b(no(?=\.\s*\d)|(?!no\b)(?:" + "|".join(_ABBREVIATIONS) + r"))\.", re.I)


def cardinal(number: int) -> str:
    """A number in words.

    Args:
        number: from 0 to below 10^12.
    """
    if number < 20:
        return _ONES[number]
    if number < 100:
        tens = _TENS[number // 10 - 2]
        return f"{tens}-{_ONES[number % 10]}" if number % 10 else tens
    for power, name in _POWERS:
        if number >= power:
            rest = number % power
            head = f"{cardinal(number // power)} {name}"
            joint = " and " if power == 100 else " "
            return f"{head}{joint}{cardinal(rest)}" if rest else head
    raise AssertionError


def ordinal(number: int) -> str:
    """What counts in words, e.g. ``twenty-first``."""
    head, joint, last = re.match(r"(.*?)([ -]?)(\w+)$", cardinal(number)).groups()  # type: ignore[union-attr]
    if last in _ORDINALS:
        return f"{head}{joint}{_ORDINALS[last]}"
    return f"{head}{joint}{last[:-1]}ieth" if last.endswith("y") else f"{head}{joint}{last}th"


def _year(found: re.Match[str]) -> str:
    century, rest = int(found[1]), int(found[2])
    if rest == 0:
        return f"{cardinal(century)} hundred"
    return f"{cardinal(century)} {'oh ' if rest < 10 else ''}{cardinal(rest)}"


def _number(found: re.Match[str]) -> str:
    digits = found["digits"].replace(",", "")
    trailing = "," if found["digits"].endswith(",") and not found["decimals"] else ""
    # Nobody reads a longer number as a number.
    words = " ".join(map(cardinal, map(int, digits))) if len(digits) > 12 else cardinal(int(digits))
    if found["decimals"]:
        words += " point " + " ".join(cardinal(int(digit)) for digit in found["decimals"])
    return words + (" pounds" if found["pounds"] else "") + trailing


def spoken(text: str) -> str:
    """A text with numbers and common abbreviations written out, in plain letters.

    Args:
        text: as printed.

    Returns:
        In lower case, of the letters a to z, digits excluded, with punctuation.
    """
    text = _SHORT.sub(lambda found: _ABBREVIATIONS[found[1].lower()], text)
    text = _ORDINAL.sub(lambda found: ordinal(int(found[1])), text)
    text = _NUMBER.sub(_number, _YEAR.sub(_year, text)).replace("&", " and ")
    plain = text.translate({0x2018: "'", 0x2019: "'", 0x201C: '"', 0x201D: '"', 0x2014: "-"})
    # A letter with an accent is taken apart, and the accent is left out.
    ascii_text = unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode()
    return " ".join(ascii_text.lower().split())


def words(text: str) -> list[str]:
    """The words of a text without punctuation, in lower case; hyphens part words."""
    return [word for word in re.findall(r"[a-z']+", spoken(text)) if word.strip("'")]
