"""Networks whose output is a sequence of its own: encoder-decoders and relatives.

An encoder-decoder reads source ids and writes target ids, which may be more or fewer.
It is trained with *teacher forcing*: the decoder is given the right target, shifted by
one step and begun by a start token, and predicts at each step the token that follows.
Token 0 is padding everywhere. `Translator` runs a trained network without the right
target: one step at a time, each answer being the next input.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Literal

import keras
import numpy as np
from numpy.typing import ArrayLike, NDArray

from coursepkg._validation import check_array, check_choice, check_integer
from coursepkg.models._recurrent import draw_seeds

__all__ = ["Translator", "build_encoder_decoder", "build_vector_to_sequence"]

Draw = Callable[[], int]


def build_vector_to_sequence(
    *,
    n_inputs: int,
    n_steps: int,
    units: int = 32,
    n_outputs: int = 1,
    vector_as: Literal["state", "input", "both"] = "both",
    seed: int | np.random.Generator = 0,
) -> keras.Model:
    """Unfold one vector into a sequence: a GRU that starts from it, or reads it.

    Parameters
    ----------
    n_inputs : int
        Numbers in the vector.
    n_steps : int
        Steps to write.
    units : int, default 32
        Size of the GRU.
    n_outputs : int, default 1
        Numbers at each step; the last layer is linear.
    vector_as : {"state", "input", "both"}
        Where the vector enters: "state" makes it, through a layer with tanh, the
        first state, and the input of all steps is zero; "input" shows it again at
        each step, and the first state is zero; "both" does both.
    seed : int or numpy.random.Generator, default 0
        What the first weights are drawn from. Keras's own random state is neither
        read nor changed.

    Returns
    -------
    keras.Model
        Built, not compiled; (batch, n_inputs) to (batch, n_steps), or to
        (batch, n_steps, n_outputs) for several outputs.

    Raises
    ------
    ValueError
        If a count is less than 1, or `vector_as` is unknown.

    Examples
    --------
    >>> model = build_vector_to_sequence(n_inputs=2, n_steps=20)
    >>> model.input_shape, model.output_shape
    ((None, 2), (None, 20))
    """
    inputs = check_integer(n_inputs, "n_inputs", minimum=1)
    steps = check_integer(n_steps, "n_steps", minimum=1)
    size = check_integer(units, "units", minimum=1)
    outputs = check_integer(n_outputs, "n_outputs", minimum=1)
    check_choice(vector_as, "vector_as", ("state", "input", "both"))
    draw = draw_seeds(seed)
    vector = keras.Input((inputs,), name="vector")
    x = keras.layers.RepeatVector(steps, name="repeat")(vector)
    # x: (batch, steps, inputs)
    state = None
    if vector_as != "input":
        state = _dense(size, draw, "first_state", activation="tanh")(vector)
        # state: (batch, units)
    if vector_as == "state":
        x = keras.ops.zeros_like(x)  # (batch, steps, inputs)
    x = _gru(size, draw, "decoder", return_sequences=True)(x, initial_state=state)
    # x: (batch, steps, units)
    x = _dense(outputs, draw, "values")(x)  # (batch, steps, outputs)
    if outputs == 1:
        x = keras.layers.Reshape((steps,), name="squeeze")(x)  # (batch, steps)
    return keras.Model(vector, x, name="vector_to_sequence")


def build_encoder_decoder(
    *,
    n_source: int,
    n_target: int,
    units: int = 64,
    embedding_dim: int = 16,
    attention: bool | Literal["additive", "dot"] = True,
    direction: Literal["forward", "both"] = "both",
    seed: int | np.random.Generator = 0,
) -> keras.Model:
    r"""Read a sequence of tokens with one GRU, write another with a second one.

    Parameters
    ----------
    n_source, n_target : int
        Sizes of the two vocabularies, padding (token 0) included.
    units : int, default 64
        Size of the decoder's GRU, and of the encoder's in each direction.
    embedding_dim : int, default 16
        Length of the vectors that are learnt for the tokens.
    attention : bool or {"additive", "dot"}, default True
        How the decoder looks back at the source (see Notes); True is "additive". With
        False all that it knows of the source is the state that it starts from.
    direction : {"both", "forward"}
        How the encoder reads. With "both", what it says of a token knows the tokens
        on either side.
    seed : int or numpy.random.Generator, default 0
        What the first weights are drawn from. Keras's own random state is neither
        read nor changed.

    Returns
    -------
    keras.Model
        Built, not compiled; a pair of source ids (batch, source_time) and shifted
        target ids (batch, target_time) to logits (batch, target_time, n_target), for
        any numbers of steps; padding stands after the tokens. The logits carry the
        mask of the shifted target, so that padded steps do not count in a loss such as
        ``SparseCategoricalCrossentropy(from_logits=True)``.

    Raises
    ------
    ValueError
        If a count is less than 1 (less than 2 for a vocabulary), or `attention` or
        `direction` is unknown.

    Notes
    -----
    The decoder starts from :math:`s^{(0)}`, the last state of the encoder (with two
    directions, the two last states through a layer with tanh), and reads the shifted
    target. With the encoder's outputs :math:`h^{(j)}` and the decoder's state
    :math:`s^{(i)}`, the score of "dot" is :math:`s^{(i)} W h^{(j)}`, which Luong et
    al. call general; that of "additive" is
    :math:`v^\top \tanh(W_a s^{(i)} + U_a h^{(j)} + b)`, of Bahdanau et al., who however
    ask with the state before the step, :math:`s^{(i-1)}`, and let the context enter the
    next one. The softmax of the scores over j weighs the :math:`h^{(j)}` in the context
    :math:`c^{(i)}`, and the logits are a linear function of
    :math:`\tanh(W_c [c^{(i)}; s^{(i)}] + b_c)`, as in Luong et al., here without their
    input feeding: the context does not enter the decoder's state, so all steps of a
    given target are computed at once.

    References
    ----------
    K. Cho et al. (2014). Learning phrase representations using RNN encoder-decoder for
    statistical machine translation. EMNLP. I. Sutskever, O. Vinyals and Q. V. Le
    (2014). Sequence to sequence learning with neural networks. NeurIPS 27. D. Bahdanau,
    K. Cho and Y. Bengio (2015). Neural machine translation by jointly learning to align
    and translate. ICLR. M.-T. Luong, H. Pham and C. D. Manning (2015). Effective
    approaches to attention-based neural machine translation. EMNLP.

    Examples
    --------
    >>> model = build_encoder_decoder(n_source=40, n_target=14)
    >>> model.input_shape, model.output_shape
    ([(None, None), (None, None)], (None, None, 14))
    >>> logits = model([np.array([[3, 4, 5, 0]]), np.array([[1, 7, 0]])])
    >>> logits.shape
    TensorShape([1, 3, 14])
    """
    sizes = {
        "source": check_integer(n_source, "n_source", minimum=2),
        "target": check_integer(n_target, "n_target", minimum=2),
    }
    width = check_integer(units, "units", minimum=1)
    dim = check_integer(embedding_dim, "embedding_dim", minimum=1)
    kind = check_choice(attention, "attention", (True, False, "additive", "dot"))
    check_choice(direction, "direction", ("forward", "both"))
    draw = draw_seeds(seed)
    vectors = {
        name: keras.layers.Embedding(
            size,
            dim,
            mask_zero=True,
            embeddings_initializer=keras.initializers.RandomUniform(seed=draw()),
            name=f"{name}_embedding",
        )
        for name, size in sizes.items()
    }
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="shifted_target")

    encoder = _encoder(width, direction, draw)
    memory, *last = encoder(vectors["source"](source))
    # memory: (batch, source_time, units or 2 * units); last: (batch, units) each
    state = last[0]  # (batch, units)
    if direction == "both":
        both = keras.layers.Concatenate(name="last_states")(last)  # (batch, 2 * units)
        state = _dense(width, draw, "first_state", activation="tanh")(both)

    # Given a state, Keras (3.15) hands a recurrent layer no mask: the decoder runs on
    # over padding. That comes last, changes nothing before it, and does not count.
    decoder = _gru(width, draw, "decoder", return_sequences=True, return_state=True)
    x, _ = decoder(vectors["target"](target), initial_state=state)
    # x: (batch, target_time, units)
    if kind is not False:
        x = _attend(x, memory, _attention_layers(kind, width, draw))
    logits = _dense(sizes["target"], draw, "logits")(x)
    # logits: (batch, target_time, n_target)
    return keras.Model([source, target], logits, name="encoder_decoder")


class Translator:
    """A trained encoder-decoder that writes without being told the right target.

    The source is read once; then the decoder makes one step for each new token. The
    weights are those of the model, now and when it is trained further.

    Parameters
    ----------
    model : keras.Model
        What `build_encoder_decoder` returned, or the same loaded from a file.

    Raises
    ------
    ValueError
        If `model` does not have the layers of `build_encoder_decoder`.

    Examples
    --------
    >>> model = build_encoder_decoder(n_source=40, n_target=14, units=8)
    >>> translator = Translator(model)
    >>> sources = np.array([[3, 4, 5], [6, 7, 0]])
    >>> translator.greedy(sources, start_id=1, n_tokens=4).shape
    (2, 4)
    >>> next_logits = translator.next_logits(sources[0])
    >>> next_logits([1]).shape, next_logits([1, 5, 9]).shape
    ((14,), (14,))
    """

    def __init__(self, model: keras.Model) -> None:
        names = [layer.name for layer in model.layers]
        missing = set(_NEEDED) - set(names)
        if missing:
            message = (
                "`model` must be what `build_encoder_decoder` returns, got a model "
                f"without the layers {', '.join(sorted(missing))}. Pass the model "
                "itself, not a wrapper around it."
            )
            raise ValueError(message)
        self._model = model
        self._attends = "attention" in names
        self._n_source, self._n_target = (
            model.get_layer(f"{name}_embedding").input_dim
            for name in ("source", "target")
        )
        memory, *last = model.get_layer("encoder").output
        self._state = (
            model.get_layer("first_state").output if "first_state" in names else last[0]
        )
        self._encoder = keras.Model(model.inputs[0], [self._state, memory])
        self._step = self._step_model(memory.shape[-1])
        self._weights = (
            keras.Model(model.inputs, model.get_layer("attention").output[1])
            if self._attends
            else None
        )

    def greedy(
        self,
        sources: ArrayLike,
        *,
        start_id: int,
        n_tokens: int,
        end_id: int | None = None,
    ) -> NDArray[np.int64]:
        """Write the most probable token at each step, for many sources at once.

        Parameters
        ----------
        sources : integer array of shape (batch, source_time)
            Source ids, 0 where padded.
        start_id : int
            The token that the shifted targets began with in training.
        n_tokens : int
            Tokens to write, at least 1.
        end_id : int, optional
            A token after which a row is finished: zeros follow.

        Returns
        -------
        integer array of shape (batch, n_tokens)
            Without the start token.

        Raises
        ------
        TypeError, ValueError
            If an argument is out of its range.
        """
        n_tokens = check_integer(n_tokens, "n_tokens", minimum=1)
        start = _checked_token(start_id, "start_id", self._n_target)
        end = (
            None if end_id is None else _checked_token(end_id, "end_id", self._n_target)
        )
        ids = _checked_ids(sources, "sources", ndim=2, n_ids=self._n_source)
        state, memory = self._encoder.predict_on_batch(ids)
        token = np.full(len(ids), start)  # (batch,)
        written = np.zeros((len(ids), n_tokens), dtype=np.int64)
        finished = np.zeros(len(ids), dtype=bool)
        for t in range(n_tokens):
            logits, state = self._step.predict_on_batch(
                [token[:, np.newaxis], state, memory, ids]
            )  # (batch, n_target), (batch, units)
            token = np.where(finished, 0, logits.argmax(axis=-1))
            written[:, t] = token
            if end is not None:
                finished |= token == end
                if finished.all():
                    break
        return written

    def next_logits(self, source: ArrayLike) -> Callable[[list[int]], np.ndarray]:
        """Return the function that `generation.beam_search` asks for.

        Parameters
        ----------
        source : integer array of shape (source_time,)
            The ids of one source, read once.

        Returns
        -------
        callable
            Maps the ids written so far, the start token first, to the logits of the
            next one, (n_target,). It remembers the decoder's state after each prefix
            that it has seen, so that one more token costs one step.

        Raises
        ------
        TypeError, ValueError
            If `source` is not such an array, or, from the function, if an id is not
            one of the target's.
        """
        ids = _checked_ids(source, "source", ndim=1, n_ids=self._n_source)
        ids = ids[np.newaxis]  # (1, source_time)
        state, memory = self._encoder.predict_on_batch(ids)
        nothing = np.zeros(self._n_target, state.dtype)  # no token, no logits
        seen: dict[tuple[int, ...], tuple[np.ndarray, np.ndarray]] = {
            (): (nothing, state)
        }

        def next_logits(written: list[int]) -> np.ndarray:
            if not written:
                message = (
                    "`next_logits` needs at least one id, got none. Begin with the "
                    "start token: `beam_search(next_logits, [start_id], ...)`."
                )
                raise ValueError(message)
            given = _checked_ids(written, "written", ndim=1, n_ids=self._n_target)
            prefix = tuple(given.tolist())
            known = len(prefix)
            while prefix[:known] not in seen:
                known -= 1
            logits, now = seen[prefix[:known]]
            for t in range(known, len(prefix)):
                batch, now = self._step.predict_on_batch(
                    [given[np.newaxis, t : t + 1], now, memory, ids]
                )
                logits = batch[0]  # (n_target,)
                seen[prefix[: t + 1]] = logits, now
            return logits.copy()

        return next_logits

    def attention_weights(self, sources: ArrayLike, targets: ArrayLike) -> np.ndarray:
        """Return where the decoder looks while it writes given targets.

        Parameters
        ----------
        sources : integer array of shape (batch, source_time)
            Source ids, 0 where padded.
        targets : integer array of shape (batch, target_time)
            Shifted targets, the start token first.

        Returns
        -------
        ndarray of shape (batch, target_time, source_time)
            Row i holds the weights with which the source is looked at when the token
            *after* ``targets[:, i]`` is predicted; each row sums to 1.

        Raises
        ------
        TypeError, ValueError
            If an argument is out of its range, or the model has no attention.
        """
        if self._weights is None:
            message = (
                "`attention_weights` needs a model with attention, got one without. "
                'Build it with `attention="dot"` or "additive".'
            )
            raise ValueError(message)
        read = _checked_ids(sources, "sources", ndim=2, n_ids=self._n_source)
        written = _checked_ids(targets, "targets", ndim=2, n_ids=self._n_target)
        if len(read) != len(written):
            message = (
                "`sources` and `targets` must have equally many rows, got "
                f"{len(read)} and {len(written)}. Pass one target for each source."
            )
            raise ValueError(message)
        return self._weights.predict_on_batch([read, written])

    def _step_model(self, width: int) -> keras.Model:
        """Return one step of the decoder as a model that shares all weights."""
        layer = self._model.get_layer
        units = layer("decoder").units
        token = keras.Input((1,), dtype="int32")
        state = keras.Input((units,))
        memory = keras.Input((None, width))
        source = keras.Input((None,), dtype="int32")
        x, new_state = layer("decoder")(
            layer("target_embedding")(token), initial_state=state
        )  # (batch, 1, units), (batch, units)
        if self._attends:
            names = [one.name for one in self._model.layers]
            layers = {name: layer(name) for name in _ATTENTION if name in names}
            x = _attend(x, memory, layers, source_mask=keras.ops.not_equal(source, 0))
        logits = layer("logits")(x)[:, 0]  # (batch, n_target)
        return keras.Model([token, state, memory, source], [logits, new_state])


_NEEDED = ("source_embedding", "encoder", "target_embedding", "decoder", "logits")
_ATTENTION = ("query", "key", "attention", "context_and_state", "attentional_state")


def _attention_layers(
    kind: bool | str, units: int, draw: Draw
) -> dict[str, keras.layers.Layer]:
    """Return the layers that `_attend` puts together."""
    layers: dict[str, keras.layers.Layer] = {}
    if kind != "dot":
        layers["query"] = _dense(units, draw, "query", use_bias=False)
        layers["key"] = _dense(units, draw, "key")
        layers["attention"] = _additive_attention(units, draw)
    else:
        layers["key"] = _dense(units, draw, "key", use_bias=False)
        layers["attention"] = keras.layers.Attention(name="attention")
    layers["context_and_state"] = keras.layers.Concatenate(name="context_and_state")
    layers["attentional_state"] = _dense(
        units, draw, "attentional_state", activation="tanh"
    )
    return layers


def _attend(
    states: keras.KerasTensor,
    memory: keras.KerasTensor,
    layers: dict[str, keras.layers.Layer],
    *,
    source_mask: keras.KerasTensor | None = None,
) -> keras.KerasTensor:
    """Let each state of the decoder look at the encoder's outputs.

    Parameters
    ----------
    states : keras.KerasTensor
        Of shape (batch, target_time, units).
    memory : keras.KerasTensor
        Of shape (batch, source_time, width).
    layers : dict of str to keras.layers.Layer
        Those of `_attention_layers`.
    source_mask : keras.KerasTensor, optional
        Of shape (batch, source_time); by default the mask that `memory` carries.

    Returns
    -------
    keras.KerasTensor
        (batch, target_time, units): what the logits are computed from.
    """
    query = layers["query"](states) if "query" in layers else states
    inputs = [query, memory, layers["key"](memory)]
    options = {} if source_mask is None else {"mask": [None, source_mask]}
    context, _ = layers["attention"](inputs, return_attention_scores=True, **options)
    # context: (batch, target_time, width)
    joined = layers["context_and_state"]([context, states])
    return layers["attentional_state"](joined)


def _encoder(units: int, direction: str, draw: Draw) -> keras.layers.Layer:
    """Return the layer that reads the source: its outputs and its last states."""
    options = {"return_sequences": True, "return_state": True}
    if direction == "forward":
        return _gru(units, draw, "encoder", **options)
    return keras.layers.Bidirectional(
        _gru(units, draw, "gru", **options),
        backward_layer=_gru(units, draw, "backward_gru", go_backwards=True, **options),
        name="encoder",
    )


def _gru(units: int, draw: Draw, name: str, **options: bool) -> keras.layers.GRU:
    return keras.layers.GRU(
        units,
        kernel_initializer=keras.initializers.GlorotUniform(seed=draw()),
        recurrent_initializer=keras.initializers.Orthogonal(seed=draw()),
        seed=draw(),
        name=name,
        **options,
    )


def _dense(
    units: int,
    draw: Draw,
    name: str,
    *,
    activation: str | None = None,
    use_bias: bool = True,
) -> keras.layers.Dense:
    return keras.layers.Dense(
        units,
        activation=activation,
        use_bias=use_bias,
        kernel_initializer=keras.initializers.GlorotUniform(seed=draw()),
        name=name,
    )


def _additive_attention(units: int, draw: Draw) -> keras.layers.AdditiveAttention:
    """Return Keras's layer, built, with its scale drawn from a seed.

    The layer (Keras 3.15) takes no initialiser: it draws the scale with a seed from
    Python's global state, which is put back here as it was.
    """
    layer = keras.layers.AdditiveAttention(name="attention")
    state = random.getstate()
    layer.build([(None, None, units)] * 3)
    random.setstate(state)
    initializer = keras.initializers.GlorotUniform(seed=draw())
    layer.scale.assign(initializer((units,)))
    return layer


def _checked_token(token: int, name: str, n_ids: int) -> int:
    """Return the id of a token of the target that is not padding."""
    checked = check_integer(token, name, minimum=1)
    if checked >= n_ids:
        message = (
            f"`{name}` must be less than {n_ids}, the size of the target's vocabulary, "
            f"got {checked}. Take the id from the `Vocabulary` used in training."
        )
        raise ValueError(message)
    return checked


def _checked_ids(
    ids: ArrayLike, name: str, *, ndim: int, n_ids: int
) -> NDArray[np.int64]:
    """Return token ids, from 0 to below `n_ids`, with the right number of axes."""
    array = check_array(ids, name, ndim=ndim)
    if array.dtype.kind not in "iu":
        message = (
            f"`{name}` must hold integer ids, got dtype {array.dtype}. Encode the "
            "tokens with `Vocabulary.encode` and pad them with `text.pad`."
        )
        raise TypeError(message)
    if not array.size:
        message = f"`{name}` must hold at least one id, got shape {array.shape}."
        raise ValueError(message)
    least, greatest = array.min(), array.max()
    if least < 0 or greatest >= n_ids:
        message = (
            f"`{name}` must hold ids from 0 to {n_ids - 1}, the tokens that the "
            f"network knows, got {least if least < 0 else greatest}. Encode the tokens "
            "with the `Vocabulary` used in training."
        )
        raise ValueError(message)
    return array.astype(np.int64)
