from __future__ import annotations

import wave

import numpy as np
import pytest

pytest.importorskip("matplotlib")

from harness.core.errors import HarnessError, MissingExtra
from harness.live.exhibits import Alignment, Pictures, Sound
from harness.report.show import figures
from harness.report.show.curves import curves_figure, heat_maps_figure
from harness.report.show.exhibits import GAP, HEAD, SIDE, alignment_figure, write_exhibit


def read_png(path):
    from matplotlib.image import imread

    return np.rint(imread(path)[..., :3] * 255).astype(int)


@pytest.mark.parametrize("channels", [1, 3])
def test_pictures_are_found_pixel_by_pixel(channels, tmp_path):
    rng = np.random.default_rng(0)
    rows = rng.random((2, 3, channels, 4, 8), np.float32)
    rows[0, 0, 0, 0, 0], rows[0, 0, 0, 0, 1] = -3, 7  # Out of range.
    written = write_exhibit(Pictures("faces of all", rows, ("input", "output", "truth")), tmp_path)
    assert written.path == tmp_path / "faces-of-all.png"
    found = read_png(written.path)
    scale = SIDE // 8
    high, wide = 4 * scale, 8 * scale
    assert found.shape == (HEAD + GAP + 2 * (high + GAP), GAP + 3 * (wide + GAP), 3)
    for r in range(2):
        for c in range(3):
            top, left = HEAD + GAP + r * (high + GAP), GAP + c * (wide + GAP)
            own = found[top : top + high, left : left + wide]
            wanted = np.rint(rows[r, c].clip(0, 1) * 255).astype(int).transpose(1, 2, 0)
            for i in range(scale):
                assert (own[i::scale, i::scale] == wanted).all()
    assert (found[HEAD : HEAD + GAP] == 255).all()
    assert all(
        (found[:HEAD, GAP + c * (wide + GAP) : (c + 1) * (wide + GAP)] < 128).any()
        for c in range(3)
    )


def test_pictures_of_another_shape_are_refused(tmp_path):
    rows = np.zeros((2, 3, 3, 4, 8), np.float32)
    with pytest.raises(HarnessError, match="2 columns of pictures"):
        write_exhibit(Pictures("p", rows, ("a", "b")), tmp_path)


def test_sound_is_clipped_and_read_back_sample_by_sample(tmp_path):
    samples = np.array([0, 0.5, -0.5, 1, -1, 1.5, -7, 1 / 32767], np.float32)
    written = write_exhibit(Sound("a/b", samples, 22050), tmp_path)
    with wave.open(str(written.path)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 22050)
        found = np.frombuffer(file.readframes(99), "<i2")
    assert written.path.name == "a-b.wav"
    assert found.tolist() == [0, 16384, -16384, 32767, -32767, 32767, -32767, 1]


def test_sound_that_is_no_number_is_refused(tmp_path):
    with pytest.raises(HarnessError, match="finite"):
        write_exhibit(Sound("s", np.array([0, np.nan], np.float32), 22050), tmp_path)
    assert not list(tmp_path.iterdir())


def test_an_alignment_has_its_inputs_upwards():
    weights = np.random.default_rng(0).random((7, 3), np.float32)
    figure = alignment_figure(Alignment("x", weights, ("HH", "AH", "L")))
    axes = figure.axes[0]
    (image,) = axes.images
    assert (np.asarray(image.get_array()) == weights.T).all()
    assert image.origin == "lower"
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["HH", "AH", "L"]


def test_many_inputs_have_no_names():
    figure = alignment_figure(Alignment("x", np.ones((5, 300), np.float32), ("p",) * 300))
    assert "p" not in [tick.get_text() for tick in figure.axes[0].get_yticklabels()]


def test_an_alignment_of_another_shape_is_refused():
    with pytest.raises(HarnessError, match="not \\(3, 2\\)"):
        alignment_figure(Alignment("x", np.ones((3, 2), np.float32), ("p",) * 3))


def test_curves_show_their_numbers():
    series = {"loss (nats)": [2.0, 1.5, 1.25], "top-1 error (%)": [90.0, 50.0, 40.0]}
    figure = curves_figure(series, "epoch", "title")
    assert [axes.get_ylabel() for axes in figure.axes] == list(series)
    for axes, values in zip(figure.axes, series.values(), strict=True):
        (line,) = axes.lines
        assert line.get_xdata().tolist() == [1, 2, 3]
        assert list(line.get_ydata()) == values
        assert axes.get_xlabel() == "epoch"


def test_heat_maps_have_time_to_the_right_and_name_choices():
    series = {"distribution of a": [[0.5, 0.5], [0.9, 0.1], [1.0, 0.0]], "b": [[1.0], [0.5, 0.5]]}
    figure = heat_maps_figure(series, {"distribution of a": ("conv", "skip")}, "epoch", "")
    first, second = (axes for axes in figure.axes if axes.images)
    assert np.asarray(first.images[0].get_array()).tolist() == [[0.5, 0.9, 1.0], [0.5, 0.1, 0.0]]
    assert [tick.get_text() for tick in first.get_yticklabels()] == ["conv", "skip"]
    padded = np.ma.filled(second.images[0].get_array(), np.nan)
    assert np.isnan(padded[1, 0])
    assert padded[:, 1].tolist() == [0.5, 0.5]


def test_figures_without_matplotlib_say_what_installs_it(monkeypatch):
    monkeypatch.setattr(figures, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"pip install 'nas-harness\[live\]'"):
        figures.new_figure(1, 1)
