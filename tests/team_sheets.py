"""Spreadsheets as teams keep them, with the columns that published sheets have and the mess that real ones have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from openpyxl import Workbook
from openpyxl.styles import Font, PatternFill
from openpyxl.worksheet.worksheet import Worksheet

YELLOW = PatternFill("solid", fgColor="FFFF00")


@dataclass(frozen=True)
class TeamSheet:
    """A sheet, and what a person would say its columns are; ``own`` for what Tracker has no column for."""

    name: str
    build: Callable[[Worksheet], None]
    meant: dict[str, str]
    runs: int
    mode: str


def _titled(sheet: Worksheet) -> None:
    """Title rows, a percentage as text, German dates as text, a row of averages, a colour with a meaning."""
    sheet["A1"], sheet["A1"].font = "Churn model – experiments Q1", Font(size=16, bold=True)
    sheet["A2"] = "yellow: shown to the customer"
    sheet.append([])
    sheet.append(
        ["No.", "Date", "Who", "Model", "Learning rate", "Epochs", "Val AUC", "Accuracy", "Runtime [min]", "Remarks"]
    )
    for n in range(14):
        sheet.append([
            n + 1, f"{n + 1:02d}.02.2025", ("Anna", "Ben", "Chris")[n % 3], ("gbm", "mlp")[n % 2], 0.1 / (1 + n % 3),
            10 * (1 + n % 4), 0.8 + 0.0113 * n, f"{81 + n}.5 %", 12.5 + n, "retry" if n % 4 == 0 else None,
        ])  # fmt: skip
    sheet.append(["Average", *[None] * 5, "=AVERAGE(G5:G18)", None, "=AVERAGE(I5:I18)"])
    for cell in sheet[9]:
        cell.fill = YELLOW


def _grouped(sheet: Worksheet) -> None:
    """Two header rows with merged labels, and statistics of the same names under two metrics."""
    sheet["A1"], sheet["C1"], sheet["F1"], sheet["H1"] = "Run", "Hyperparameters", "AUC", "RMSE"
    for area in ("A1:B1", "C1:E1", "F1:G1", "H1:I1"):
        sheet.merge_cells(area)
    sheet.append(["Run name", "Started", "batch size", "dropout", "optimizer", "mean", "std", "mean", "std", "Comment"])
    for n in range(9):
        sheet.append([
            f"fold-{n}", datetime(2025, 3, 1 + n, 9, 30), 2 ** (4 + n % 3), 0.1 * (n % 4), ("adam", "sgd")[n % 2],
            0.91 + 0.003 * n, 0.01 + 0.001 * n, 2.1 - 0.05 * n, 0.2 + 0.01 * n, None,
        ])  # fmt: skip


def _thesis(sheet: Worksheet) -> None:
    """The columns of a thesis' sheet, with blank rows between series and dates in three spellings."""
    sheet.append([
        "model_name", "date", "model_type", "epochs", "learning_rate", "batch_size", "seed", "num_of_runs",
        "mean_iou", "precision", "recall", "fscore", "gpu", "checkpoint",
    ])  # fmt: skip
    dates = ("2025-04-{:02d}", "{} Apr 2025", "{}/4/2025")
    for n in range(15):
        if n in (5, 10):
            sheet.append([])
        sheet.append([
            f"unet-{n}", dates[n % 3].format(13 + n), ("unet", "fpn")[n % 2], 40, 0.001, 8, 42 + n % 3, 3,
            0.61 + 0.012 * n, 0.7 + 0.007 * n, 0.65 + 0.009 * n, 0.68 + 0.0083 * n, "A100", f"ckpt/unet-{n}.pt",
        ])  # fmt: skip


def _journal(sheet: Worksheet) -> None:
    """An experiment journal in words, with headers of other kinds and notes far below."""
    sheet.append(
        [
            "Identifier",
            "Period",
            "Goal",
            "Data Source",
            "Base Model",
            "Code",
            "Hardware",
            "Results",
            "Insights",
            "Next Steps",
        ]
    )
    for n in range(8):
        sheet.append([
            f"EXP-{n:03d}", datetime(2025, 5, 1 + n), "does more data help?", f"crawl-{n % 2}", "bert-base",
            f"{0xA1B2C3D + n:07x}", "2x V100", 0.71 + 0.013 * n, "yes, a little", "more epochs",
        ])  # fmt: skip
    sheet["A14"] = "Legend: results are macro F1 on the test set"


