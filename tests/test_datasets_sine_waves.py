"""The sine waves: settings that rebuild them, noise of the known size, honest truth."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coursepkg import datasets


def test_settings_rebuild_the_clean_wave():
    """The formula of the docstring, written out for one series and one step."""
    waves = datasets.make_sine_waves(n_series=4, n_steps=30, seed=1)
    one = dict(zip(waves.setting_names, waves.settings[2], strict=True))
    expected = sum(
        one[f"{kind} amplitude"]
        * math.sin(2 * math.pi * one[f"{kind} frequency"] * 17 + one[f"{kind} phase"])
        for kind in ("slow", "fast")
    )
    assert waves.clean[2, 17, 0] == pytest.approx(expected, abs=1e-12)


def test_spectrum_shows_the_drawn_frequencies_and_amplitudes():
    """The two largest peaks of a long series stand where the settings say."""
    waves = datasets.make_sine_waves(n_series=6, n_steps=4096, seed=2)
    spectrum = np.abs(np.fft.rfft(waves.values[..., 0], axis=1)) * 2 / 4096
    frequencies = np.fft.rfftfreq(4096)
    for k in range(6):
        for start, (low, high) in {0: (1 / 33, 1 / 16), 3: (1 / 16, 1 / 7.9)}.items():
            inside = (frequencies >= low) & (frequencies <= high)
            peak = np.argmax(np.where(inside, spectrum[k], 0))
            assert frequencies[peak] == pytest.approx(
                waves.settings[k, start], abs=2e-4
            )
            # Between two bins a peak loses at most a third of its height.
            ratio = spectrum[k, peak] / waves.settings[k, start + 1]
            assert 0.6 < ratio < 1.1


def test_settings_fill_their_ranges():
    """Each setting is uniform between the limits that the docstring gives."""
    drawn = datasets.make_sine_waves(n_series=4000, n_steps=1).settings
    limits = [(1 / 32, 1 / 16), (0.3, 0.7), (0, 2 * np.pi)]
    limits += [(1 / 16, 1 / 8), (0.1, 0.3), (0, 2 * np.pi)]
    for column, (low, high) in zip(drawn.T, limits, strict=True):
        share = (column - low) / (high - low)
        assert share.min() >= 0
        assert share.max() <= 1
        np.testing.assert_allclose(
            np.quantile(share, [0.1, 0.5, 0.9]), [0.1, 0.5, 0.9], atol=0.03
        )
    assert np.abs(np.corrcoef(drawn.T) - np.eye(6)).max() < 0.06


def test_oracle_attains_the_bound_and_peeking_is_caught():
    """Who knows the settings errs by the noise; forecasts that peek score better."""
    waves = datasets.make_sine_waves(n_series=50, n_steps=400, noise_scale=0.3, seed=3)
    errors = np.abs(waves.values - waves.truth.oracle(horizon=5))
    standard_error = errors.std() / math.sqrt(errors.size)
    assert waves.truth.optimum() == pytest.approx(0.3 * math.sqrt(2 / math.pi))
    assert abs(errors.mean() - waves.truth.optimum()) < 4 * standard_error
    peeking = np.abs(0.5 * (waves.values - waves.truth.oracle())).mean()
    assert peeking < 0.6 * waves.truth.optimum()
    assert waves.truth.kind == "bound"
    assert waves.truth.uncertainty() == 0


def test_past_values_do_not_attain_the_bound():
    """The best linear forecast from 30 steps is above it, and far below naive."""
    values = datasets.make_sine_waves(n_series=3000, n_steps=31, seed=4).values[..., 0]
    past = np.column_stack([values[:, :-1], np.ones(3000)])
    weights, *_ = np.linalg.lstsq(past[:2000], values[:2000, -1], rcond=None)
    linear = np.abs(past[2000:] @ weights - values[2000:, -1]).mean()
    naive = np.abs(np.diff(values[2000:, -2:])).mean()
    bound = datasets.make_sine_waves(n_series=1, n_steps=31).truth.optimum()
    assert 1.1 * bound < linear < 0.8 * naive


@settings(max_examples=20, deadline=None)
@given(n_series=st.integers(1, 5), n_steps=st.integers(1, 40), extra=st.integers(1, 40))
def test_longer_series_begin_with_the_shorter(n_series, n_steps, extra):
    """The same seed keeps settings and noise, so no value depends on the future."""
    short = datasets.make_sine_waves(n_series=n_series, n_steps=n_steps, seed=5)
    long = datasets.make_sine_waves(n_series=n_series, n_steps=n_steps + extra, seed=5)
    np.testing.assert_array_equal(long.settings, short.settings)
    np.testing.assert_array_equal(long.values[:, :n_steps], short.values)


def test_same_seed_same_waves_and_fresh_arrays():
    """Shapes, type, seeds; writing into a result changes no other."""
    first, again = (datasets.make_sine_waves(n_series=3, n_steps=20) for _ in range(2))
    np.testing.assert_array_equal(first.values, again.values)
    other = datasets.make_sine_waves(n_series=3, n_steps=20, seed=1)
    assert not np.array_equal(other.values, first.values)
    assert first.values.shape == first.clean.shape == (3, 20, 1)
    assert first.values.dtype == first.settings.dtype == np.float64
    first.clean[:] = 0.0
    first.truth.oracle()[:] = 0.0
    np.testing.assert_array_equal(first.truth.oracle(), again.clean)


def test_explanation_is_honest():
    """It says that a forecaster which has to estimate the settings cannot get there."""
    waves = datasets.make_sine_waves(n_series=3, n_steps=50)
    text = waves.truth.explain()
    assert "0.07979 (bound)" in text
    assert "has to estimate" in text
    assert "\n" not in text
    assert repr(waves) == (
        "SineWaves(3 series of 50 steps, Truth(metric='mae', kind='bound'))"
    )


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"n_series": 0}, ValueError, "`n_series`"),
        ({"n_steps": 0}, ValueError, "`n_steps`"),
        ({"n_steps": 2.0}, TypeError, "`n_steps`"),
        ({"noise_scale": 0.0}, ValueError, "`noise_scale`"),
    ],
)
def test_impossible_requests_are_refused(options, error, words):
    """The message names the argument."""
    with pytest.raises(error, match=words):
        datasets.make_sine_waves(**({"n_series": 2, "n_steps": 5} | options))


def test_horizons_beyond_the_series_are_refused():
    """There is no step to predict."""
    waves = datasets.make_sine_waves(n_series=2, n_steps=5)
    with pytest.raises(ValueError, match="`horizon`"):
        waves.truth.oracle(horizon=5)
