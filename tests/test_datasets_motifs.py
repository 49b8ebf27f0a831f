"""Tests of the hidden motifs: planted as said, and an oracle that is attained."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coursepkg import datasets

BELLS = datasets.make_motifs(n_sequences=20_000, seed=1)


def cut_out(data):
    """What stands at the published places, (n_sequences, motif_length)."""
    steps = data.positions[:, np.newaxis] + np.arange(data.motifs.shape[1])
    return np.take_along_axis(data.x[:, :, 0], steps, axis=1).astype(float)


def standard_errors(hits, expected):
    """How far a share of hits is from what is expected."""
    return (hits.mean() - expected) / math.sqrt(expected * (1 - expected) / len(hits))


def test_motifs_can_be_read_back_from_the_series():
    """Averaged where they stand, each class gives its motif."""
    pieces = cut_out(BELLS)
    for label, motif in enumerate(BELLS.motifs):
        chosen = pieces[BELLS.labels == label]
        np.testing.assert_allclose(
            chosen.mean(axis=0), motif, atol=4.5 / math.sqrt(len(chosen))
        )


def test_what_is_left_is_white_noise():
    """Without the motifs: the given deviation, and no autocovariance."""
    data = datasets.make_motifs(n_sequences=4000, noise_scale=0.5, seed=2)
    rest = data.x[:, :, 0].astype(float)
    steps = data.positions[:, np.newaxis] + np.arange(12)
    np.put_along_axis(rest, steps, cut_out(data) - data.motifs[data.labels], axis=1)
    assert rest.std() == pytest.approx(0.5, rel=0.01)
    for lag in (1, 2, 6):
        correlation = (rest[:, lag:] * rest[:, :-lag]).mean() / 0.25
        assert abs(correlation) < 4 / math.sqrt(rest[:, lag:].size)


def test_labels_and_places_are_uniform():
    """Each label and each place as often as the others, and neither tells the other."""
    assert abs(standard_errors(BELLS.labels == 1, 0.5)) < 4
    counts = np.bincount(BELLS.positions, minlength=53)
    assert len(counts) == 53
    expected = len(BELLS.x) / 53
    chi_squared = np.square(counts - expected).sum() / expected
    assert chi_squared < 52 + 4 * math.sqrt(2 * 52)
    assert abs(np.corrcoef(BELLS.labels, BELLS.positions)[0, 1]) < 4 / math.sqrt(20_000)


def test_a_bell_and_its_mirror_image_agree_in_what_a_spectrum_shows():
    """Same mean, same energy, same autocovariance: only the order differs."""
    bell, mirrored = BELLS.motifs
    np.testing.assert_array_equal(bell, mirrored[::-1])
    np.testing.assert_allclose(np.linalg.norm(BELLS.motifs, axis=1), 5.0)
    np.testing.assert_allclose(
        np.correlate(bell, bell, "full"), np.correlate(mirrored, mirrored, "full")
    )
    assert np.correlate(bell, mirrored, "full").max() < 0.65 * 25


def brute_force(data, x):
    """The posterior from densities of whole series, one motif and place at a time."""
    n_motifs, length = data.motifs.shape
    truth = data.truth
    places = range(truth.first, truth.last + 1)
    logs = np.empty((len(x), n_motifs, len(places)))
    for label in range(n_motifs):
        for k, place in enumerate(places):
            clean = np.zeros(x.shape[1])
            clean[place : place + length] = data.motifs[label]
            rest = x[:, :, 0] - clean
            logs[:, label, k] = -np.square(rest).sum(axis=1) / 2 / truth.noise_scale**2
    posterior = np.exp(logs - logs.max(axis=(1, 2), keepdims=True))
    return posterior / posterior.sum(axis=(1, 2), keepdims=True)


@settings(max_examples=25, deadline=None)
@given(
    n_motifs=st.integers(2, 3),
    motif_length=st.integers(1, 4),
    spare=st.integers(0, 5),
    noise_scale=st.floats(0.3, 3.0),
    seed=st.integers(0, 1000),
)
def test_posterior_is_that_of_bayes(n_motifs, motif_length, spare, noise_scale, seed):
    """The convolution and the softmax are the densities of whole series, normalised."""
    motifs = np.random.default_rng(seed).normal(size=(n_motifs, motif_length))
    data = datasets.make_motifs(
        n_sequences=4,
        sequence_length=motif_length + spare,
        motifs=motifs,
        noise_scale=noise_scale,
        seed=seed,
    )
    expected = brute_force(data, data.x.astype(float))
    np.testing.assert_allclose(data.truth.posterior(data.x), expected, atol=1e-9)
    np.testing.assert_array_equal(
        data.truth.oracle(), expected.sum(axis=2).argmax(axis=1)
    )


def test_oracle_attains_the_optimum():
    """On fresh series its share of right labels and places is the expected one."""
    truth = BELLS.truth
    named = truth.oracle() == BELLS.labels
    found = truth.oracle_positions() == BELLS.positions
    assert truth.standard_error <= 0.002 * truth.optimum()
    assert abs(standard_errors(named, truth.optimum())) < 4
    assert abs(standard_errors(found, truth.localisation())) < 4


def test_an_oracle_that_peeks_is_found_out():
    """The labels that were drawn are right more often than any expected accuracy."""
    assert standard_errors(BELLS.labels == BELLS.labels, BELLS.truth.optimum()) > 10
    assert standard_errors(BELLS.positions == BELLS.positions,
                           BELLS.truth.localisation()) > 10  # fmt: skip


def test_oracle_reads_the_series_and_nothing_else():
    """Equal series, equal answers, whatever was drawn; turned round, turned answers."""
    truth = BELLS.truth
    backwards = BELLS.x[:, ::-1]
    answers = truth.posterior(backwards).sum(axis=2).argmax(axis=1)
    np.testing.assert_array_equal(answers, 1 - truth.oracle())
    other = datasets.make_motifs(n_sequences=20_000, seed=7).truth
    np.testing.assert_array_equal(
        other.posterior(BELLS.x).sum(axis=2).argmax(axis=1), truth.oracle()
    )
    first = BELLS.x[0].copy()
    BELLS.x[0] = 0.0
    answer = truth.oracle()[0]
    BELLS.x[0] = first
    assert answer == truth.oracle()[0]


def test_nothing_simpler_than_the_filters_knows_the_label():
    """Mean, energy and autocovariances are blind, and so are steps off the ends."""
    x = BELLS.x[:, :, 0].astype(float)
    features = [x.mean(axis=1), x.std(axis=1)]
    features += [(x[:, lag:] * x[:, :-lag]).mean(axis=1) for lag in range(1, 12)]
    features += list(x.T[11:-11])
    correlations = [abs(np.corrcoef(f, BELLS.labels)[0, 1]) for f in features]
    assert max(correlations) < 5 / math.sqrt(len(x))


def test_zeros_are_no_motif():
    """With a row of zeros the task is to tell whether there is a bell."""
    bell = BELLS.motifs[0]
    data = datasets.make_motifs(n_sequences=5000, motifs=[np.zeros(12), bell], seed=3)
    assert abs(standard_errors(data.truth.oracle() == data.labels,
                               data.truth.optimum())) < 4  # fmt: skip
    assert data.x[data.labels == 0].std() == pytest.approx(1.0, rel=0.01)
    assert data.truth.optimum() > 0.9


def test_places_can_be_confined():
    """The motif begins in the range, and the oracle looks nowhere else."""
    data = datasets.make_motifs(n_sequences=300, positions=(5, 8), seed=3)
    assert set(data.positions) == {5, 6, 7, 8}
    assert data.truth.posterior(data.x).shape == (300, 2, 4)
    assert set(data.truth.oracle_positions()) <= {5, 6, 7, 8}
    assert data.truth.optimum() > BELLS.truth.optimum()


def test_seed_decides_and_results_are_fresh():
    """The same call gives the same series in new arrays; a Generator moves on."""
    one, same = (datasets.make_motifs(n_sequences=3, seed=4) for _ in range(2))
    other = datasets.make_motifs(n_sequences=3, seed=5)
    np.testing.assert_array_equal(one.x, same.x)
    assert not np.array_equal(one.x, other.x)
    one.x[:] = 0
    one.motifs[:] = 0
    np.testing.assert_array_equal(one.truth.oracle(), same.truth.oracle())
    rng = np.random.default_rng(4)
    first, second = (datasets.make_motifs(n_sequences=3, seed=rng) for _ in range(2))
    np.testing.assert_array_equal(first.x, same.x)
    assert not np.array_equal(second.x, same.x)
    assert same.x.dtype == np.float32
    assert repr(same) == (
        "MotifData(3 series of 64 steps, "
        "MotifTruth(metric='accuracy', kind='monte carlo'))"
    )


def test_explanation_gives_the_numbers():
    """One paragraph that names the process and what can be had."""
    text = BELLS.truth.explain()
    assert f"{BELLS.truth.optimum():.4f}" in text
    assert "one of 2 motifs of 12 steps, beginning anywhere from step 0 to step 52" in (
        text
    )


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"n_sequences": 0}, "`n_sequences` must be at least 1"),
        ({"sequence_length": 11}, "at least that of the motifs, 12, got 11"),
        ({"motifs": [[1.0, 2.0]]}, "at least two rows"),
        ({"motifs": [1.0, 2.0]}, "`motifs` must have 2 axes"),
        ({"motifs": [[1.0, np.nan], [0.0, 0.0]]}, "`motifs` must be finite"),
        ({"noise_scale": 0.0}, "`noise_scale` must be greater than 0"),
        ({"noise_scale": np.inf}, "`noise_scale` must be greater than 0"),
        ({"noise_scale": np.nan}, "`noise_scale` must be greater than 0"),
        ({"noise_scale": 1e-170}, "from 1e-30 to 1e30, got 1e-170"),
        ({"positions": (1, 2, 3)}, r"`positions` must be two steps.*got \(1, 2, 3\)"),
        ({"positions": 5}, "`positions` must be two steps.*got 5"),
        ({"positions": (3, 2)}, r"rising order.*got \(3, 2\)"),
        ({"positions": (0, 53)}, "at most 52"),
        ({"positions": (-1, 3)}, "`positions` must be at least 0"),
    ],
)
def test_what_cannot_be_hidden_is_refused(options, words):
    """The message says what was passed, and how to mend it."""
    with pytest.raises(ValueError, match=words):
        datasets.make_motifs(**{"n_sequences": 3, **options})


@pytest.mark.parametrize("noise_scale", ["1", None, True])
def test_noise_that_is_no_number_is_refused(noise_scale):
    """With the course's message and not NumPy's."""
    with pytest.raises(TypeError, match="`noise_scale` must be a number"):
        datasets.make_motifs(n_sequences=3, noise_scale=noise_scale)


@pytest.mark.parametrize("noise_scale", [1e-30, 1e30, np.float32(0.5), 2])
def test_the_truth_is_finite_at_the_ends_of_the_range(noise_scale):
    """Everything is found without noise, and nothing in a storm."""
    data = datasets.make_motifs(n_sequences=50, noise_scale=noise_scale)
    assert np.isfinite(data.x).all()
    if noise_scale == 1e-30:
        np.testing.assert_array_equal(data.truth.oracle(), data.labels)
    else:
        posterior = data.truth.posterior(data.x)
        np.testing.assert_allclose(posterior.sum(axis=(1, 2)), 1.0)


def test_series_of_another_length_are_refused():
    """The oracle knows one length."""
    with pytest.raises(ValueError, match=r"`x` must have shape \(n_sequences, 64, 1\)"):
        BELLS.truth.posterior(np.zeros((2, 60, 1)))