def _exported(sheet: Worksheet) -> None:
    """A log that a script wrote, with an Excel table that people made of it, and a filter."""
    from openpyxl.worksheet.table import Table, TableStyleInfo

    sheet.append([
        "timestamp", "experiment", "model", "rmse_cv_mean", "rmse_cv_std", "dataset_version", "target_variable",
        "random_state", "n_folds", "r2", "mape", "notes",
    ])  # fmt: skip
    for n in range(20):
        sheet.append([
            datetime(2025, 6, 1, 8, n), "bids", ("xgb", "cat", "lasso")[n % 3], 0.41 - 0.004 * n, 0.03 + 0.0005 * n,
            f"v{1 + n % 4}", "log_price", 7, 5, 0.7 + 0.01 * n, f"{21.5 - 0.3 * n:.1f}%", None,
        ])  # fmt: skip
    table = Table(displayName="Bids", ref="A1:L21")
    table.tableStyleInfo = TableStyleInfo(name="TableStyleMedium9", showRowStripes=True)
    sheet.add_table(table)


SHEETS = (
    TeamSheet("titled", _titled, {
        "No.": "own", "Date": "start_time", "Who": "owner", "Model": "params.model",
        "Learning rate": "params.learning_rate", "Epochs": "params.epochs", "Val AUC": "metrics.val_auc",
        "Accuracy": "metrics.accuracy", "Runtime [min]": "own", "Remarks": "notes",
    }, 14, "in place"),
    TeamSheet("grouped", _grouped, {
        "Run name": "name", "Started": "start_time", "batch size": "params.batch_size", "dropout": "params.dropout",
        "optimizer": "params.optimizer", "mean": "metrics.auc_mean", "std": "metrics.auc_std",
        "mean2": "metrics.rmse_mean", "std2": "metrics.rmse_std", "Comment": "notes",
    }, 9, "in place"),
    TeamSheet("thesis", _thesis, {
        "model_name": "name", "date": "start_time", "model_type": "params.model_type", "epochs": "params.epochs",
        "learning_rate": "params.learning_rate", "batch_size": "params.batch_size", "seed": "params.seed",
        "num_of_runs": "params.num_of_runs", "mean_iou": "metrics.mean_iou", "precision": "metrics.precision",
        "recall": "metrics.recall", "fscore": "metrics.fscore", "gpu": "params.gpu", "checkpoint": "artifact",
    }, 15, "in place"),
    TeamSheet("journal", _journal, {
        "Identifier": "run_id", "Period": "start_time", "Goal": "goal", "Data Source": "params.data_source",
        "Base Model": "params.base_model", "Code": "git_commit", "Hardware": "host", "Results": "metrics.results",
        "Insights": "insight", "Next Steps": "next_step",
    }, 8, "copied"),
    TeamSheet("exported", _exported, {
        "timestamp": "start_time", "experiment": "experiment", "model": "params.model",
        "rmse_cv_mean": "metrics.rmse_cv_mean", "rmse_cv_std": "metrics.rmse_cv_std",
        "dataset_version": "params.dataset_version", "target_variable": "params.target_variable",
        "random_state": "params.random_state", "n_folds": "params.n_folds", "r2": "metrics.r2",
        "mape": "metrics.mape", "notes": "notes",
    }, 20, "linked"),
)  # fmt: skip


def build(sheet: TeamSheet, path: Path) -> Path:
    """Write the workbook, with a second sheet that has nothing to do with runs."""
    book = Workbook()
    active = book.active
    assert active is not None
    active.title = "Experiments"
    sheet.build(active)
    other = book.create_sheet("Holidays")
    other.append(["Name", "From", "To"])
    other.append(["Anna", datetime(2025, 8, 1), datetime(2025, 8, 15)])
    book.save(path)
    return path
