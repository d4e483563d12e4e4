"""What a column of a person's sheet is: guessed from its header, the label above it, and what stands in it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from tracker.adopting.words import (
    ARTIFACT_WORDS,
    METRIC_PARTS,
    METRIC_WORDS,
    PARAM_WORDS,
    RUNS_WORDS,
    SECONDS,
    slug,
    without_unit,
    words_of,
)
from tracker.matching import as_number
from tracker.schema import RUN_STATUS, RUNS
from tracker.written import written_date

Role = Literal["run", "metric", "param", "artifact", "own"]
"""A column of the runs table; a metric; a param; paths of files; or the person's own, which is left as it is."""

SURE, LIKELY, UNSURE = 0.95, 0.8, 0.5
"""How sure a guess is. Below LIKELY a column is shown as unsure."""

_PATH = re.compile(
    r"(https?|s3|gs|abfss?|sftp)://\S+|(?:[\w.~-]*[/\\])+[\w.-]+|[\w-]+\.(pkl|joblib|pt|pth|onnx|h5|ckpt|png|csv|parquet|ipynb|html|pdf|txt|log)"
)
_COMMIT = re.compile(r"[0-9a-f]{7,40}")
_CODE = ("code", "version", "code version", "hash")
_GROUPS: dict[str, Role] = {
    "metric": "metric", "metrics": "metric", "results": "metric", "result": "metric", "scores": "metric",
    "evaluation": "metric", "performance": "metric", "ergebnis": "metric", "ergebnisse": "metric",
    "param": "param", "params": "param", "parameter": "param", "parameters": "param", "hyperparameters": "param",
    "hyperparameter": "param", "config": "param", "configuration": "param", "setup": "param", "settings": "param",
    "hyperparams": "param", "einstellungen": "param",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Guess:
    """What a column is taken for, why, and how sure that is (0 to 1)."""

    role: Role
    name: str
    """For the runs table: ``status``, ``metrics.auc``, ``params.lr``; for the person's own, the header."""
    sure: float
    reason: str

    @property
    def is_sure(self) -> bool:
        return self.sure >= LIKELY


def guess_column(header: str, values: Sequence[Any], group: str = "") -> Guess:
    """What a column is.

    Args:
        header: its name as it stands in the cell.
        values: what stands in it, without blanks.
        group: the label over it and its neighbours, if there is one.
    """
    bare, unit = without_unit(header)
    words = words_of(bare)
    text = " ".join(words)
    labelled = next((role for word in words_of(group) if (role := _GROUPS.get(word))), None)
    numbers = [n for v in values if not isinstance(v, bool) and (n := numeric(v)) is not None]
    share = len(numbers) / len(values) if values else 0.0

    for name, prefix in (("metric", "metrics."), ("param", "params.")):
        if header.strip().casefold().startswith((f"{name}.", prefix)):
            return Guess(_role(name), prefix + bare.partition(".")[2].strip(), SURE, f"the header says {name}")
    if labelled in ("metric", "param") and not _is_declared(text):
        if labelled == "param":
            return Guess("param", "params." + slug(bare), SURE, f"it stands under '{group}'")
        if share > 0.5 or not values:
            return Guess("metric", "metrics." + _metric_name(group, bare), SURE, f"it stands under '{group}'")

    declared = _declared(text, values, unit, share)
    if declared is not None:
        return declared
    if text == "model name" and len(values) > 1 and len({str(value) for value in values}) == len(values):
        return Guess("run", "name", LIKELY, "it names something else in every row")
    if _looks_like_paths(values) and not numbers:
        return Guess(
            "artifact", header, SURE if set(words) & ARTIFACT_WORDS else LIKELY, "its cells are paths of files"
        )
    known_metric = [word for word in words if word in METRIC_WORDS or word.rstrip("0123456789") in METRIC_WORDS]
    known_param = [word for word in words if word in PARAM_WORDS]
    if known_metric and share > 0.5 and not (set(words) & {"weight", "fn", "function"}):
        return Guess(
            "metric", "metrics." + slug(bare), SURE, f"'{known_metric[0]}' is a metric and its cells are numbers"
        )
    if known_metric and not values:
        return Guess("metric", "metrics." + slug(bare), LIKELY, f"'{known_metric[0]}' is a metric; its cells are blank")
    if group and share > 0.5 and (set(words_of(group)) & METRIC_WORDS):
        return Guess("metric", "metrics." + slug(f"{group} {bare}"), LIKELY, f"it stands under '{group}'")
    if known_param and (len(known_param) * 2 >= len(words) or share > 0.5):
        return Guess("param", "params." + slug(bare), LIKELY, f"'{known_param[0]}' is a param")
    return _by_values(header, bare, words, values, numbers, share)


def _declared(text: str, values: Sequence[Any], unit: str, share: float) -> Guess | None:
    """A column of the runs table, if the header is one of its names and the values do not speak against it."""
    if text in _CODE and values and all(isinstance(v, str) and _COMMIT.fullmatch(v.strip()) for v in values):
        return Guess("run", "git_commit", SURE, "its cells are commits")
    for name, others in RUNS_WORDS.items():
        if text != name.replace("_", " ") and text not in others:
            continue
        column = RUNS.column(name)
        assert column is not None
        reason = f"'{text}' is what {name} is often called"
        if column.kind == "datetime":
            dated = sum(moment(v) is not None for v in values)
            if values and dated < 0.5 * len(values):
                return None
            return Guess("run", name, SURE if dated == len(values) else LIKELY, reason + " and its cells are dates")
        if name == "duration":
            if unit.casefold() in SECONDS and share > 0.5:
                return Guess("run", name, SURE, reason + ", in seconds")
            return Guess("own", text, LIKELY, "not in seconds, as Tracker's duration is; it stays yours")
        if name == "run_id":
            return _as_key(values, text)
        if name == "status" and values and not {str(v).strip() for v in values} <= set(RUN_STATUS):
            return Guess("own", text, LIKELY, "its words are not those of Tracker's status; it stays yours")
        if name == "git_commit":
            commits = sum(isinstance(v, str) and _COMMIT.fullmatch(v.strip()) is not None for v in values)
            return Guess("run", name, SURE if commits * 2 > len(values) else LIKELY, reason) if share < 0.9 else None
        if name in ("experiment", "name", "source", "host") and share > 0.9 and values:
            return None
        if name == "source" and text in ("code", "code url", "code link") and not values:
            return Guess("run", name, UNSURE, reason)
        return Guess("run", name, SURE, reason)
    return None


def _is_declared(text: str) -> bool:
    return any(
        text == name.replace("_", " ") or text in others for name, others in RUNS_WORDS.items() if name != "name"
    )


def _as_key(values: Sequence[Any], text: str) -> Guess | None:
    """An id that can be the key: another text in every row. Plain numbers stay the person's: scripts make other ids."""
    texts = [str(value).strip() for value in values]
    if texts and len(set(texts)) == len(texts) and all(isinstance(v, str) for v in values):
        return Guess("run", "run_id", SURE, f"'{text}', and every cell is different")
    return Guess("own", text, LIKELY, "numbers of rows: new runs get ids of their own in another column")


def _by_values(
    header: str, bare: str, words: Sequence[str], values: Sequence[Any], numbers: Sequence[float], share: float
) -> Guess:
    if not values:
        return Guess("own", header, UNSURE, "nothing stands in it")
    if words and set(words) <= METRIC_PARTS and share > 0.8:
        return Guess("metric", "metrics." + slug(bare), LIKELY, "it says on what something was measured")
    if words in (["no"], ["nr"], ["#"], []) or (share == 1 and list(numbers) == list(range(1, len(numbers) + 1))):
        return Guess("own", header, LIKELY, "it numbers the rows")
    if share > 0.8:
        distinct = len(set(numbers)) / len(numbers)
        if distinct > 0.7 and len(numbers) > 3 and any(n != int(n) for n in numbers):
            return Guess(
                "metric", "metrics." + slug(bare), UNSURE, "numbers that differ in nearly every row, as results do"
            )
        return Guess("param", "params." + slug(bare), UNSURE, "numbers of which some come again, as settings do")
    if all(isinstance(value, bool) for value in values):
        return Guess("param", "params." + slug(bare), UNSURE, "yes or no")
    return Guess("own", header, UNSURE, "nothing tells what it is; it stays yours")


def _looks_like_paths(values: Sequence[Any]) -> bool:
    texts = [value.strip() for value in values if isinstance(value, str)]
    return (
        bool(texts)
        and len(texts) == len(values)
        and sum(_PATH.fullmatch(t) is not None for t in texts) > 0.6 * len(texts)
    )


def _metric_name(group: str, bare: str) -> str:
    """Under a label that is a metric itself (``AUC`` over ``mean`` and ``std``) the two together are the name."""
    return slug(f"{group} {bare}") if set(words_of(group)) & METRIC_WORDS else slug(bare)


def _role(name: str) -> Role:
    return "metric" if name == "metric" else "param"


def numeric(value: Any) -> float | None:
    """A number, or a text that shows one: ``0,93``, ``87.3 %``, ``1 234``; None for anything else."""
    if isinstance(value, (bool, datetime)):
        return None
    if isinstance(value, str):
        text = value.strip().replace("\u00a0", "").replace(" ", "")
        percent = text.endswith("%")
        text = text.rstrip("%").lstrip("~≈<>")
        if "," in text and "." not in text:
            text = text.replace(",", ".")
        number = as_number(text)
        return None if number is None else float(number) / (100 if percent else 1)
    return float(value) if isinstance(value, (int, float)) else None


def moment(value: Any) -> datetime | None:
    """The moment that a cell holds or its text means; None where it means none. A number is no date here."""
    return value if isinstance(value, datetime) else written_date(value) if isinstance(value, str) else None
