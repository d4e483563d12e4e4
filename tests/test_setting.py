"""Settings are changed by people who may, to values that mean something."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tracker
from tracker.deciding.people import set_roles
from tracker.deciding.setting import set_setting, understood
from tracker.errors import BadRequestError, PermissionRefusedError, ValueChangedError
from tracker.reading.registry import Registry
from tracker.settings import DEFAULTS, Settings


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("trash.days", " 30 ", 30),
        ("sync.share", "0.1", 0.1),
        ("versions.keep", "", None),
        ("data.profile", "No", "off"),
        ("metrics.summary", "Last,best, last", "last, best"),
        ("gate.stages", "none", "none"),
        ("checklist.review", "2027-01-31", datetime(2027, 1, 31)),
        ("metrics.main", "auc, f1*", "auc, f1*"),
        ("column.runs.name", "Run", "Run"),
        ("artifacts.store", "s3://bucket/a", "s3://bucket/a"),
    ],
)
def test_what_is_typed_becomes_the_value_that_is_meant(name: str, text: str, value: Any) -> None:
    assert understood(name, text) == value


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("trash.days", "-1", "of at least 0"),
        ("sync.share", "2", "from 0 to 1"),
        ("versions.keep", "2.5", "a whole number"),
        ("data.profile", "maybe", "on or off"),
        ("metrics.summary", "median", "last, best, min, max"),
        ("gate.stages", "prod", "not 'prod'"),
        ("checklist.review", "soon", "a date"),
        ("trash.day", "3", "Did you mean trash.days?"),
    ],
)
def test_what_means_nothing_is_refused_with_what_would(name: str, text: str, says: str) -> None:
    with pytest.raises(BadRequestError, match=says.replace("?", r"\?")):
        understood(name, text)


@given(st.sampled_from(sorted(DEFAULTS)), st.text(max_size=20))
def test_whatever_is_typed_is_a_value_or_refused(name: str, text: str) -> None:
    try:
        value = understood(name, text)
    except BadRequestError:
        return
    assert value is None or isinstance(value, (str, int, float, datetime))


@pytest.mark.parametrize("name", sorted(DEFAULTS))
def test_each_default_can_be_typed(name: str) -> None:
    default = DEFAULTS[name][0]
    assert understood(name, "" if default is None else str(default)) == default


def test_a_setting_is_in_the_workbook_and_works(registry_path: Path) -> None:
    registry = Registry(registry_path)
    assert set_setting(registry, "trash.days", "30", 14, "boss").in_workbook
    assert registry.settings.get("trash.days") == 30
    with pytest.raises(ValueChangedError):
        set_setting(registry, "trash.days", "3", 14, "boss")
    set_setting(registry, "trash.days", "", 30, "boss")
    assert registry.settings.get("trash.days") == Settings().get("trash.days")


def test_a_setting_that_has_no_row_gets_one_with_its_help(registry_path: Path) -> None:
    registry = Registry(registry_path)
    set_setting(registry, "column.runs.notes", "Remarks", None, "boss")
    row = registry.row("settings", ("column.runs.notes",))
    assert row is not None and row["value"] == "Remarks"


def test_only_a_manager_changes_settings(registry_path: Path) -> None:
    registry = Registry(registry_path)
    set_roles(registry, {"boss": "manager", "ann": "contributor"}, "boss")
    with pytest.raises(PermissionRefusedError):
        set_setting(registry, "trash.days", "30", 14, "ann")


def test_a_workbook_without_settings_says_so(bare_registry: Path) -> None:
    with pytest.raises(BadRequestError, match="no table 'settings'"):
        set_setting(tracker.open(bare_registry), "trash.days", "30", None, "boss")
