"""Tests of encoder-decoders: masks, causality, NumPy, decoding, files, refusals."""

import itertools
import random
import sys

import keras
import numpy as np
import pytest

from coursepkg import generation, models, reference

ATTENTION = [False, "dot", "additive"]
DIRECTIONS = ["forward", "both"]
N_SOURCE, N_TARGET, START, END = 9, 7, 1, 2
RNG = np.random.default_rng(0)
SOURCES = RNG.integers(1, N_SOURCE, size=(4, 6))
SOURCES[1, 4:] = SOURCES[2, 2:] = 0
TARGETS = RNG.integers(3, N_TARGET, size=(4, 5))
TARGETS[:, 0] = START
TARGETS[3, 3:] = 0


def build(**options):
    """A small network with weights large enough for its choices to differ."""
    options = {"units": 5, "embedding_dim": 3, "seed": 0} | options
    model = models.build_encoder_decoder(
        n_source=N_SOURCE, n_target=N_TARGET, **options
    )
    rng = np.random.default_rng(1)
    model.set_weights(
        [w + rng.normal(scale=0.7, size=w.shape) for w in model.get_weights()]
    )
    return model


def outputs(model, *inputs):
    """The model's outputs as an array."""
    return keras.ops.convert_to_numpy(model(list(inputs)))


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("attention", ATTENTION)
def test_one_row_of_logits_at_every_target_step(attention, direction):
    """Any numbers of rows and steps on either side."""
    model = build(attention=attention, direction=direction)
    for rows, n_source, n_target in [(4, 6, 5), (1, 2, 1), (2, 3, 8)]:
        ids = [np.ones((rows, n_source), int), np.ones((rows, n_target), int)]
        assert outputs(model, *ids).shape == (rows, n_target, N_TARGET)


def gru(units, features):
    """Parameters of a GRU with two biases."""
    return 3 * units * (units + features + 2)


@pytest.mark.parametrize(
    ("attention", "direction", "extra"),
    [
        (False, "forward", 0),
        (False, "both", gru(5, 3) + 5 * (10 + 1)),
        ("dot", "forward", 5 * 5 + 5 * (5 + 5 + 1)),
        ("additive", "forward", 5 * 5 + 5 * (5 + 1) + 5 + 5 * (5 + 5 + 1)),
        ("dot", "both", gru(5, 3) + 5 * (10 + 1) + 10 * 5 + 5 * (10 + 5 + 1)),
    ],
)
def test_parameters_follow_the_formulas(attention, direction, extra):
    """Two tables, two GRUs, the logits, and what attention and direction add."""
    plain = 3 * (N_SOURCE + N_TARGET) + 2 * gru(5, 3) + N_TARGET * (5 + 1)
    model = build(attention=attention, direction=direction)
    assert model.count_params() == plain + extra


def test_true_means_additive():
    """`attention=True` builds the very network of "additive"."""
    first, second = build(attention=True), build(attention="additive")
    np.testing.assert_array_equal(
        outputs(first, SOURCES, TARGETS), outputs(second, SOURCES, TARGETS)
    )


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("attention", ATTENTION)
def test_more_padding_changes_nothing(attention, direction):
    """Further zeros after a source or a target leave all logits as they are."""
    model = build(attention=attention, direction=direction)
    expected = outputs(model, SOURCES, TARGETS)
    longer = np.pad(SOURCES, ((0, 0), (0, 3)))
    np.testing.assert_allclose(outputs(model, longer, TARGETS), expected, atol=1e-6)
    longer = np.pad(TARGETS, ((0, 0), (0, 3)))
    actual = outputs(model, SOURCES, longer)[:, :5]
    np.testing.assert_allclose(actual, expected, atol=1e-6)
    alone = outputs(model, SOURCES[2:3, :2], TARGETS[2:3])
    np.testing.assert_allclose(alone, expected[2:3], atol=1e-6)


@pytest.mark.parametrize("attention", ATTENTION)
def test_teacher_forcing_is_causal_in_the_target(attention):
    """Another token at step 2 changes the logits from step 2 on, and none before."""
    model = build(attention=attention)
    changed = TARGETS[:3].copy()
    changed[:, 2] = 3 + (changed[:, 2] - 2) % 4
    difference = outputs(model, SOURCES[:3], changed)
    difference -= outputs(model, SOURCES[:3], TARGETS[:3])
    steps = np.abs(difference).max(axis=(0, 2))
    assert [t for t in range(5) if steps[t] > 1e-6] == [2, 3, 4]


