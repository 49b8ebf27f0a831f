"""Files of unknown honesty: read into memory, checked, never unpacked onto the disk."""

from __future__ import annotations

import csv
import gzip
import re
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

LARGEST_MEMBER = 64 * 2**20  # bytes; no part of a data set that is held unpacks to more

# What a damaged file makes its reader raise.
DAMAGE = (
    ValueError,  # also text that is not UTF-8
    OSError,  # also gzip.BadGzipFile
    EOFError,
    csv.Error,
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    NotImplementedError,  # a way of packing that zipfile does not know
)


def require(satisfied: Any, complaint: str) -> None:
    """Complain about a file that is not as documented.

    Parameters
    ----------
    satisfied : object
        Anything that is true or false.
    complaint : str
        What is wrong otherwise.

    Raises
    ------
    ValueError
        If `satisfied` is false.
    """
    if not satisfied:
        raise ValueError(complaint)


def tar_files(path: Path, pattern: str) -> Iterator[tuple[re.Match[str], bytes]]:
    """Read the regular files of a tar archive whose names match, one after another.

    Parameters
    ----------
    path : pathlib.Path
        The archive, compressed or not.
    pattern : str
        Regular expression of the whole name; links and folders are passed over.

    Yields
    ------
    match : re.Match
        The match of the name.
    content : bytes
        What the file holds.
    """
    with tarfile.open(path, mode="r:*") as archive:
        while (member := archive.next()) is not None:
            # The archive would remember each of 100,000 files.
            archive.members.clear()  # type: ignore[attr-defined]
            match = re.fullmatch(pattern, member.name)
            if match is None or not member.isfile():
                continue
            require(member.size <= LARGEST_MEMBER, f"{member.name} is too large")
            file = archive.extractfile(member)
            if file is not None:
                content = file.read()
                require(len(content) == member.size, f"{member.name} is cut short")
                yield match, content


def tar_file(path: Path, name: str) -> bytes:
    """Read one file of a tar archive.

    Parameters
    ----------
    path : pathlib.Path
        The archive, compressed or not.
    name : str
        Name of the file inside.

    Returns
    -------
    bytes
        What it holds.

    Raises
    ------
    ValueError
        If the archive holds no such file.
    """
    for _, content in tar_files(path, re.escape(name)):
        return content
    message = f"the archive holds no file {name}"
    raise ValueError(message)


def zip_file(path: Path, name: str) -> bytes:
    """Read one file of a zip archive; its checksum is compared on the way.

    Parameters
    ----------
    path : pathlib.Path
        The archive.
    name : str
        Name of the file inside.

    Returns
    -------
    bytes
        What it holds.

    Raises
    ------
    ValueError
        If the archive holds no such file.
    """
    with zipfile.ZipFile(path) as archive:
        check_zip_member(archive, name)
        with archive.open(name) as file:
            content = file.read(LARGEST_MEMBER + 1)
    require(len(content) <= LARGEST_MEMBER, f"{name} is too large")
    return content


def check_zip_member(archive: zipfile.ZipFile, name: str) -> None:
    """Refuse a member that is absent or encrypted.

    Parameters
    ----------
    archive : zipfile.ZipFile
        The archive.
    name : str
        Name of the file inside.

    Raises
    ------
    ValueError
        If it cannot be read.
    """
    require(name in archive.namelist(), f"the archive holds no file {name}")
    encrypted = archive.getinfo(name).flag_bits & 1
    require(not encrypted, f"{name} is encrypted")


def gzip_file(path: Path) -> bytes:
    """Read a file that gzip has packed.

    Parameters
    ----------
    path : pathlib.Path
        The packed file.

    Returns
    -------
    bytes
        What it holds.

    Raises
    ------
    ValueError
        If it unpacks to more than any documented file.
    """
    with gzip.open(path) as file:
        content = file.read(LARGEST_MEMBER + 1)
    require(len(content) <= LARGEST_MEMBER, "it is too large when unpacked")
    return content
