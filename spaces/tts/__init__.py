"""Text to speech on LJSpeech, as SemiNAS searches it."""

from spaces.tts.benchmarks import TtsFamily
from spaces.tts.space import TtsSpace

__all__ = ["TtsFamily", "TtsSpace"]