@pytest.mark.parametrize("attention", ATTENTION)
def test_every_source_token_matters(attention):
    """Whatever token of the source is changed, the first logits change."""
    model = build(attention=attention)
    expected = outputs(model, SOURCES[:1], TARGETS[:1, :1])
    for t in range(6):
        changed = SOURCES[:1].copy()
        changed[0, t] = 1 + changed[0, t] % (N_SOURCE - 1)
        actual = outputs(model, changed, TARGETS[:1, :1])
        assert np.abs(actual - expected).max() > 1e-5


def test_padded_target_steps_do_not_count_in_the_loss():
    """Keras's loss is the mean over the valid steps alone."""
    model = build()
    next_tokens = np.where(TARGETS == 0, 0, 4)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(loss=loss)
    measured = model.evaluate([SOURCES, TARGETS], next_tokens, verbose=0)
    logits = outputs(model, SOURCES, TARGETS)
    nats = np.log(np.exp(logits).sum(axis=-1)) - logits[..., 4]
    assert np.isclose(measured, nats[TARGETS != 0].mean(), rtol=1e-5)
    assert not np.isclose(measured, nats.mean(), rtol=1e-3)


@pytest.mark.parametrize("attention", ["dot", "additive"])
def test_attention_weights_are_shares_and_zero_on_padding(attention):
    """Each row sums to 1 over the source's own tokens."""
    translator = models.Translator(build(attention=attention))
    weights = translator.attention_weights(SOURCES, TARGETS)
    assert weights.shape == (4, 5, 6)
    np.testing.assert_allclose(weights.sum(axis=-1), 1, atol=1e-6)
    padded = np.broadcast_to((SOURCES == 0)[:, np.newaxis], weights.shape)
    assert (weights[padded] == 0).all()
    assert (weights[~padded] > 0).all()


def numpy_gru(model, name, *arrays, **options):
    """A GRU of the model, by the reference room."""
    weights = model.get_layer(name).get_weights()
    return reference.gru_forward(*arrays, *weights, **options)


@pytest.mark.parametrize("attention", ATTENTION)
def test_the_reference_layers_compute_the_same(attention):
    """The whole network again in NumPy: tables, GRUs, attention, logits."""
    model = build(attention=attention, direction="forward")
    weights = {layer.name: layer.get_weights() for layer in model.layers}
    vectors = [weights["source_embedding"][0], weights["target_embedding"][0]]
    memory, cache = numpy_gru(model, "encoder", vectors[0][SOURCES], mask=SOURCES != 0)
    states, _ = numpy_gru(
        model,
        "decoder",
        vectors[1][TARGETS],
        mask=TARGETS != 0,
        initial_state=cache.final_state,
    )
    x = states
    if attention:
        masks = {"query_mask": TARGETS != 0, "value_mask": SOURCES != 0}
        query = states @ weights["query"][0] if attention == "additive" else states
        kernel, *bias = weights["key"]
        key = memory @ kernel + (bias[0] if bias else 0)
        forward = getattr(reference, f"{attention}_attention_forward")
        context, cache = forward(query, memory, key, *weights["attention"], **masks)
        actual = models.Translator(model).attention_weights(SOURCES, TARGETS)
        valid = TARGETS != 0
        np.testing.assert_allclose(actual[valid], cache.weights[valid], atol=1e-5)
        kernel, bias = weights["attentional_state"]
        x = np.tanh(np.concatenate([context, states], axis=-1) @ kernel + bias)
    kernel, bias = weights["logits"]
    valid = TARGETS != 0
    np.testing.assert_allclose(
        outputs(model, SOURCES, TARGETS)[valid], (x @ kernel + bias)[valid], atol=1e-5
    )


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("attention", ATTENTION)
def test_step_by_step_equals_the_whole_network(attention, direction):
    """The logits after each prefix are those of a new pass over source and prefix."""
    model = build(attention=attention, direction=direction)
    translator = models.Translator(model)
    expected = outputs(model, SOURCES, TARGETS)
    for row in (0, 1):
        next_logits = translator.next_logits(SOURCES[row])
        for n in (3, 1, 5, 2):  # in any order
            actual = next_logits(list(TARGETS[row, :n]))
            np.testing.assert_allclose(actual, expected[row, n - 1], atol=1e-5)
        before = next_logits([START])
        next_logits([START])[:] = 0  # the caller's own copy
        np.testing.assert_array_equal(next_logits([START]), before)


