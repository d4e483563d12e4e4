"""Names of artifacts: safe as a folder on any system, and as the first half of ``name:v3``."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

from tracker.errors import ArtifactPathError
from tracker.folders import Folders

_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*]+')
_WINDOWS_DEVICE = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_MAX_NAME = 120


def artifact_name(text: str) -> str:
    """The name as it can stand in ``name:v3`` and be a folder on any system; separators become ``-``.

    Raises:
        ArtifactPathError: nothing is left of the name, or it tries to leave the folder.
    """
    text = text.encode("utf-8", "replace").decode().strip()
    if ".." in re.split(r"[/\\]", text):
        raise ArtifactPathError(path=text, reason="its name leads out of the artifacts folder")
    name = _FORBIDDEN.sub("-", text.strip("/\\")).rstrip(". ")
    if not name.strip("-._ "):
        raise ArtifactPathError(path=repr(text), reason="it has no usable name; give one with name=")
    if name.startswith(".") or _WINDOWS_DEVICE.fullmatch(name):
        name = "_" + name
    if len(name.encode()) > _MAX_NAME:
        tag = hashlib.sha256(name.encode()).hexdigest()[:8]
        extension = Path(name).suffix if len(Path(name).suffix.encode()) <= 12 else ""
        name = f"{name.encode()[: _MAX_NAME - 21].decode('utf-8', 'ignore')}-{tag}{extension}"
    return name


def resolved_name(folders: Folders, text: str) -> str:
    """The artifact's name; as it is spelled already if there is one that differs in upper and lower case only.

    Excel and the file systems of Windows and macOS take both for the same.

    Raises:
        ArtifactPathError: it is no name.
    """
    name = artifact_name(text)
    if not (folders.artifacts / name).exists():
        try:
            entries = os.listdir(folders.artifacts)
        except OSError:
            entries = []
        return next((entry for entry in entries if entry.lower() == name.lower()), name)
    return name


def split_reference(artifact: str) -> tuple[str, str]:
    """``churn-model:v3`` as its name and what follows the colon; ``latest`` where nothing does."""
    name, colon, reference = artifact.rpartition(":")
    return (artifact_name(name), reference.strip()) if colon else (artifact_name(artifact), "latest")


def is_version(reference: str) -> bool:
    """Whether what follows the colon is the number of a version, ``v3``, and no alias."""
    return re.fullmatch(r"v[1-9]\d{0,8}", reference) is not None
