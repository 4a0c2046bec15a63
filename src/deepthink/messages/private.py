"""Files that hold a secret: read when needed, and a warning when others may read them too."""

from __future__ import annotations

import logging
import stat
from pathlib import Path

from deepthink.errors import SettingsError

log = logging.getLogger(__name__)


def read_private(path: Path, key: str) -> str:
    """Return what a file with a secret holds, without the line's end.

    Parameters
    ----------
    path : Path
        The file.
    key : str
        The key of the settings that names it, for errors.

    Raises
    ------
    SettingsError
        There is no such file, it cannot be read, or it is empty.
    """
    try:
        mode, text = path.stat().st_mode, path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        raise SettingsError(f"{key}: there is no file {path}. Make it, with chmod 600.") from None
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not text"
        raise SettingsError(f"{key}: {path} cannot be read: {why}.") from None
    if not text:
        raise SettingsError(f"{key}: {path} is empty.")
    if mode & stat.S_IROTH:
        log.warning("%s: anybody on this machine may read %s. Change that: chmod o-r %s", key, path, path)
    return text