@pytest.mark.parametrize("attention", ATTENTION)
def test_greedy_equals_a_loop_over_the_whole_network(attention):
    """The most probable token each time, zeros after the end."""
    model = build(attention=attention)
    written = models.Translator(model).greedy(
        SOURCES, start_id=START, n_tokens=6, end_id=END
    )
    for row, source in enumerate(SOURCES):
        ids = [START]
        while len(ids) < 7 and ids[-1] != END:
            logits = outputs(model, source[np.newaxis], np.array([ids]))
            ids.append(int(logits[0, -1].argmax()))
        assert written[row].tolist() == (ids[1:] + [0] * 6)[:6]


def test_a_row_is_finished_at_its_end():
    """A network that always writes the end writes it once."""
    model = build()
    kernel, bias = model.get_layer("logits").get_weights()
    bias = np.where(np.arange(N_TARGET) == END, 100.0, bias)
    model.get_layer("logits").set_weights([kernel, bias])
    translator = models.Translator(model)
    written = translator.greedy(SOURCES, start_id=START, n_tokens=3, end_id=END)
    assert written.tolist() == [[END, 0, 0]] * 4
    written = translator.greedy(SOURCES, start_id=START, n_tokens=3)
    assert written.tolist() == [[END] * 3] * 4


def test_beam_search_finds_what_an_exhaustive_search_finds():
    """With a beam as wide as there are continuations, nothing better exists."""
    model = build(attention="dot")
    next_logits = models.Translator(model).next_logits(SOURCES[0])
    ids, score = generation.beam_search(
        next_logits, [START], n_tokens=3, beam_width=N_TARGET**3
    )
    every = np.array(list(itertools.product(range(N_TARGET), repeat=3)))
    every = every[(every[:, :2] != 0).all(axis=1)]  # 0 is padding: not to be read
    shifted = np.concatenate([np.full((len(every), 1), START), every[:, :2]], axis=1)
    logits = outputs(model, np.repeat(SOURCES[:1], len(every), axis=0), shifted)
    logs = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    totals = np.take_along_axis(logs, every[..., np.newaxis], axis=-1).sum(axis=(1, 2))
    assert ids == every[totals.argmax()].tolist()
    assert np.isclose(score, totals.max(), atol=1e-4)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("attention", ATTENTION)
def test_saved_and_loaded(attention, tmp_path):
    """A file holds the whole network, and a translator works with what is loaded."""
    model = build(attention=attention)
    translator = models.Translator(model)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(
        outputs(loaded, SOURCES, TARGETS), outputs(model, SOURCES, TARGETS), atol=1e-6
    )
    options = {"start_id": START, "n_tokens": 5}
    np.testing.assert_array_equal(
        models.Translator(loaded).greedy(SOURCES, **options),
        translator.greedy(SOURCES, **options),
    )


def test_a_translator_follows_its_model():
    """New weights of the model are those of the translator."""
    model = build()
    translator = models.Translator(model)
    before = translator.attention_weights(SOURCES, TARGETS)
    model.set_weights([-w for w in model.get_weights()])
    assert np.abs(translator.attention_weights(SOURCES, TARGETS) - before).max() > 0.01


@pytest.mark.parametrize("vector_as", ["state", "input", "both"])
def test_a_vector_becomes_a_sequence(vector_as):
    """The shapes of one and of several outputs, and the equations in NumPy."""
    build = models.build_vector_to_sequence
    model = build(n_inputs=2, n_steps=6, units=5, vector_as=vector_as)
    assert model.output_shape == (None, 6)
    model = build(n_inputs=2, n_steps=6, units=5, n_outputs=3, vector_as=vector_as)
    vectors = np.random.default_rng(0).normal(size=(4, 2))
    x = np.repeat(vectors[:, np.newaxis], 6, axis=1)  # (batch, steps, inputs)
    state = None
    if vector_as != "input":
        kernel, bias = model.get_layer("first_state").get_weights()
        state = np.tanh(vectors @ kernel + bias)
    x = 0 * x if vector_as == "state" else x
    states, _ = numpy_gru(model, "decoder", x, initial_state=state)
    kernel, bias = model.get_layer("values").get_weights()
    actual = keras.ops.convert_to_numpy(model(vectors))
    np.testing.assert_allclose(actual, states @ kernel + bias, atol=1e-5)
    assert np.abs(actual - actual[:, :1]).max() > 1e-3  # it moves


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("vector_as", ["state", "input", "both"])
def test_a_vector_model_is_saved_and_loaded(vector_as, tmp_path):
    """The zeros of "state" are part of the file, too."""
    model = models.build_vector_to_sequence(n_inputs=2, n_steps=6, vector_as=vector_as)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    vectors = np.ones((1, 2))
    np.testing.assert_array_equal(loaded(vectors), model(vectors))


