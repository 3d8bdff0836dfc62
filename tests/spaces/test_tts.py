from __future__ import annotations

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("pocketsphinx")

from torch.nn import functional  # noqa: E402

from harness import HarnessError, MissingData  # noqa: E402
from harness.core.errors import UnknownName  # noqa: E402
from harness.live.devices import Place  # noqa: E402
from harness.live.exhibits import Alignment, Sound  # noqa: E402
from harness.live.speech.alignment import distance_from_diagonal  # noqa: E402
from harness.live.speech.mel import RATE  # noqa: E402
from harness.live.speech.phonemes import pronounce  # noqa: E402
from harness.live.trainer import Trainer  # noqa: E402
from spaces.tts import TtsFamily  # noqa: E402
from spaces.tts.listening import hard_sentences  # noqa: E402
from spaces.tts.search_task import FOCUS, STOP_WEIGHT, SpeechLearning  # noqa: E402
from spaces.tts.setup import LjSpeechSetup  # noqa: E402
from tests.live.wav_files import write_ljspeech  # noqa: E402

CPU = torch.device("cpu")
CHEAP = (0,) * 12


def outputs_and_targets(seed=0):
    generator = torch.Generator().manual_seed(seed)
    mels = torch.randn(2, 5, 3, generator=generator)
    attention = torch.rand(2, 2, 5, 4, generator=generator)
    outputs = (torch.zeros(2, 5, 3), torch.randn(2, 5, generator=generator), attention)
    return outputs, (mels, torch.tensor([5, 2]), torch.tensor([2, 4]))


def learning(guidance=0.0):
    setup = LjSpeechSetup("small")
    from spaces.tts.shape import Shape

    return SpeechLearning([], [], Shape.of(setup.recipe.search), 16.0, guidance)


def test_the_loss_is_the_mean_over_utterances_of_means_over_steps():
    outputs, targets = outputs_and_targets()
    expected, errors, stops = [], [], []
    for row, steps in enumerate((5, 2)):
        errors.append(targets[0][row, :steps].abs().mean().item())
        logits = outputs[1][row, :steps]
        last = functional.softplus(-logits[-1]) * STOP_WEIGHT
        stops.append(((functional.softplus(logits[:-1]).sum() + last) / steps).item())
        expected.append(errors[-1] + stops[-1])
    assert learning().loss(outputs, targets).item() == pytest.approx(np.mean(expected), rel=1e-6)
    found = learning().measures(outputs, targets)
    assert found["mel error (nats)"].tolist() == pytest.approx(errors, rel=1e-6)
    assert found["stop loss (nats)"].tolist() == pytest.approx(stops, rel=1e-6)
    away = distance_from_diagonal(outputs[2], *targets[1:]).mean().item()
    guided = learning(guidance=0.5).loss(outputs, targets).item()
    assert guided == pytest.approx(np.mean(expected) + 0.5 * away, rel=1e-6)


def test_what_lies_behind_the_end_has_no_influence():
    outputs, targets = outputs_and_targets()
    before = learning(0.5).loss(outputs, targets), learning().measures(outputs, targets)
    outputs[0][1, 2:], outputs[1][1, 2:], outputs[2][1, :, 2:] = 9, -9, 3
    outputs[2][0, :, :, 2:] = 5
    assert torch.equal(before[0], learning(0.5).loss(outputs, targets))
    for name, values in learning().measures(outputs, targets).items():
        assert torch.equal(before[1][name], values)


def test_the_focus_is_that_of_the_best_head():
    backwards = torch.eye(6).flip(0)
    attention = torch.stack([backwards, torch.eye(6), backwards])[None].repeat(2, 1, 1, 1)
    attention[1, 1] = backwards
    outputs = (torch.zeros(2, 6, 3), torch.zeros(2, 6), attention)
    targets = (torch.zeros(2, 6, 3), torch.tensor([6, 6]), torch.tensor([6, 6]))
    own = learning()
    own._bandwidth = 0.5
    assert own.measures(outputs, targets)[FOCUS].tolist() == [1, 0]


@pytest.mark.parametrize("name", ["full", "low-resource", "small"])
def test_recipes(name):
    setup = LjSpeechSetup(name)
    own = setup.recipe
    assert own.fidelities[-1] == own.evaluation.epochs
    cost = setup.costs(CHEAP)
    assert cost.keys() == {"parameters", "flops"}
    keys = {"test_clips", "valid_clips", "train_clips", "damaged_share", "bandwidth", "guidance"}
    assert own.data.keys() == keys | {"heard_sentences", "hard_sentences"}
    assert own.data["hard_sentences"] <= len(hard_sentences())


def test_the_low_resource_setting_has_the_numbers_of_the_paper():
    data = LjSpeechSetup("low-resource").recipe.data
    assert [data[f"{part}_clips"] for part in ("train", "valid", "test")] == [1500, 100, 100]


def test_there_are_no_other_recipes():
    with pytest.raises(UnknownName, match="low-resource"):
        LjSpeechSetup("low")


def test_hard_sentences_are_sentences():
    sentences = hard_sentences()
    assert len(set(sentences)) == len(sentences) == 30
    assert all(pronounce(sentence).words for sentence in sentences)


@pytest.fixture
def generated(tmp_path, monkeypatch):
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path))
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "live" / "ljspeech" / "LJSpeech-1.1"


