"""Makes a project of Trackio with the runs of the benchmarks' workbook: ROWS PARAMS METRICS, in TRACKIO_DIR."""

import json
import sqlite3
import sys

from trackio.sqlite_storage import SQLiteStorage

rows, params, metrics = map(int, sys.argv[1:4])


def config(row):
    return {f"p{n}": 10 * 2 ** (row % 5) * n for n in range(params)}


def values(row):
    return {f"m{n}": (row * 7919 + n * 104729) % 1_000_003 / 1_000_003 for n in range(metrics)}


names = [f"gbm depth {row % 12} fold {row}" for row in range(rows)]
ids = [f"{row:032x}" for row in range(rows)]
# The first by Trackio itself, which makes the database; the others at once, which would take it half an hour.
SQLiteStorage.bulk_log("benchmark", names[0], [values(0)], steps=[0], config=config(0), run_id=ids[0])
moment = "2026-01-05T08:00:00+00:00"
with sqlite3.connect(SQLiteStorage.get_project_db_path("benchmark")) as database:
    database.executemany(
        "insert into metrics (run_id, timestamp, run_name, step, metrics) values (?, ?, ?, 0, ?)",
        ((ids[row], moment, names[row], json.dumps(values(row)).encode()) for row in range(1, rows)),
    )
    database.executemany(
        "insert into configs (run_id, run_name, config, created_at) values (?, ?, ?, ?)",
        ((ids[row], names[row], json.dumps(config(row)).encode(), moment) for row in range(1, rows)),
    )
