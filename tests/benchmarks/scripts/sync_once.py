"""One sync of each registry, then the most memory that this process ever held, in bytes: [REGISTRY]."""

import sys
from pathlib import Path

for registry in sys.argv[1:]:
    from tracker.folders import Folders
    from tracker.syncing.sync import sync

    report = sync(Folders(Path(registry)))
    assert report.rows_added + report.rows_changed == 1, report
status = Path("/proc/self/status").read_text()  # getrusage would count what the parent held when it forked
print(int(status.partition("VmHWM:")[2].split()[0]) * 1024)
