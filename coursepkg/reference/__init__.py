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

from coursepkg.reference.attention import (
    AdditiveAttentionCache,
    AttentionGradients,
    DotAttentionCache,
    additive_attention_backward,
    additive_attention_forward,
    dot_attention_backward,
    dot_attention_forward,
)
from coursepkg.reference.conv1d import (
    Conv1DCache,
    Conv1DGradients,
    conv1d_backward,
    conv1d_forward,
)
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
from coursepkg.reference.pooling1d import (
    PoolingCache,
    average_pool1d_backward,
    average_pool1d_forward,
    global_average_pool1d_backward,
    global_average_pool1d_forward,
    global_max_pool1d_backward,
    global_max_pool1d_forward,
    max_pool1d_backward,
    max_pool1d_forward,
)
from coursepkg.reference.simple_rnn import (
    SimpleRNNCache,
    SimpleRNNGradients,
    simple_rnn_backward,
    simple_rnn_forward,
)

__all__ = [
    "AdditiveAttentionCache",
    "AttentionGradients",
    "Conv1DCache",
    "Conv1DGradients",
    "DotAttentionCache",
    "GRUCache",
    "GRUGates",
    "GRUGradients",
    "GradientCheck",
    "LSTMCache",
    "LSTMGates",
    "LSTMGradients",
    "PoolingCache",
    "SimpleRNNCache",
    "SimpleRNNGradients",
    "additive_attention_backward",
    "additive_attention_forward",
    "average_pool1d_backward",
    "average_pool1d_forward",
    "conv1d_backward",
    "conv1d_forward",
    "dot_attention_backward",
    "dot_attention_forward",
    "global_average_pool1d_backward",
    "global_average_pool1d_forward",
    "global_max_pool1d_backward",
    "global_max_pool1d_forward",
    "gradient_check",
    "gru_backward",
    "gru_forward",
    "lstm_backward",
    "lstm_forward",
    "max_pool1d_backward",
    "max_pool1d_forward",
    "numerical_gradient",
    "simple_rnn_backward",
    "simple_rnn_forward",
]
