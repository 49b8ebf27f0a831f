"""Real data sets: found in the user's data folder, or downloaded into it once."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType

from coursepkg.datasets import _real_series, _real_texts
from coursepkg.datasets._real_files import (
    DatasetError,
    Layout,
    RemoteDataset,
    data_folder,
)
from coursepkg.datasets._real_texts import (
    GloveData,
    HamletData,
    ImdbData,
    SentencePairs,
)
from coursepkg.datasets.transit import TransitData

__all__ = [
    "DATASETS",
    "DatasetError",
    "Layout",
    "RemoteDataset",
    "data_folder",
    "fetch_glove",
    "fetch_hamlet",
    "fetch_imdb",
    "fetch_ridership",
    "fetch_spanish_english",
]


def fetch_ridership() -> TransitData:
    """Read the daily ridership of Chicago's buses and trains, 2001 to 2021.

    The official file holds 7,701 rows out of order, 62 of them twice: the frame has
    7,639 days in order. A copy in the data folder (`COURSEPKG_DATA`, else the user's
    cache) is used without any network: "ridership.tgz" or the CSV inside it.

    Returns
    -------
    TransitData
        `.frame` (day_type, bus, rail), `.truth` None, and `.sha256` of the CSV,
        the same for both forms of the file.

    Raises
    ------
    DatasetError
        If the file is absent and cannot be downloaded, or is damaged. The message
        names the address, the file name, the folder and the command.

    Warns
    -----
    UserWarning
        If the file is another edition than the documented one.

    References
    ----------
    Chicago Transit Authority, "CTA - Ridership - Daily Boarding Totals", Chicago
    Data Portal; as packed by A. Géron (2022) for *Hands-On Machine Learning*.
    """
    transit = DATASETS["ridership"].fetch()
    return TransitData(transit.frame, truth=None, sha256=transit.sha256)


def fetch_imdb() -> ImdbData:
    """Read 50,000 film reviews with their sentiment, in the official split.

    The official archive is read in its own order of ids, not of its members: train
    before test, negative before positive, so that it gives exactly what the table of
    the same reviews gives. A copy in the data folder (`COURSEPKG_DATA`, else the
    user's cache) is used without any network: "imdb_reviews.csv.gz" (a second) or
    "aclImdb_v1.tar.gz" (some seconds; it is not unpacked).

    Returns
    -------
    ImdbData
        `.train_texts`, `.train_labels`, `.test_texts`, `.test_labels` (25,000 each)
        and `.sha256` of all texts and labels.

    Raises
    ------
    DatasetError
        If the file is absent and cannot be downloaded, or is damaged. The message
        names the address, the file name, the folder and the command.

    Warns
    -----
    UserWarning
        If the file is another edition than the documented one.

    References
    ----------
    A. L. Maas, R. E. Daly, P. T. Pham, D. Huang, A. Y. Ng and C. Potts (2011),
    "Learning word vectors for sentiment analysis", *ACL*, 142-150.
    """
    imdb: ImdbData = DATASETS["imdb"].fetch()
    return imdb


def fetch_hamlet() -> HamletData:
    """Read Shakespeare's Hamlet as the First Folio of 1623 spells it.

    The play is found by its title above the first act and ends with its own last
    line, so a revised header of Project Gutenberg changes nothing: 162,849 characters,
    65 different ones. A copy in the data folder (`COURSEPKG_DATA`, else the user's
    cache) is used without any network: "pg2265.txt".

    Returns
    -------
    HamletData
        `.text` and its `.sha256`.

    Raises
    ------
    DatasetError
        If the file is absent and cannot be downloaded, or is damaged. The message
        names the address, the file name, the folder and the command.

    Warns
    -----
    UserWarning
        If the play itself differs from the documented edition.

    References
    ----------
    W. Shakespeare, *Hamlet*, First Folio, Project Gutenberg etext 2265; as used by
    S. Raschka and V. Mirjalili (2017) for *Python Machine Learning*, 2nd edition.
    """
    hamlet: HamletData = DATASETS["hamlet"].fetch()
    return hamlet


def fetch_glove() -> GloveData:
    """Find the word vectors "GloVe 6B" with 50 numbers a word.

    The file is looked through, line by line, and stays where it is: `text.read_glove`
    takes from it the words of a vocabulary. Files in the data folder
    (`COURSEPKG_DATA`, else the user's cache) are used without any network, the first
    of these that is there: the official "glove.6B.zip" and the "glove.6B.50d.txt" in
    it have 400,000 words, "glove.6B.50d.10k.txt.gz" the 10,000 most frequent ones.

    Returns
    -------
    GloveData
        `.path` and `.member` for `text.read_glove`, `.n_words`, `.dimension`, and
        `.sha256` of the first 10,000 words and their vectors.

    Raises
    ------
    DatasetError
        If the file is absent and cannot be downloaded, or is damaged. The message
        names the address, the file name, the folder and the command.

    Warns
    -----
    UserWarning
        If the first 10,000 words or their vectors are not the documented ones.

    References
    ----------
    J. Pennington, R. Socher and C. D. Manning (2014), "GloVe: Global vectors for word
    representation", *EMNLP*, 1532-1543.

    Examples
    --------
    >>> from coursepkg import datasets, text
    >>> vocabulary = text.Vocabulary.from_tokens([["king", "queen"]])
    >>> glove = datasets.fetch_glove()  # doctest: +SKIP
    >>> matrix, found = text.read_glove(
    ...     glove.path, vocabulary, member=glove.member
    ... )  # doctest: +SKIP
    """
    glove: GloveData = DATASETS["glove"].fetch()
    return glove


def fetch_spanish_english() -> SentencePairs:
    """Read 118,964 English sentences with a Spanish translation each.

    A copy in the data folder (`COURSEPKG_DATA`, else the user's cache) is used
    without any network: "spa-eng.zip". What is recognised is the list inside; the
    archive may have been packed anew.

    Returns
    -------
    SentencePairs
        `.pairs` of (English, Spanish), and `.sha256` of the list.

    Raises
    ------
    DatasetError
        If the file is absent and cannot be downloaded, or is damaged. The message
        names the address, the file name, the folder and the command.

    Warns
    -----
    UserWarning
        If the list is another edition than that of May 2018.

    References
    ----------
    Tatoeba project, tatoeba.org, as arranged by C. Kelly, www.manythings.org/anki.
    """
    pairs: SentencePairs = DATASETS["spanish_english"].fetch()
    return pairs


# Digests of what the documented editions hold, however they are packed.
_IMDB_CONTENT = "c8cc8e23065f8761c2f61264c97f600a1835f0ce791b99b8a4ba3338b781ae7e"
_GLOVE_CONTENT = "c2b11ee9a6c2481c214a6bf19acd06e8426cdbdf26f8abda9d205c24cf8a03fd"

_read_glove = partial(_real_texts.read_glove_file, dimension=50, n_digested=10_000)

DATASETS: Mapping[str, RemoteDataset] = MappingProxyType(
    {
        "ridership": RemoteDataset(
            name="ridership",
            title="Daily boardings of Chicago's buses and trains, 2001-2021",
            licence="City of Chicago Data Portal terms of use",
            parts=(
                (
                    Layout(
                        file=_real_series.RIDERSHIP_CSV,
                        sha256=(
                            "34faaba085ca21434b7dd3e0abcbaf8c"
                            "de5be3a4f170dda1c8caef72c5c4bd06"
                        ),
                        read=_real_series.read_ridership_csv,
                        size=268_584,
                    ),
                    Layout(
                        file="ridership.tgz",
                        sha256=(
                            "0ff99f3dddd886ddea161b68f25f90b5"
                            "6b0468f5c91949b75376fb494516c794"
                        ),
                        read=_real_series.read_ridership_archive,
                        url="https://github.com/ageron/data/raw/main/ridership.tgz",
                        size=108_512,
                    ),
                ),
            ),
            combine=lambda transit: transit,
        ),
        "imdb": RemoteDataset(
            name="imdb",
            title="50,000 film reviews, praise or blame",
            licence="none stated; free for research, cite Maas et al. (2011)",
            parts=(
                (
                    Layout(
                        file="imdb_reviews.csv.gz",
                        sha256=(
                            "a465710fc0c2204b8fe59b54e96694e9"
                            "9c2cebf94c782fc6a8b46431a1b86c67"
                        ),
                        read=partial(_real_texts.read_imdb_csv, n_per_label=12_500),
                        content_sha256=_IMDB_CONTENT,
                        size=25_363_909,
                    ),
                    Layout(
                        file="aclImdb_v1.tar.gz",
                        sha256=None,
                        read=partial(_real_texts.read_imdb_archive, n_per_label=12_500),
                        content_sha256=_IMDB_CONTENT,
                        url=(
                            "https://ai.stanford.edu/~amaas/data/sentiment/"
                            "aclImdb_v1.tar.gz"
                        ),
                        size=84_125_825,
                    ),
                ),
            ),
            combine=lambda imdb: imdb,
        ),
        "hamlet": RemoteDataset(
            name="hamlet",
            title="Shakespeare's Hamlet, First Folio text",
            licence="public domain (Project Gutenberg's terms are in the file)",
            parts=(
                (
                    Layout(
                        file="pg2265.txt",
                        sha256=None,  # its header is revised now and then
                        read=partial(
                            _real_texts.read_hamlet, n_characters=(150_000, 180_000)
                        ),
                        content_sha256=(
                            "2646ed167a9420283bd955f0a31f789c"
                            "c0294a0cf38f76758d864f4f8b97d84c"
                        ),
                        url="https://www.gutenberg.org/cache/epub/2265/pg2265.txt",
                        size=178_707,
                    ),
                ),
            ),
            combine=lambda hamlet: hamlet,
        ),
        "glove": RemoteDataset(
            name="glove",
            title="Word vectors GloVe 6B, 50 numbers each of 400,000 words",
            licence="PDDL 1.0; cite Pennington, Socher and Manning (2014)",
            parts=(
                (
                    Layout(
                        file="glove.6B.zip",
                        sha256=None,
                        read=partial(
                            _read_glove, n_words=400_000, member="glove.6B.50d.txt"
                        ),
                        content_sha256=_GLOVE_CONTENT,
                        url="https://nlp.stanford.edu/data/glove.6B.zip",
                        size=862_182_613,
                    ),
                    Layout(
                        file="glove.6B.50d.txt",
                        sha256=None,
                        read=partial(_read_glove, n_words=400_000),
                        content_sha256=_GLOVE_CONTENT,
                    ),
                    Layout(
                        file="glove.6B.50d.10k.txt.gz",
                        sha256=(
                            "db2a4e774b5f8a71b1b124f6fdaa482a"
                            "05cc352c43ababac819b8e177ad08f25"
                        ),
                        read=partial(_read_glove, n_words=10_000),
                        content_sha256=_GLOVE_CONTENT,
                        size=1_691_956,
                    ),
                ),
            ),
            combine=lambda glove: glove,
        ),
        "spanish_english": RemoteDataset(
            name="spanish_english",
            title="118,964 English sentences and their Spanish translations",
            licence="CC BY 2.0 FR; credit tatoeba.org and www.manythings.org/anki",
            parts=(
                (
                    Layout(
                        file="spa-eng.zip",
                        sha256=None,  # the same list is packed in several archives
                        read=partial(
                            _real_texts.read_sentence_pairs,
                            member="spa-eng/spa.txt",
                            n_pairs=118_964,
                        ),
                        content_sha256=(
                            "6ec60e212f812ee3430f7568ea6f33b6"
                            "fb080e32193c5952e8da0ee8ba45574c"
                        ),
                        url=(
                            "https://storage.googleapis.com/download.tensorflow.org/"
                            "data/spa-eng.zip"
                        ),
                        size=2_638_744,
                    ),
                ),
            ),
            combine=lambda pairs: pairs,
        ),
    }
)
