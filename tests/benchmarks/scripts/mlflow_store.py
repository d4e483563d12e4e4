"""Makes a SQLite store of MLflow with the runs of the benchmarks' workbook: STORE.db ROWS PARAMS METRICS."""

import sqlite3
import sys

from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

path, rows, params, metrics = sys.argv[1], *map(int, sys.argv[2:5])
store = SqlAlchemyStore(f"sqlite:///{path}", "/tmp/unused")
experiment = int(store.create_experiment("benchmark"))
first = 1_767_600_000_000
ids = [f"{row:032x}" for row in range(rows)]
with sqlite3.connect(path) as database:
    known = [line[1] for line in database.execute("pragma table_info(runs)")]
    values = {
        "run_uuid": lambda row: ids[row],
        "name": lambda row: f"gbm depth {row % 12} fold {row}",
        "source_type": lambda row: "LOCAL",
        "source_name": lambda row: "train.py",
        "user_id": lambda row: f"owner {row % 50}",
        "status": lambda row: ("FINISHED", "FINISHED", "FINISHED", "FAILED")[row % 4],
        "start_time": lambda row: first + row * 60_000,
        "end_time": lambda row: first + row * 60_000 + 47_000,
        "lifecycle_stage": lambda row: "active",
        "artifact_uri": lambda row: f"/tmp/unused/{ids[row]}",
        "experiment_id": lambda row: experiment,
    }
    names = [name for name in values if name in known]
    database.executemany(
        f"insert into runs ({', '.join(names)}) values ({', '.join('?' * len(names))})",
        ([values[name](row) for name in names] for row in range(rows)),
    )
    database.executemany(
        "insert into params (key, value, run_uuid) values (?, ?, ?)",
        ((f"p{n}", str(10 * 2 ** (row % 5) * n), ids[row]) for row in range(rows) for n in range(params)),
    )
    for table in ("metrics", "latest_metrics"):
        database.executemany(
            f"insert into {table} (key, value, timestamp, step, is_nan, run_uuid) values (?, ?, ?, 0, 0, ?)",
            (
                (f"m{n}", (row * 7919 + n * 104729) % 1_000_003 / 1_000_003, first + row * 60_000, ids[row])
                for row in range(rows)
                for n in range(metrics)
            ),
        )
    database.executemany(
        "insert into tags (key, value, run_uuid) values (?, ?, ?)",
        (("mlflow.runName", values["name"](row), ids[row]) for row in range(rows)),
    )