def every_model(seed):
    """One network of each kind."""
    yield models.build_vector_to_sequence(n_inputs=2, n_steps=3, seed=seed)
    for attention in ATTENTION:
        yield models.build_encoder_decoder(
            n_source=5, n_target=4, units=3, attention=attention, seed=seed
        )


def test_weights_depend_on_the_seed_and_on_nothing_else():
    """Equal seeds, equal weights, whatever Keras's own; another seed, others."""
    keras.utils.set_random_seed(1)
    first = [model.get_weights() for model in every_model(5)]
    keras.utils.set_random_seed(2)
    second = [model.get_weights() for model in every_model(5)]
    other = [model.get_weights() for model in every_model(6)]
    for a, b, c in zip(first, second, other, strict=True):
        assert all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))
        drawn = [k for k, array in enumerate(a) if np.ptp(array)]
        assert len(drawn) >= 4
        assert not any(np.array_equal(a[k], c[k]) for k in drawn)


def test_global_random_state_is_neither_read_nor_changed():
    """What NumPy, Python and Keras draw next is the same with and without."""

    def draws(build):
        keras.utils.set_random_seed(3)
        if build:
            list(every_model(0))
        drawn = keras.ops.convert_to_numpy(keras.random.uniform((2,)))
        return [np.random.random(), random.random(), *drawn.tolist()]  # noqa: NPY002

    assert draws(build=True) == draws(build=False)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_source": 1}, "`n_source` must be at least 2"),
        ({"n_target": 0}, "`n_target` must be at least 2"),
        ({"units": 0}, "`units` must be at least 1"),
        ({"attention": "general"}, "`attention` must be one of True, False, 'add"),
        ({"direction": "backward"}, "`direction` must be one of 'forward', 'both'"),
    ],
)
def test_wrong_arguments_are_refused(options, message):
    """The message names the argument and what it may be."""
    with pytest.raises(ValueError, match=message):
        models.build_encoder_decoder(**{"n_source": 5, "n_target": 4} | options)


def test_a_translator_refuses_what_it_cannot_use():
    """Another model, no attention, ids that are no integers, an empty prefix."""
    other = models.build_vector_to_sequence(n_inputs=2, n_steps=3)
    with pytest.raises(ValueError, match="without the layers encoder, logits, source"):
        models.Translator(other)
    translator = models.Translator(build(attention=False))
    with pytest.raises(ValueError, match="needs a model with attention"):
        translator.attention_weights(SOURCES, TARGETS)
    with pytest.raises(TypeError, match="`sources` must hold integer ids"):
        translator.greedy(SOURCES * 1.0, start_id=1, n_tokens=3)
    with pytest.raises(ValueError, match="`source` must hold at least one id"):
        translator.next_logits(np.zeros(0, int))
    with pytest.raises(ValueError, match="Begin with the start token"):
        translator.next_logits(SOURCES[0])([])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda t: t.greedy(SOURCES, start_id=99, n_tokens=1), "`start_id` must be le"),
        (
            lambda t: t.greedy(SOURCES, start_id=1, n_tokens=1, end_id=7),
            "`end_id` must",
        ),
        (
            lambda t: t.greedy(-SOURCES, start_id=1, n_tokens=1),
            "ids from 0 to 8, .*got -",
        ),
        (lambda t: t.greedy(9 * SOURCES, start_id=1, n_tokens=1), "ids from 0 to 8"),
        (lambda t: t.next_logits([9]), "`source` must hold ids from 0 to 8.* got 9"),
        (lambda t: t.next_logits([3])([1, 7]), "`written` must hold ids from 0 to 6"),
        (
            lambda t: t.attention_weights(SOURCES, TARGETS + 7),
            "`targets` must hold ids",
        ),
        (
            lambda t: t.attention_weights(SOURCES, TARGETS[:2]),
            "equally many rows, got 4",
        ),
    ],
)
def test_a_translator_names_ids_out_of_range(call, message):
    """TensorFlow would fail late, or, for negative ids, not at all."""
    with pytest.raises(ValueError, match=message):
        call(models.Translator(build()))


def test_a_long_prefix_needs_no_recursion():
    """More tokens than Python allows nested calls, all at once."""
    next_logits = models.Translator(build()).next_logits(SOURCES[0])
    assert next_logits([START] * (sys.getrecursionlimit() + 10)).shape == (N_TARGET,)
