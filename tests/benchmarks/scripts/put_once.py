"""One file into the store, then the most memory that this process ever held, in bytes: [REGISTRY FILE]."""

import sys
from pathlib import Path

from tracker import store
from tracker.folders import Folders

if len(sys.argv) > 1:
    store.put(Folders(Path(sys.argv[1])), Path(sys.argv[2]), "memory")
status = Path("/proc/self/status").read_text()  # getrusage would count what the parent held when it forked
print(int(status.partition("VmHWM:")[2].split()[0]) * 1024)
