"""Real images: four files or one archive give the same digits, or are refused."""

import gzip
import hashlib
import io
import os
import shutil
import tempfile
import warnings
import zipfile
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pooch
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coursepkg import datasets
from coursepkg.datasets import _real_images, remote
from coursepkg.datasets._archives import DAMAGE

REAL_FOLDER = os.environ.get("COURSEPKG_DATA", "")
NPZ = "mnist.npz"
PLAIN = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
PACKED = tuple(f"{name}.gz" for name in PLAIN)
IMAGES, LABELS = PACKED[0], PACKED[3]  # of training and of test
URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"
COMMAND = "python -m coursepkg data fetch mnist"
N_TRAIN, N_TEST = 12, 5  # what the small files hold
SIZES = {"n_train": N_TRAIN, "n_test": N_TEST}
READERS = {
    NPZ: partial(_real_images.read_mnist_npz, **SIZES),
    PACKED[0]: partial(_real_images.read_mnist_idx, **SIZES),
    PLAIN[0]: partial(_real_images.read_mnist_idx, **SIZES),
}


# Small files of the official layouts.


def small_arrays():
    """Return a few random images and labels under the names of the archive."""
    rng = np.random.default_rng(0)
    return {
        "x_train": rng.integers(0, 256, (N_TRAIN, 28, 28), dtype=np.uint8),
        "y_train": np.arange(N_TRAIN, dtype=np.uint8) % 10,
        "x_test": rng.integers(0, 256, (N_TEST, 28, 28), dtype=np.uint8),
        "y_test": np.arange(N_TEST, dtype=np.uint8),
    }


ARRAYS = small_arrays()


