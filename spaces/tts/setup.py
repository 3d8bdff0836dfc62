"""The benchmark ``tts/ljspeech``: data, recipes and costs."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from harness import Architecture, HarnessError, cache_home
from harness.live.live_recipe import read_live_recipe
from harness.live.setup import LiveSetup
from harness.live.speech import ljspeech
from harness.live.speech.mel_cache import Mels, mels_of
from harness.live.speech.utterances import Utterances
from spaces.tts.shape import Shape
from spaces.tts.space import TtsSpace

if TYPE_CHECKING:
    from spaces.tts.search_task import SpeechLearning, SpeechTask

RECIPES = Path(__file__).with_name("ljspeech.toml")


class LjSpeechSetup(LiveSetup):
    """SemiNAS on LJSpeech; see `LiveSetup`.

    Clips are shuffled once, the same way for everybody, and cut into test, validation and training
    parts: LJSpeech has no official ones, and those of the authors are not published.
    """

    dataset = "ljspeech"
    metric = "diagonal focus rate"
    direction = "maximize"
    worst = 0.0
    citation = (
        "Luo et al., Semi-Supervised Neural Architecture Search, NeurIPS 2020; data: "
        f"{ljspeech.CITATION}"
    )
    licence = ljspeech.LICENCE

    def __init__(self, recipe: str) -> None:
        """Make it; nothing is read but the recipe.

        Args:
            recipe: name of one of the recipes beside this file.

        Raises:
            HarnessError: there is no such recipe.
        """
        self.recipe = read_live_recipe(RECIPES, recipe)
        self.space = TtsSpace()
        self._final = Shape.of(self.recipe.final)
        self._folder = ljspeech.ljspeech_folder()

    @cached_property
    def _mels(self) -> Mels:
        clips = ljspeech.read_metadata(self._folder)
        share = self.recipe.data["damaged_share"]
        return mels_of(self._folder, clips, cache_home() / "mels", share)

    @cached_property
    def _parts(self) -> dict[str, tuple[int, ...]]:
        """Numbers of the clips of each part."""
        data = self.recipe.data
        clips = len(self._mels.clips)
        aside = data["test_clips"] + data["valid_clips"]
        train = data["train_clips"] or clips - aside
        if train + aside > clips or train < aside:
            raise HarnessError(
                f"the recipe {self.recipe.name} of tts/ljspeech sets {aside:,} clips aside and "
                f"trains on {data['train_clips'] or aside:,} or more; {self._folder} has "
                f"{clips:,}: take recipe=small, or more clips"
            )
        order = np.random.default_rng(0).permutation(clips).tolist()
        ends = np.cumsum([0, data["test_clips"], data["valid_clips"], train]).tolist()
        names = ("test", "valid", "train")
        return {
            name: tuple(sorted(order[start:end]))
            for name, start, end in zip(names, ends, ends[1:], strict=False)
        }

    def _utterances(self, shape: Shape, *parts: str) -> Utterances:
        index = tuple(i for part in parts for i in self._parts[part])
        return Utterances(self._mels, index, shape.group)

    def searched(self) -> SpeechTask:
        """See `LiveSetup.searched`."""
        from spaces.tts.search_task import SpeechTask

        shape = Shape.of(self.recipe.search)
        train, valid = (self._utterances(shape, part) for part in ("train", "valid"))
        data = self.recipe.data
        return SpeechTask(train, valid, shape, data["bandwidth"], data["guidance"])

    def final(self) -> SpeechLearning:
        """See `LiveSetup.final`."""
        from spaces.tts.listening import Listening
        from spaces.tts.search_task import SpeechLearning

        data, shape = self.recipe.data, self._final
        test = self._utterances(shape, "test")
        listening = Listening(test, self._folder, data["heard_sentences"], data["hard_sentences"])
        train = self._utterances(shape, "train", "valid")
        return SpeechLearning(train, test, shape, data["bandwidth"], data["guidance"], listening)

    def costs(self, arch: Architecture) -> dict[str, float]:
        """See `LiveSetup.costs`; of an utterance of 90 tokens and 570 frames."""
        return self._final.properties(arch)

    def checksum(self) -> str:
        """See `LiveSetup.checksum`; computes the spectrograms if that was not done before."""
        return self._mels.checksum
