"""Retention: what is deleted when, by which rule and on whose word; and what never is.

```python
from tracker import retention

plan = retention.retention_plan(registry)          # what is due: sizes, reasons, and what is exempt and why
retention.approve(registry, plan, who="ds1")       # into the trash or the archive, if the plan is still the same
retention.purge(registry, None, who="ds1")         # what was in the trash long enough; its rows stay for ever
```
"""

from __future__ import annotations

from tracker.retention.carry_out import Outcome
from tracker.retention.desk import (
    approve,
    archive,
    chosen_plan,
    copy,
    do_chosen,
    hold,
    move,
    purge,
    purge_plan,
    release,
    restore,
    retention_plan,
    storage,
    trash,
    unarchive,
)
from tracker.retention.plan import Exempt, Item, Plan
from tracker.retention.report import Storage

__all__ = [
    "Exempt",
    "Item",
    "Outcome",
    "Plan",
    "Storage",
    "approve",
    "archive",
    "chosen_plan",
    "copy",
    "do_chosen",
    "hold",
    "move",
    "purge",
    "purge_plan",
    "release",
    "restore",
    "retention_plan",
    "storage",
    "trash",
    "unarchive",
]
