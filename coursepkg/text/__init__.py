"""From texts to integers, vectors and batches.

A text is cut into tokens (`tokenize_words`, `tokenize_characters`, `ngrams`), a
`Vocabulary` learned from the training texts gives each token an integer, and `pad`,
`bucket_by_length` or `contiguous_batches` make arrays of them. `BytePairEncoder` does
the first two steps at once, without any unknown token. In both, 0 is padding.

Bags of words are vectors of counts: `one_hot`, `multi_hot`, `count_vectors`, `tf_idf`,
and `hashed` where there is no vocabulary. `read_glove` and `read_word2vec` fetch the
published vectors of a vocabulary's words.

Lone surrogates, halves of characters that no file can hold, are refused everywhere.
"""

from coursepkg.text.batching import bucket_by_length, contiguous_batches
from coursepkg.text.byte_pairs import BytePairEncoder
from coursepkg.text.encodings import count_vectors, hashed, multi_hot, one_hot, tf_idf
from coursepkg.text.padding import pad
from coursepkg.text.tokens import ngrams, tokenize_characters, tokenize_words
from coursepkg.text.vectors import (
    read_glove,
    read_word2vec,
    write_glove,
    write_word2vec,
)
from coursepkg.text.vocabulary import Vocabulary

__all__ = [
    "BytePairEncoder",
    "Vocabulary",
    "bucket_by_length",
    "contiguous_batches",
    "count_vectors",
    "hashed",
    "multi_hot",
    "ngrams",
    "one_hot",
    "pad",
    "read_glove",
    "read_word2vec",
    "tf_idf",
    "tokenize_characters",
    "tokenize_words",
    "write_glove",
    "write_word2vec",
]