def as_idx(array, kind=8):
    """Return the bytes of an idx file: zeros, kind, axes, sizes, values."""
    header = bytes([0, 0, kind, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    return header + array.tobytes()


def as_npz(**changes):
    """Return the bytes of an archive of arrays; None leaves one out."""
    arrays = {**ARRAYS, **changes}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **{k: a for k, a in arrays.items() if a is not None})
    return buffer.getvalue()


def as_zip(members):
    """Return the bytes of a zip archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def as_npy(array):
    """Return the bytes of one array."""
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array)
    return buffer.getvalue()


NPY = {f"{name}.npy": as_npy(array) for name, array in ARRAYS.items()}
IDX = dict(zip(PLAIN, map(as_idx, ARRAYS.values()), strict=True))
GZ = {f"{name}.gz": gzip.compress(content, mtime=0) for name, content in IDX.items()}
LAYOUTS = {"archive": {NPZ: as_npz()}, "packed": GZ, "plain": IDX}


def small_registry(content_sha256=None):
    """Return the registry for small files, with the digest of the content if given."""
    known = remote.DATASETS["mnist"]
    (part,) = known.parts
    layouts = tuple(
        replace(
            layout,
            read=READERS[layout.file],
            sha256=None,
            beside=dict.fromkeys(layout.beside),
            content_sha256=content_sha256,
        )
        for layout in part
    )
    return {"mnist": replace(known, parts=(layouts,))}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return an empty data folder; small files are right, downloads are refused."""
    monkeypatch.setenv("COURSEPKG_DATA", str(tmp_path))
    monkeypatch.setattr(remote, "DATASETS", small_registry())

    def refuse(**_):
        pytest.fail("something was downloaded over a file that is there")

    monkeypatch.setattr(pooch, "retrieve", refuse)
    return tmp_path


def fetch_quietly():
    """Fetch an edition that is not the documented one."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return datasets.fetch_mnist()


def put(folder, files):
    """Let these be the only files in the folder."""
    for old in folder.iterdir():
        old.unlink()
    for name, content in files.items():
        (folder / name).write_bytes(content)


# Files that are as documented.


@pytest.mark.parametrize("layout", LAYOUTS)
def test_each_layout_gives_the_same_images(folder, layout):
    """Pixels in [0, 1], labels, one digest of the bytes; fresh arrays."""
    put(folder, LAYOUTS[layout])
    mnist = fetch_quietly()
    for part in ("train", "test"):
        images, labels = getattr(mnist, f"x_{part}"), getattr(mnist, f"y_{part}")
        pixels = ARRAYS[f"x_{part}"]
        assert images.dtype == np.float32
        assert labels.dtype == np.int64
        assert images.min() >= 0
        assert images.max() <= 1
        np.testing.assert_array_equal(np.rint(images * 255), pixels)
        np.testing.assert_array_equal(images, pixels.astype(np.float32) / 255)
        np.testing.assert_array_equal(labels, ARRAYS[f"y_{part}"])
        assert images.flags.writeable
        assert labels.flags.writeable
    raw = b"".join(array.tobytes() for array in ARRAYS.values())
    assert mnist.sha256 == hashlib.sha256(raw).hexdigest()
    assert repr(mnist) == "MnistData(12 training and 5 test images)"


def test_labels_and_pixels_make_the_digest(folder):
    """One pixel more or another label is another edition."""
    digests = set()
    for name in ARRAYS:
        other = ARRAYS[name].copy()
        other.flat[3] = (int(other.flat[3]) + 1) % 10
        put(folder, {NPZ: as_npz(**{name: other})})
        digests.add(fetch_quietly().sha256)
    assert len(digests) == 4


@settings(max_examples=20)
@given(data=st.data())
def test_layouts_agree_on_any_images(data):
    """What a computer can write into one layout, it can read from the others."""
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    sizes = {name: data.draw(st.integers(1, 4)) for name in ("n_train", "n_test")}
    arrays = [
        array
        for n in sizes.values()
        for array in (
            rng.integers(0, 256, (n, 28, 28), dtype=np.uint8),
            rng.integers(0, 10, n, dtype=np.uint8),
        )
    ]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for name, array in zip(PLAIN, arrays, strict=True):
            (folder / name).write_bytes(as_idx(array))
            (folder / f"{name}.gz").write_bytes(gzip.compress(as_idx(array)))
        (folder / NPZ).write_bytes(as_npz(**dict(zip(ARRAYS, arrays, strict=True))))
        results = [
            _real_images.read_mnist_npz(folder / NPZ, **sizes),
            _real_images.read_mnist_idx(folder / PLAIN[0], **sizes),
            _real_images.read_mnist_idx(folder / PACKED[0], **sizes),
        ]
    assert len({mnist.sha256 for mnist in results}) == 1
    for mnist in results[1:]:
        for name in ARRAYS:
            np.testing.assert_array_equal(
                getattr(mnist, name), getattr(results[0], name)
            )


# Which files are used.


@pytest.mark.parametrize("missing", range(4))
def test_three_of_the_four_files_are_not_enough(folder, missing):
    """A set counts when it is complete, and packed and plain files do not mix."""
    files = {name: GZ[name] for name in PACKED if name != PACKED[missing]}
    put(folder, {**files, PLAIN[missing]: IDX[PLAIN[missing]]})
    assert not remote.DATASETS["mnist"].is_present()
    put(folder, {**files, **LAYOUTS["archive"]})
    assert remote.DATASETS["mnist"].is_present()
    fetch_quietly()


def test_set_whose_digests_are_right_is_preferred(folder, monkeypatch):
    """An archive of another edition stands back behind the documented four files."""
    put(folder, {NPZ: b"not the data", **GZ})
    digests = {name: hashlib.sha256(GZ[name]).hexdigest() for name in PACKED}
    pin(monkeypatch, digests)
    datasets.fetch_mnist()
    digests[LABELS] = "0" * 64  # one of the four is another one
    pin(monkeypatch, digests)
    with pytest.raises(datasets.DatasetError, match="mnist.npz is not the data set"):
        datasets.fetch_mnist()


def pin(monkeypatch, digests):
    """Put digests of the archive and of the packed files into the registry."""
    known = small_registry()["mnist"]
    (archive, packed, plain) = known.parts[0]
    archive = replace(archive, sha256="1" * 64)
    beside = {name: digests[name] for name in PACKED[1:]}
    packed = replace(packed, sha256=digests[PACKED[0]], beside=beside)
    parts = ((archive, packed, plain),)
    monkeypatch.setattr(remote, "DATASETS", {"mnist": replace(known, parts=parts)})


def test_file_beside_of_another_edition_is_named(folder, monkeypatch):
    """Without a digest of the content, the warning names the file that differs."""
    put(folder, GZ)
    digests = {name: hashlib.sha256(GZ[name]).hexdigest() for name in PACKED}
    found = digests[LABELS]
    digests[LABELS] = "0" * 64
    pin(monkeypatch, digests)
    with pytest.warns(UserWarning, match="differs in its SHA-256") as caught:
        datasets.fetch_mnist()
    assert LABELS in str(caught[0].message)
    assert found in str(caught[0].message)
    assert caught[0].filename == __file__


@pytest.mark.parametrize("layout", LAYOUTS)
def test_documented_images_are_recognised_in_each_layout(folder, layout, monkeypatch):
    """With the content pinned, files are read in silence, others with a warning."""
    put(folder, LAYOUTS[layout])
    digest = fetch_quietly().sha256
    monkeypatch.setattr(remote, "DATASETS", small_registry(digest))
    datasets.fetch_mnist()
    monkeypatch.setattr(remote, "DATASETS", small_registry("0" * 64))
    with pytest.warns(UserWarning, match="holds another edition") as caught:
        datasets.fetch_mnist()
    assert digest in str(caught[0].message)
    assert caught[0].filename == __file__


# Files that are not what they should be.


def forged(old, new):
    """Return an archive whose header of the training images was tampered with."""
    return {NPZ: as_zip({**NPY, "x_train.npy": NPY["x_train.npy"].replace(old, new)})}


def without(name):
    """Return the archive's members without one."""
    return {one: content for one, content in NPY.items() if one != name}


class Mine:
    """A thing that, unpickled, would show itself."""

    def __reduce__(self):
        """Tell pickle to fail the test."""
        return pytest.fail, ("something was unpickled",)


BOX = np.array([Mine()] * N_TRAIN, dtype=object)
ARCHIVE = LAYOUTS["archive"][NPZ]
TEN = np.full(N_TEST, 10, np.uint8)

DAMAGED = {
    "archive: empty": ({NPZ: b""}, "zip"),
    "archive: cut short": ({NPZ: ARCHIVE[: len(ARCHIVE) // 2]}, "zip"),
    "archive: corrupted": ({NPZ: ARCHIVE[:900] + b"\0" * 60 + ARCHIVE[960:]}, "."),
    "archive: a web page": ({NPZ: b"<!DOCTYPE html>\n" * 100}, "zip"),
    "archive: an array missing": (
        {NPZ: as_npz(y_test=None)},
        "holds no file y_test.npy",
    ),
    "archive: climbing member": (
        {NPZ: as_zip({**without("y_test.npy"), "../y_test.npy": NPY["y_test.npy"]})},
        "holds no file y_test.npy",
    ),
    "archive: shape": (
        {NPZ: as_npz(x_train=ARRAYS["x_train"][:-1])},
        r"x_train is uint8 of shape \(11, 28, 28\), not uint8 of shape \(12, 28, 28\)",
    ),
    "archive: flat": ({NPZ: as_npz(x_test=ARRAYS["x_test"].reshape(5, 784))}, "784"),
    "archive: floats": ({NPZ: as_npz(x_test=ARRAYS["x_test"] / 255)}, "is float64"),
    "archive: pickled": ({NPZ: as_npz(y_train=BOX)}, "y_train cannot be read"),
    "archive: a label": ({NPZ: as_npz(y_test=TEN)}, "a label of y_test is not 0 to 9"),
    "archive: no array": ({NPZ: as_zip({**NPY, "x_train.npy": b"x"})}, "x_train"),
    "archive: array cut short": (
        {NPZ: as_zip({**NPY, "x_train.npy": NPY["x_train.npy"][:-1]})},
        "x_train cannot be read",
    ),
    "archive: huge header": (forged(b"(12, 28, 28)", b"(99**9999)  "), "x_train"),
    "archive: huge shape": (
        forged(b"(12, 28, 28), }     ", b"(8888888888888,), }  "),
        ".",
    ),
    "archive: open header": (forged(b"False,", b"False("), "x_train cannot be read"),
    "archive: odd header": (forged(b"'shape'", b"{[]:{}}"), "x_train cannot be read"),
    "files: empty": ({**GZ, IMAGES: b""}, f"in {IMAGES}, .* missing"),
    "files: cut short": ({**GZ, IMAGES: GZ[IMAGES][:-20]}, f"in {IMAGES}, .*ended"),
    "files: corrupted": (
        {**GZ, IMAGES: GZ[IMAGES][:99] + b"\0" * 20 + GZ[IMAGES][119:]},
        f"in {IMAGES}, ",
    ),
    "files: not packed": ({**GZ, LABELS: IDX[PLAIN[3]]}, f"in {LABELS}, Not a gzipped"),
    "files: a web page": (
        {**GZ, LABELS: gzip.compress(b"<html></html>")},
        f"in {LABELS}, the first four bytes are 3c 68 74 6d, not 00 00 08 01",
    ),
    "files: exchanged": (
        {**GZ, IMAGES: GZ[PACKED[2]]},
        r"the header gives the shape \(5, 28, 28\), not \(12, 28, 28\)",
    ),
    "files: labels for images": (
        {**GZ, IMAGES: GZ[PACKED[1]]},
        "four bytes are 00 00 08 01, not 00 00 08 03",
    ),
    "files: other numbers": (
        {**GZ, LABELS: gzip.compress(as_idx(ARRAYS["y_test"], kind=9))},
        "four bytes are 00 00 09 01",
    ),
    "files: a label": (
        {**GZ, LABELS: gzip.compress(as_idx(TEN))},
        "a label of y_test is not 0 to 9",
    ),
    "files: values cut short": (
        {**GZ, LABELS: gzip.compress(IDX[PLAIN[3]][:-1])},
        f"in {LABELS}, 4 values follow, not 5",
    ),
    "files: header cut short": (
        {**GZ, IMAGES: gzip.compress(IDX[PLAIN[0]][:9])},
        "header is cut short",
    ),
    "plain: empty": ({**IDX, PLAIN[3]: b""}, f"in {PLAIN[3]}, .* missing"),
    "plain: cut short": ({**IDX, PLAIN[0]: IDX[PLAIN[0]][:-9]}, "9,399 values follow"),
    "plain: too long": ({**IDX, PLAIN[0]: IDX[PLAIN[0]] + b"0"}, "there is too much"),
    "plain: still packed": ({**IDX, PLAIN[0]: GZ[PACKED[0]]}, f"in {PLAIN[0]}, "),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_damaged_file_is_explained(folder, case):
    """The message says what is wrong and names address, file, folder and command."""
    files, complaint = DAMAGED[case]
    put(folder, files)
    with pytest.raises(datasets.DatasetError, match=complaint) as caught:
        datasets.fetch_mnist()
    for word in (URL, NPZ, *PACKED, *PLAIN, str(folder), COMMAND):
        assert word in str(caught.value)
    found = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert found == files, "the user's files were changed"


@settings(max_examples=60)
@given(data=st.data())
def test_any_damage_is_explained_or_harmless(data):
    """Wherever a file is cut or overwritten, the reader complains as it should."""
    layout = data.draw(st.sampled_from(sorted(LAYOUTS)))
    files = dict(LAYOUTS[layout])
    name = data.draw(st.sampled_from(sorted(files)))
    content = files[name]
    place = data.draw(st.integers(0, min(200, len(content) - 1)))  # in the headers
    if data.draw(st.booleans()):
        place = len(content) - 1 - place
    junk = data.draw(st.one_of(st.none(), st.binary(min_size=1, max_size=9)))
    rest = b"" if junk is None else junk + content[place + len(junk) :]
    files[name] = content[:place] + rest
    with tempfile.TemporaryDirectory() as folder:
        for one, content in files.items():
            (Path(folder) / one).write_bytes(content)
        first = next(iter(files))
        try:
            mnist = READERS[first](Path(folder) / first)
        except DAMAGE:
            return
    assert mnist.x_train.shape == (N_TRAIN, 28, 28)


@settings(max_examples=60)
@given(place=st.integers(0, 127), junk=st.binary(min_size=1, max_size=9))
def test_header_of_an_array_is_not_believed(place, junk):
    """However it is overwritten, with a right checksum: a complaint or the array."""
    content = NPY["y_test.npy"]
    content = content[:place] + junk + content[place + len(junk) :]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / NPZ
        path.write_bytes(as_zip({**NPY, "y_test.npy": content}))
        try:
            mnist = READERS[NPZ](path)
        except DAMAGE:
            return
    assert mnist.y_test.shape == (N_TEST,)


def test_archive_is_never_unpacked(folder):
    """Members that climb out of the folder leave no file anywhere."""
    evil = {"../escaped.txt": b"evil", str(folder / "absolute.txt"): b"evil"}
    put(folder, {NPZ: as_zip({**evil, **NPY})})
    assert len(fetch_quietly().x_train) == N_TRAIN
    assert [path.name for path in folder.iterdir()] == [NPZ]
    assert not (folder.parent / "escaped.txt").exists()


@pytest.mark.parametrize("layout", ["archive", "packed"])
def test_what_unpacks_to_too_much_is_refused(folder, layout, monkeypatch):
    """A file larger than anything documented is not held in memory."""
    monkeypatch.setattr("coursepkg.datasets._archives.LARGEST_MEMBER", 500)
    put(folder, LAYOUTS[layout])
    with pytest.raises(datasets.DatasetError, match="too large"):
        datasets.fetch_mnist()


# No file.


def test_offline_is_explained(tmp_path, monkeypatch):
    """Without a file and a network the message tells how to get one."""
    monkeypatch.setenv("COURSEPKG_DATA", str(tmp_path))
    assert not remote.DATASETS["mnist"].is_present()
    with pytest.raises(datasets.DatasetError, match="could not be download") as caught:
        datasets.fetch_mnist()
    for word in (URL, NPZ, *PACKED, *PLAIN, str(tmp_path), COMMAND):
        assert word in str(caught.value)
    assert not list(tmp_path.iterdir()), "a temporary file was left"


def test_download_is_one_file_and_kept_only_if_it_is_right(tmp_path, monkeypatch):
    """A page that says "come back later" is thrown away; the archive stays."""
    monkeypatch.setenv("COURSEPKG_DATA", str(tmp_path))
    content = b"<html>Come back later</html>"
    monkeypatch.setattr(
        "pooch.core.choose_downloader",
        lambda *_args, **_options: (
            lambda _url, output_file, _pooch: Path(output_file).write_bytes(content)
        ),
    )
    with pytest.raises(datasets.DatasetError, match="hash|SHA"):
        datasets.fetch_mnist()
    assert not list(tmp_path.iterdir())
    monkeypatch.setattr(remote, "DATASETS", small_registry())
    with pytest.raises(datasets.DatasetError, match="sent is not .* thrown away"):
        datasets.fetch_mnist()
    assert not list(tmp_path.iterdir())
    content = ARCHIVE
    fetch_quietly()
    assert [path.name for path in tmp_path.iterdir()] == [NPZ]
    monkeypatch.setattr(pooch, "retrieve", None)
    fetch_quietly()


# The real files.


@pytest.mark.parametrize("names", [PACKED, PLAIN, (NPZ,)], ids=["gz", "plain", "npz"])
def test_real_images(tmp_path, monkeypatch, names):
    """Published mean, deviation and first labels; all in silence."""
    paths = [Path(REAL_FOLDER) / name for name in names]
    if not REAL_FOLDER or not all(path.is_file() for path in paths):
        pytest.skip(f"{names[0]} is not here: `{COMMAND}`")
    monkeypatch.setenv("COURSEPKG_DATA", str(tmp_path))
    for path in paths:
        shutil.copy(path, tmp_path / path.name)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        mnist = datasets.fetch_mnist()
    assert mnist.x_train.shape == (60_000, 28, 28)
    assert mnist.x_test.shape == (10_000, 28, 28)
    assert round(float(mnist.x_train.mean(dtype=np.float64)), 4) == 0.1307
    assert round(float(mnist.x_train.std(dtype=np.float64)), 4) == 0.3081
    assert mnist.y_train[:5].tolist() == [5, 0, 4, 1, 9]
    assert mnist.y_test[:5].tolist() == [7, 2, 1, 0, 4]
    counts = np.bincount(mnist.y_train)
    assert (counts.argmin(), counts.min()) == (5, 5_421)
    assert (counts.argmax(), counts.max()) == (1, 6_742)
    assert (np.bincount(mnist.y_test) > 0).all()
    assert round(float((mnist.x_train == 0).mean()), 2) == 0.81
    empty = (mnist.x_train[:, :4] == 0).all(axis=(1, 2))
    assert round(float(empty.mean()), 2) == 0.85
    assert mnist.sha256.startswith("06b0d1f124c4e5fa")
    assert repr(mnist) == "MnistData(60,000 training and 10,000 test images)"
