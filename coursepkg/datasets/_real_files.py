"""Real files: found in the user's data folder, or downloaded into it once."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pooch

from coursepkg.datasets._archives import DAMAGE
from coursepkg.datasets._files import sha256_of


class DatasetError(RuntimeError):
    """A real data set is absent, cannot be downloaded, or is not what it should be."""


@dataclass(frozen=True)
class Layout:
    """One documented form of a file, or of several that belong together.

    Parameters
    ----------
    file : str
        Name in the data folder.
    sha256 : str or None
        Digest of the documented edition in hexadecimal; None if none is known, or if
        the same content is published in files that differ.
    read : callable
        Maps the path to what the file holds, after checking columns, counts and
        ranges. Raises ValueError, saying what is wrong with the file.
    content_sha256 : str or None
        The `.sha256` of what is read from the documented edition, which then counts
        as recognised whatever the digest of the file.
    url : str or None
        Where it can be downloaded; None for a form that only users bring.
    size : int
        Bytes.
    beside : mapping of str to str or None
        Files that have to lie in the folder, too, and their digests; `read` gets the
        path of `file` and finds them next to it. None of them can be downloaded.
    complete : bool
        False for a form that holds only a part of what the others hold.
    """

    file: str
    sha256: str | None
    read: Callable[[Path], Any]
    content_sha256: str | None = None
    url: str | None = None
    size: int = 0
    beside: Mapping[str, str | None] = field(default_factory=dict)
    complete: bool = True

    @property
    def files(self) -> tuple[str, ...]:
        """Every file name."""
        return (self.file, *self.beside)

    def is_present(self, folder: Path) -> bool:
        """Return whether every file lies in a folder; nothing is read.

        Parameters
        ----------
        folder : pathlib.Path
            The data folder.

        Returns
        -------
        bool
            True if it can be read.
        """
        return all((folder / name).is_file() for name in self.files)

    def wrong_digests(self, folder: Path) -> dict[str, str]:
        """Return the files that differ from the documented edition.

        Parameters
        ----------
        folder : pathlib.Path
            The data folder, which holds every file.

        Returns
        -------
        dict
            From their names to the digests that they have. Files of which no digest
            is known are left out.
        """
        pinned = {self.file: self.sha256, **self.beside}
        found = {
            name: sha256_of(folder / name)
            for name, digest in pinned.items()
            if digest is not None
        }
        return {name: found[name] for name in found if found[name] != pinned[name]}


@dataclass(frozen=True, eq=False)
class RemoteDataset:
    """A real data set: which files make it up, and under which names.

    Parameters
    ----------
    name : str
        What `python -m coursepkg data fetch` calls it.
    title : str
        One line on what it is.
    licence : str
        Terms of use, or that none are stated.
    parts : tuple of tuples of Layout
        The files that are needed; for each its accepted layouts, preferred first.
    combine : callable
        Maps what the parts hold, in their order, to the result of `fetch`.
    """

    name: str
    title: str
    licence: str
    parts: tuple[tuple[Layout, ...], ...]
    combine: Callable[..., Any]

    def __repr__(self) -> str:
        """Return the name and the file names."""
        return f"RemoteDataset({self.name!r}, files={self.files})"

    @property
    def files(self) -> tuple[str, ...]:
        """Every accepted file name."""
        layouts = [layout for part in self.parts for layout in part]
        return tuple(name for layout in layouts for name in layout.files)

    @property
    def size(self) -> int:
        """Bytes to download."""
        return sum(_downloadable(part).size for part in self.parts)

    def is_present(self) -> bool:
        """Return whether every part lies in the data folder; nothing is read.

        Returns
        -------
        bool
            True if `fetch` needs no network.
        """
        folder = data_folder()
        return all(
            any(layout.is_present(folder) for layout in part) for part in self.parts
        )

    def fetch(self, *, complete: bool = False) -> Any:
        """Read the data set, downloading what is not in the data folder.

        Parameters
        ----------
        complete : bool
            Whether to pass over the layouts that hold only a part.

        Returns
        -------
        object
            What `combine` makes of the parts.

        Raises
        ------
        DatasetError
            If a file is absent and cannot be downloaded, or is damaged.
        """
        return self.combine(*map(partial(self._read, complete=complete), self.parts))

    def _read(self, part: tuple[Layout, ...], *, complete: bool) -> Any:
        folder = data_folder()
        present = [
            layout
            for layout in part
            if layout.is_present(folder) and (layout.complete or not complete)
        ]
        downloaded = not present
        if downloaded:
            present = [self._download(part, folder, complete=complete)]
        # Of several layouts the first counts whose pinned digests, if any, are right.
        layout, wrong = present[0], present[0].wrong_digests(folder)
        for other in present[1:]:
            if not wrong:
                break
            if not other.wrong_digests(folder):
                layout, wrong = other, {}
        path = folder / layout.file
        try:
            content = layout.read(path)
        except DAMAGE as error:
            beside = f", with {len(layout.beside)} beside it," if layout.beside else ""
            message = (
                f"{path}{beside} is not the data set {self.name!r}: {_reason(error)}. "
                "It may be incomplete: delete it, then fetch it again. "
                f"{self._remedy(part, folder, complete=complete)}"
            )
            if downloaded:
                path.unlink(missing_ok=True)
                message = (
                    f"What {layout.url} sent is not the data set {self.name!r}: "
                    f"{_reason(error)}. It was thrown away. "
                    f"{self._remedy(part, folder, complete=complete)}"
                )
            raise DatasetError(message) from error
        _warn_of_edition(layout, content, folder, wrong)
        return content

    def _download(
        self, part: tuple[Layout, ...], folder: Path, *, complete: bool
    ) -> Layout:
        layout = _downloadable(part)
        logger = pooch.get_logger()
        level = logger.level
        logger.setLevel(logging.WARNING)
        try:
            # pooch writes to a temporary file in the folder, checks, then moves.
            pooch.retrieve(
                url=layout.url,
                known_hash=layout.sha256 and f"sha256:{layout.sha256}",
                fname=layout.file,
                path=folder,
            )
        except (OSError, ValueError, RuntimeError) as error:
            what = f"The data set {self.name!r} is not in {folder} and"
            if any(one.is_present(folder) for one in part):  # an incomplete layout
                what = f"{folder} holds only a part of {self.name!r}; the whole"
            message = (
                f"{what} could not be downloaded ({_reason(error)}). "
                f"{self._remedy(part, folder, complete=complete)}"
            )
            raise DatasetError(message) from error
        finally:
            logger.setLevel(level)
        return layout

    def _remedy(self, part: tuple[Layout, ...], folder: Path, *, complete: bool) -> str:
        layout = _downloadable(part)
        others = [
            " and ".join(", ".join(map(repr, one.files)).rsplit(", ", 1))
            for one in part
            if one is not layout and (one.complete or not complete)
        ]
        either = f" (instead, {' or '.join(others)} will do)" if others else ""
        command = f"run `python -m coursepkg data fetch {self.name}`"
        if complete:  # the command is content with a part
            command = "call this again"
        return (
            f"With a network, {command}. "
            f"Without one, download {layout.url} on another machine and save it as "
            f"{layout.file!r}{either} in {folder}; the environment variable "
            "COURSEPKG_DATA names another folder."
        )


def data_folder() -> Path:
    """Return the folder of the real data sets; it need not exist yet.

    Returns
    -------
    pathlib.Path
        The environment variable COURSEPKG_DATA where it is set, else the user's
        cache folder. Absolute.
    """
    chosen = os.environ.get("COURSEPKG_DATA") or pooch.os_cache("coursepkg")
    return Path(chosen).expanduser().resolve()


def _warn_of_edition(
    layout: Layout, content: Any, folder: Path, wrong: Mapping[str, str]
) -> None:
    """Warn of a file that passed all checks, but is not the documented edition."""
    file = layout.file
    if layout.content_sha256 is not None:
        if content.sha256 == layout.content_sha256:
            return
        what = f"holds another edition (the SHA-256 of its content is {content.sha256})"
    elif layout.sha256 is None:
        what = "has no pinned SHA-256 to compare with"
    elif not wrong:
        return
    else:
        file, digest = next(iter(wrong.items()))
        what = f"differs in its SHA-256 (it is {digest})"
    message = (
        f"{folder / file} {what}. Its layout, counts and ranges are as documented, so "
        "it is used as it is; published numbers may differ."
    )
    warnings.warn(message, UserWarning, stacklevel=5)


def _downloadable(part: tuple[Layout, ...]) -> Layout:
    return next(layout for layout in part if layout.url is not None)


def _reason(error: BaseException) -> str:
    text = " ".join(str(error).split()).rstrip(".")
    if len(text) > 300:
        text = text[:297] + "..."
    return text or type(error).__name__
