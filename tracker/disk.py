"""Writing files so that they survive a crash and a power cut."""

from __future__ import annotations

import os
from pathlib import Path

from tracker.errors import RegistryNotWritableError


def fsync_folder(folder: Path) -> None:
    """Make a rename or a new name in the folder durable; does nothing where folders cannot be opened (Windows)."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(descriptor)
    except OSError:
        pass  # some network drives refuse; the rename itself is done
    finally:
        os.close(descriptor)


def write_durably(path: Path, content: bytes) -> None:
    """Write a whole file under its final name or not at all, and return when it is on the disk."""
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        with open(partial, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    fsync_folder(path.parent)


class writing:
    """Turn the operating system's error into one that says what to do: ``with writing(path): …``."""

    __slots__ = ("_target",)

    def __init__(self, target: str | Path) -> None:
        self._target = target

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, *_: object) -> None:
        if isinstance(error, OSError):
            hint = "Make room or ask for write access, then do it again."
            reason = error.strerror or str(error)
            raise RegistryNotWritableError(path=Path(self._target).parent, reason=reason, hint=hint) from error
