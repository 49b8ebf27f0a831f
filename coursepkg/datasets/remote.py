"""Real data sets: found in the user's data folder, or downloaded into it once."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType

import pandas as pd

from coursepkg.datasets import (
    _real_climate,
    _real_images,
    _real_series,
    _real_texts,
)
from coursepkg.datasets._real_files import (
    DatasetError,
    Layout,
    RemoteDataset,
    data_folder,
)
from coursepkg.datasets._real_images import MnistData
from coursepkg.datasets._real_texts import (
    GloveData,
    HamletData,
    ImdbData,
    SentencePairs,
)
from coursepkg.datasets.climate import ClimateData
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
    "fetch_jena_climate",
    "fetch_mnist",
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


def fetch_jena_climate(*, step: str = "60min") -> ClimateData:
    """Read the weather on a roof in Jena, 2009 to 2016.

    Every hour, six columns: pressure, temperature, dew point, relative humidity,
    saturation pressure, wind speed. This table is the same from whichever file is in
    the data folder (`COURSEPKG_DATA`, else the user's cache), which then needs no
    network: "jena_climate_hourly_2009_2016.csv.gz" (read in half a second), the
    official "jena_climate_2009_2016.csv.zip" or the CSV inside it (some seconds).

    Parameters
    ----------
    step : {"60min", "10min"}
        Time between rows. "10min" gives all rows and all 14 columns, and needs one of
        the official files.

    Returns
    -------
    ClimateData
        `.frame` (70,038 hours or, at ten minutes, some 420,000 rows; times "time", in
        order), `.segments`, `.truth` None, and `.sha256` of this table, the same for
        each form of the file.

    Raises
    ------
    ValueError
        If `step` is another.
    DatasetError
        If the file is absent and cannot be downloaded, or is damaged. The message
        names the address, the file name, the folder and the command.

    Warns
    -----
    UserWarning
        If the hourly table is another than the documented one.

    Notes
    -----
    The official file has 420,551 rows. They are put in order of time; of rows with the
    same time the first is kept. The hourly table is every sixth of the rest: values
    of one moment each, not means.

    The station wrote -9999 where a wind speed is missing, in few rows. It is 0 here, in
    both wind columns and at both steps, as is usual with this file: the shortened file
    has it so, and no longer tells which of its 91 calm hours were measured.

    Rows are missing at some times, so that not all steps are equal: where one is
    longer, `.segments` changes, at five places of the hourly table, by up to three
    days. After each, the hourly rows have another minute of the hour.

    References
    ----------
    Max Planck Institute for Biogeochemistry, Jena, www.bgc-jena.mpg.de/wetter; as
    packed by F. Chollet (2018) for *Deep Learning with Python*.

    Examples
    --------
    >>> from coursepkg import datasets
    >>> datasets.fetch_jena_climate()  # doctest: +SKIP
    ClimateData(70,038 rows, 60 minutes each, 2009-01-01 to 2016-12-31, real)
    """
    ten_minutes = _checked_jena_step(step)
    tables: _real_climate.JenaTables = DATASETS["jena_climate"].fetch(
        complete=ten_minutes
    )
    if ten_minutes and tables.ten_minutes is not None:
        return tables.ten_minutes
    return tables.hourly


def fetch_mnist() -> MnistData:
    """Read 70,000 images of handwritten digits, in the official split.

    A copy in the data folder (`COURSEPKG_DATA`, else the user's cache) is used without
    any network: "mnist.npz", or the four official files "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz", "t10k-images-idx3-ubyte.gz" and
    "t10k-labels-idx1-ubyte.gz", or these unpacked, without ".gz".

    Returns
    -------
    MnistData
        `.x_train` (60000, 28, 28) and `.x_test` (10000, 28, 28), float32 in [0, 1];
        `.y_train` and `.y_test`, the digits; `.sha256` of all pixels and labels.

    Raises
    ------
    DatasetError
        If a file is absent and cannot be downloaded, or is damaged. The message
        names the address, the file name, the folder and the command.

    Warns
    -----
    UserWarning
        If the images or labels are not the documented ones.

    References
    ----------
    Y. LeCun, L. Bottou, Y. Bengio and P. Haffner (1998), "Gradient-based learning
    applied to document recognition", *Proceedings of the IEEE* 86, 2278-2324.

    Examples
    --------
    >>> from coursepkg import datasets
    >>> datasets.fetch_mnist()  # doctest: +SKIP
    MnistData(60,000 training and 10,000 test images)
    """
    mnist: MnistData = DATASETS["mnist"].fetch()
    return mnist


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


def _checked_jena_step(step: str) -> bool:
    """Return whether the rows of ten minutes are wanted, not the hours."""
    try:
        minutes = pd.Timedelta(step) / pd.Timedelta("1min")
    except (ValueError, TypeError):
        minutes = None
    if minutes not in (10, 60):
        message = (
            f'`step` must be "60min" or "10min", got {step!r}. Take every k-th row of '
            'the frame and of the segments of "10min" for another.'
        )
        raise ValueError(message)
    return minutes == 10


# Digests of what the documented editions hold, however they are packed.
_IMDB_CONTENT = "c8cc8e23065f8761c2f61264c97f600a1835f0ce791b99b8a4ba3338b781ae7e"
_GLOVE_CONTENT = "c2b11ee9a6c2481c214a6bf19acd06e8426cdbdf26f8abda9d205c24cf8a03fd"

_JENA_CONTENT = "29ac17305991f17df8ad287e4949e0518c4de54f609b02fca285c51b50ed990e"
_MNIST_CONTENT = "06b0d1f124c4e5fa796686ade41a9b778edacc8622f2195a352ef479ad44fc16"

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
        "jena_climate": RemoteDataset(
            name="jena_climate",
            title="The weather on a roof in Jena, 2009-2016",
            licence="none stated; credit the Max Planck Institute for Biogeochemistry",
            parts=(
                (
                    Layout(
                        file="jena_climate_hourly_2009_2016.csv.gz",
                        sha256=(
                            "df66d70fa7a68f6d23d6cc77134b0d2b"
                            "b4bbd835de3f985a9cb2abf4aa9856e3"
                        ),
                        read=partial(_real_climate.read_jena_hourly, n_rows=70_038),
                        content_sha256=_JENA_CONTENT,
                        size=1_144_797,
                        complete=False,
                    ),
                    Layout(
                        file=_real_climate.JENA_CSV,
                        sha256=None,
                        read=partial(_real_climate.read_jena_csv, n_rows=420_551),
                        content_sha256=_JENA_CONTENT,
                    ),
                    Layout(
                        file=f"{_real_climate.JENA_CSV}.zip",
                        sha256=None,
                        read=partial(_real_climate.read_jena_archive, n_rows=420_551),
                        content_sha256=_JENA_CONTENT,
                        url=(
                            "https://storage.googleapis.com/tensorflow/"
                            "tf-keras-datasets/jena_climate_2009_2016.csv.zip"
                        ),
                        size=13_568_290,
                    ),
                ),
            ),
            combine=lambda tables: tables,
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
        "mnist": RemoteDataset(
            name="mnist",
            title="70,000 images of handwritten digits",
            licence="CC BY-SA 3.0, as commonly given; credit LeCun, Cortes and Burges",
            parts=(
                (
                    Layout(
                        file="mnist.npz",
                        sha256=(  # as Keras checks it
                            "731c5ac602752760c8e48fbffcf8c3b8"
                            "50d9dc2a2aedcf2cc48468fc17b673d1"
                        ),
                        read=partial(
                            _real_images.read_mnist_npz, n_train=60_000, n_test=10_000
                        ),
                        content_sha256=_MNIST_CONTENT,
                        url=(
                            "https://storage.googleapis.com/tensorflow/"
                            "tf-keras-datasets/mnist.npz"
                        ),
                        size=11_490_434,
                    ),
                    Layout(
                        file=f"{_real_images.IDX_FILES[0]}.gz",
                        sha256=(
                            "440fcabf73cc546fa21475e81ea37026"
                            "5605f56be210a4024d2ca8f203523609"
                        ),
                        read=partial(
                            _real_images.read_mnist_idx, n_train=60_000, n_test=10_000
                        ),
                        content_sha256=_MNIST_CONTENT,
                        size=11_594_722,
                        beside={
                            f"{_real_images.IDX_FILES[1]}.gz": (
                                "3552534a0a558bbed6aed32b30c495cc"
                                "a23d567ec52cac8be1a0730e8010255c"
                            ),
                            f"{_real_images.IDX_FILES[2]}.gz": (
                                "8d422c7b0a1c1c79245a5bcf07fe86e3"
                                "3eeafee792b84584aec276f5a2dbc4e6"
                            ),
                            f"{_real_images.IDX_FILES[3]}.gz": (
                                "f7ae60f92e00ec6debd23a6088c31dbd"
                                "2371eca3ffa0defaefb259924204aec6"
                            ),
                        },
                    ),
                    Layout(
                        file=_real_images.IDX_FILES[0],
                        sha256=None,
                        read=partial(
                            _real_images.read_mnist_idx, n_train=60_000, n_test=10_000
                        ),
                        content_sha256=_MNIST_CONTENT,
                        beside=dict.fromkeys(_real_images.IDX_FILES[1:]),
                    ),
                ),
            ),
            combine=lambda mnist: mnist,
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
