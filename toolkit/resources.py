"""Where the files shipped with the package are.

In a wheel the folders `data`, `templates` and `notebooks` lie under `toolkit/_shipped`;
in a clone they are the folders of the same name at the top. Only this module knows.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from toolkit.errors import Problem, ToolkitError

__all__ = ["ShippedFileError", "asset_bytes", "asset_text", "shipped"]

_PACKAGE = Path(__file__).resolve().parent


class ShippedFileError(ToolkitError, FileNotFoundError):
    """A file that comes with the package is not where it should be."""


@cache
def _root() -> Path:
    """Return the folder that holds `data`, `templates` and `notebooks`."""
    installed = _PACKAGE / "_shipped"
    return installed if installed.is_dir() else _PACKAGE.parent


def shipped(*parts: str) -> Path:
    """Return the path of a file or folder shipped with the package.

    Parameters
    ----------
    *parts : str
        Steps from the top: `data`, `templates` or `notebooks`, then the names below it.

    Returns
    -------
    Path
        An existing file or folder.

    Raises
    ------
    ShippedFileError
        If it is not there: the installation is incomplete, or the name is wrong.

    Examples
    --------
    >>> shipped("data", "nomenclatures").is_dir()
    True
    """
    return _existing(_root().joinpath(*parts))


def asset_text(name: str) -> str:
    """Return a vendored browser file (script or style sheet) as text.

    Parameters
    ----------
    name : str
        File name in `toolkit/assets`, for instance `leaflet.js`.

    Returns
    -------
    str
        The whole file, decoded as UTF-8, with line ends left as they are.

    Raises
    ------
    ShippedFileError
        If there is no such asset.
    """
    return asset_bytes(name).decode("utf-8")


def asset_bytes(name: str) -> bytes:
    """Return a vendored browser file as bytes.

    Parameters
    ----------
    name : str
        File name in `toolkit/assets`.

    Returns
    -------
    bytes
        The whole file.

    Raises
    ------
    ShippedFileError
        If there is no such asset.
    """
    return _existing(_PACKAGE / "assets" / name).read_bytes()


def _existing(path: Path) -> Path:
    if path.exists():
        return path
    raise ShippedFileError(Problem("shipped_missing", where=path.name))