def test_parts_are_disjoint_and_the_same_for_everybody(generated):
    write_ljspeech(generated, clips=45, seconds=0.06)
    setup, other = LjSpeechSetup("small"), LjSpeechSetup("small")
    task, final = setup.searched(), setup.final()
    assert (len(task.train), len(task.valid), len(final.judged)) == (25, 10, 10)
    searched, test = {*task.train.index, *task.valid.index}, {*final.judged.index}
    assert len(searched) == 35
    assert not searched & test
    assert {*final.train.index} == searched
    assert other.searched().train.index == task.train.index
    assert len(setup.checksum()) == 64


def test_too_few_clips_are_refused(generated):
    write_ljspeech(generated, clips=12, seconds=0.06)
    with pytest.raises(HarnessError, match="has 12"):
        LjSpeechSetup("small").searched()
    with pytest.raises(HarnessError, match="recipe=small"):
        LjSpeechSetup("low-resource").searched()


def test_the_family_says_what_is_missing(generated):
    (entry,) = TtsFamily().entries()
    assert entry.id == "tts/ljspeech"
    assert "harness data fetch ljspeech" in entry.missing
    with pytest.raises(MissingData, match="harness data fetch"):
        TtsFamily().make("ljspeech", {})


def test_the_family_makes_benchmarks(generated):
    write_ljspeech(generated)
    assert not TtsFamily().entries()[0].missing
    assert TtsFamily().make("ljspeech", {}).id == "tts/ljspeech"
    small = TtsFamily().make("ljspeech", {"recipe": "small"})
    assert (small.id, small.direction) == ("tts/ljspeech:recipe=small", "maximize")
    with pytest.raises(HarnessError, match="no setting width"):
        TtsFamily().make("ljspeech", {"width": "8"})


@pytest.fixture
def real(harness_data):
    if not (harness_data / "live" / "ljspeech").is_dir():
        pytest.skip("HARNESS_DATA has no recordings of LJSpeech")
    return LjSpeechSetup("small")


def test_speech_is_learned(real):
    """From 0.17, the share of the band, and from about the mean deviation of the log-mels."""
    task = real.searched()
    # An architecture of convolutions of size 1 learns no alignment in so few steps.
    arch = real.space.from_str(
        "attention8,conv1,attention4,conv5,attention8,conv21,"
        "conv13,conv17,conv1,conv5,attention2,attention2"
    )
    trainer = Trainer(task, arch, real.recipe.evaluation, 0, Place(CPU))
    before = trainer.judge()
    trainer.run(real.recipe.evaluation.epochs)
    after = trainer.curve[-1]
    assert before[FOCUS] < 0.2
    assert after[FOCUS] > 0.3
    assert after["mel error (nats)"] < 0.92 * before["mel error (nats)"]
    assert after["stop loss (nats)"] < 0.6 * before["stop loss (nats)"]


def test_the_supernet_learns_and_is_reproducible(real):
    task = real.searched()

    def descended():
        generator = torch.Generator().manual_seed(0)
        supernet = task.supernet(generator, "batch").train()
        optimizer = torch.optim.SGD(supernet.parameters(), lr=0.05, momentum=0.9)
        index, losses = torch.arange(4), []
        inputs, targets = task.train.batch(index, CPU)
        for _ in range(12):
            optimizer.zero_grad()
            loss = task.loss(supernet(inputs, supernet.path(CHEAP)), targets)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(supernet.parameters(), 5.0)
            optimizer.step()
            losses.append(loss.item())
        return losses

    losses = descended()
    assert losses[-1] < 0.95 * losses[0]
    assert descended() == losses


def test_scores_are_the_focus_of_each_utterance(real):
    task = real.searched()
    network = task.network(CHEAP, torch.Generator().manual_seed(0)).eval()
    inputs, targets = task.valid.batch(torch.arange(3), CPU)
    with torch.no_grad():
        outputs = network(inputs)
    assert torch.equal(task.scores(outputs, targets), task.measures(outputs, targets)[FOCUS])


def test_networks_are_listened_to(real, monkeypatch):
    """The recogniser is a fake that hears the first text of all recordings it is given."""
    final = real.final()
    network = final.network(CHEAP, torch.Generator().manual_seed(0)).eval()
    heard = []

    def transcribe(recordings):
        heard.append([len(recording) / RATE for recording in recordings])
        return [final._listening._texts[0].split()] * len(recordings)

    monkeypatch.setattr("harness.live.speech.recognition.transcribe", transcribe)
    found = final.last_measures(network, CPU)
    assert len(heard) == 3
    own, truth, copies = heard
    assert truth == pytest.approx(copies, abs=0.03)
    assert len(own) == len(truth) == real.recipe.data["heard_sentences"]
    for unit in ("word", "phone"):
        rates = [
            found[f"{unit} error rate{of} (%)"]
            for of in ("", " of the ground truth", " of copy synthesis")
        ]
        assert rates[0] == rates[1] == rates[2] > 0
    # An untrained network does not follow any text.
    assert found["hard sentences with an error (%)"] == 100
    assert found["skipped words of hard sentences (%)"] > 10
    assert math.isfinite(found["repeated words of hard sentences (%)"])
    final.last_measures(network, CPU)
    assert len(heard) == 4


def test_exhibits(real):
    final = real.final()
    network = final.network(CHEAP, torch.Generator().manual_seed(0)).eval()
    shown = list(final.exhibits(network, CPU))
    names = [thing.name for thing in shown]
    assert len(set(names)) == len(names) == 4 * real.recipe.data["heard_sentences"]
    for thing in shown:
        if isinstance(thing, Alignment):
            assert thing.weights.shape[1] == len(thing.inputs)
            assert thing.weights.sum(1) == pytest.approx(1, abs=1e-3)
        else:
            assert isinstance(thing, Sound)
            assert thing.rate == RATE
            assert np.abs(thing.samples).max() <= 1
