"""Layers in NumPy, forward and backward, equal to those of Keras.

Each layer is two functions. ``outputs, cache = lstm_forward(x, *layer.get_weights())``
computes what the Keras layer computes; ``gradients = lstm_backward(d_outputs, cache)``
computes by the chain rule what automatic differentiation computes. Weights have the
order and the packing of Keras. Nothing here is fast, and nothing is hidden.

Masks mean what they mean to Keras on a CPU. On a graphics card Keras may hand LSTM and
GRU to cuDNN, which takes right-padded masks only.

`numerical_gradient` and `gradient_check` tell whether a gradient is right without
knowing how it was found.
"""

from coursepkg.reference.gradient_check import (
    GradientCheck,
    gradient_check,
    numerical_gradient,
)
from coursepkg.reference.gru import (
    GRUCache,
    GRUGates,
    GRUGradients,
    gru_backward,
    gru_forward,
)
from coursepkg.reference.lstm import (
    LSTMCache,
    LSTMGates,
    LSTMGradients,
    lstm_backward,
    lstm_forward,
)
from coursepkg.reference.simple_rnn import (
    SimpleRNNCache,
    SimpleRNNGradients,
    simple_rnn_backward,
    simple_rnn_forward,
)

__all__ = [
    "GRUCache",
    "GRUGates",
    "GRUGradients",
    "GradientCheck",
    "LSTMCache",
    "LSTMGates",
    "LSTMGradients",
    "SimpleRNNCache",
    "SimpleRNNGradients",
    "gradient_check",
    "gru_backward",
    "gru_forward",
    "lstm_backward",
    "lstm_forward",
    "numerical_gradient",
    "simple_rnn_backward",
    "simple_rnn_forward",
]
