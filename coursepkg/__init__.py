"""The companion package of the course *Deep Learning for Sequences*.

The chapters compose what is here; every part is a room of its own, imported by name,
as in ``from coursepkg import datasets, windows``. Data flows one way through them.

=============== ======================================================================
room            what it holds
=============== ======================================================================
``datasets``    series, texts and tasks: generated, embedded or fetched, with the truth
``windows``     splits in time, forecast origins, windows, scaling, batches of windows
``text``        tokenizers, vocabularies, encodings, byte-pair encoding, batching
``reference``   recurrent, convolutional and attention layers in NumPy, with gradients
``models``      functions that return a built, uncompiled Keras model
``training``    runs repeated over seeds, recorded results, probes of gradients
``baselines``   the simple methods that a network has to beat
``metrics``     the field's metrics
``evaluation``  bands over seeds, tables of models and metrics, backtests, intervals
``generation``  sampling and beam search over any function of next logits
``plots``       figures drawn from arrays
``exercises``   the checks that grade a student's function
``studies``     one module a case study
=============== ======================================================================

Importing the package, or any room but ``models``, ``training`` and ``studies``, loads
no TensorFlow. ``python -m coursepkg doctor`` checks an installation.
"""

__version__ = "0.1.0"
