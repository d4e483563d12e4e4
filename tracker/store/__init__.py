"""The store: files that training reads or makes, versioned by name, never stored twice.

```
artifacts/churn-model/v3.json     the manifest: what the version holds, who stored it, where its bytes lie
artifacts/churn-model/v3/…        its file or files, under the names their owners gave them
artifacts/.partial/…              what is being stored right now
trash/churn-model/v3/…            files in the trash
moving/…                          notes of what is being moved right now
```

Manifests always lie beside the workbook. The bytes do too, unless the setting ``artifacts.store`` names another folder
or a file system that fsspec reaches; versions that were stored before a change of that setting stay where they are.
"""

from __future__ import annotations

from tracker.store.attempts import sweep
from tracker.store.deleting import delete
from tracker.store.fetching import bring, fetch
from tracker.store.finding import find, names, versions
from tracker.store.kinds import guess
from tracker.store.manifest import Stored, StoredFile, location, read_guesses
from tracker.store.moving import Mover, Step, finish_moves
from tracker.store.naming import artifact_name, is_version, split_reference
from tracker.store.place import checked_url
from tracker.store.progress import OnProgress, bar
from tracker.store.putting import put
from tracker.store.references import put_reference
from tracker.store.verifying import exit_code, orphans, verify, verify_versions

__all__ = [
    "Mover",
    "OnProgress",
    "Step",
    "Stored",
    "StoredFile",
    "artifact_name",
    "bar",
    "bring",
    "checked_url",
    "delete",
    "exit_code",
    "fetch",
    "find",
    "finish_moves",
    "guess",
    "is_version",
    "location",
    "names",
    "orphans",
    "put",
    "put_reference",
    "read_guesses",
    "split_reference",
    "sweep",
    "verify",
    "verify_versions",
    "versions",
]
