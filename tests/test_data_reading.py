"""Tables as people and programs write them: every quirk is read, or refused with a reason and without using memory."""

from __future__ import annotations

import csv
import gzip
import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import feather, ipc

from tracker.data.endings import format_of
from tracker.data.formats import open_table
from tracker.data.profile import Profile, profile_table
from tracker.data.tables import joined, read_through, unique_names

ROOT = Path(__file__).parent.parent


def rows_of(path: Path) -> list[dict[str, Any]]:
    """All rows of a table as they are taken from its blocks."""
    table = open_table(path)
    pieces = read_through(table, lambda blocks: [block.take(np.arange(block.rows)).table for block in blocks])
    return [row for piece in pieces for row in piece.to_pylist()]


def notes_of(path: Path) -> tuple[str, ...]:
    return profile_table(path).notes


def types_of(path: Path) -> dict[str, str]:
    return {column.name: column.type for column in profile_table(path).columns}


# -- CSV --------------------------------------------------------------------------------------------------------

IRREGULAR = "Some quotes stand where none belong, so every line was read as a row."


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("a,b\n1,2\n", [("1", "2")]),
        ("a,b\n1,2", [("1", "2")]),
        ("\n\na,b\n\n1,2\n\n\r\n3,4\n\n", [("1", "2"), ("3", "4")]),
        ("a,b\r\n1,2\r\n3,4\r\n", [("1", "2"), ("3", "4")]),
        ("a,b\r1,2\r3,4\r", [("1", "2"), ("3", "4")]),
        ("\ufeffa,b\n1,2\n", [("1", "2")]),
        ('a,b\n1,"x, y"\n', [("1", "x, y")]),
        ('a,b\n1,"x\ny ""z"""\n"2",w\n', [("1", 'x\ny "z"'), ("2", "w")]),
        ('a,b\n1,"x\r\ny"\r\n3,4\r\n', [("1", "x\r\ny"), ("3", "4")]),
        ('a,b\n"",""\n1,2\n', [(None, None), ("1", "2")]),
        ("a;b\n1,5;2\n", [("1,5", "2")]),
        ("a\tb\n1\t2\n", [("1", "2")]),
        ("a|b\n1|x,y\n", [("1", "x,y")]),
        ("a,b\nNA,\nnull,NaN\nn,a\n", [(None, None), (None, None), ("n", "a")]),
        ('a,b\n1,5" pipe\n2,w\n3,6" pipe\n', [("1", '5" pipe'), ("2", "w"), ("3", '6" pipe')]),
        ('a,b\n1,"never closed\n2,w\n', [("1", "never closed"), ("2", "w")]),
        ('a, b\n1, "x, y"\n2, "w"\n', [("1", "x, y"), ("2", "w")]),
        ("a,b\n1,2\n3\n4,5,6\n7,8\n", [("1", "2"), ("7", "8")]),
        ("a,b\n1,x\0y\n", [("1", "x\0y")]),
    ],
)
def test_csv_is_read_however_it_is_written(tmp_path: Path, text: str, rows: list[tuple[Any, ...]]) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(text.encode())
    read = rows_of(path)
    assert [tuple(row.values()) for row in read] == rows
    assert all(list(row) == ["a", "b"] for row in read)


@pytest.mark.parametrize("block", [7, 64, 4 << 20])
@settings(deadline=None)
@given(data=st.data())
def test_csv_is_read_as_the_standard_library_reads_it(
    tmp_path_factory: pytest.TempPathFactory, block: int, data: st.DataObject
) -> None:
    cell = st.one_of(
        st.sampled_from(["", "x", '"', ",", "\n", "\r\n", "a,b", 'say "so"', "ü"]), st.text('ab ",\n', max_size=6)
    )
    width = data.draw(st.integers(2, 4))
    rows = data.draw(st.lists(st.lists(cell, min_size=width, max_size=width), max_size=30))
    file = io.StringIO(newline="")
    quoting = data.draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
    writer = csv.writer(file, quoting=quoting, lineterminator=data.draw(st.sampled_from(["\n", "\r\n"])))
    writer.writerow([f"c{place}" for place in range(width)])
    writer.writerows(rows)
    path = tmp_path_factory.mktemp("csv") / "t.csv"
    path.write_bytes(file.getvalue().encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tracker.data.records._BLOCK", block)
        read = [list(row.values()) for row in rows_of(path)]
    expected = [[value or None for value in row] for row in csv.reader(io.StringIO(file.getvalue(), newline=""))][1:]
    assert read == expected


def test_a_header_may_be_missing_blank_or_doubled(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("1,2.5\n3,4\n")
    assert rows_of(path) == [{"column 1": "1", "column 2": "2.5"}, {"column 1": "3", "column 2": "4"}]
    assert notes_of(path) == ("Its first line holds only numbers and was read as data; the columns have no names.",)
    path.write_text("a,a,,a (2)\n1,2,3,4\n")
    assert rows_of(path) == [{"a": "1", "a (2)": "2", "column 3": "3", "a (2) (2)": "4"}]
    assert notes_of(path) == ("Several of its columns have the same name.",)
    path.write_text("a,b\n")
    assert (profile_table(path).rows, types_of(path)) == (0, {"a": "empty", "b": "empty"})
    path.write_bytes(b"")
    assert (profile_table(path).rows, notes_of(path)) == (0, ("The file is empty.",))


@given(st.lists(st.text(max_size=5) | st.none(), max_size=12))
def test_no_two_columns_have_the_same_name(names: list[str | None]) -> None:
    unique = unique_names(names)
    assert len(set(unique)) == len(names) and all(unique)


@pytest.mark.parametrize(
    ("encoding", "noted"), [("utf-8", False), ("utf-16", False), ("utf-32", False), ("cp1252", True)]
)
def test_encodings_are_found_out(tmp_path: Path, encoding: str, noted: bool) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes("größe,Stadt\n1,Köln\n".encode(encoding))
    assert rows_of(path) == [{"größe": "1", "Stadt": "Köln"}]
    assert ("Its text is not UTF-8 and was read as Windows-1252." in notes_of(path)) is noted


def test_types_are_found_out_from_text(tmp_path: Path) -> None:
    rows = 200
    path = tmp_path / "t.csv"
    columns = {
        "whole": [str(n) if n % 20 else "bad" for n in range(rows)],
        "signed": [f"+{n}" for n in range(rows)],
        "float": [f"{n}e-1" for n in range(rows)],
        "infinite": ["inf" if n == 3 else str(n) for n in range(rows)],
        "zip": [f"{n:05d}" for n in range(rows)],
        "account": [str(10**24 + n) for n in range(rows)],
        "share": [f"{n}%" for n in range(rows)],
        "half": [str(n) if n % 2 else "x" for n in range(rows)],
        "flag": ["TRUE" if n % 2 else "false" for n in range(rows)],
        "day": [f"2024-01-{n % 28 + 1:02d}" for n in range(rows)],
        "moment": [f"2024-01-01T10:00:{n % 60:02d}+02:00" for n in range(rows)],
        "badly dated": ["2024-02-31" if n < 5 else "2024-02-29" for n in range(rows)],
        "far": ["9999-12-31" if n % 2 else "0001-01-01" for n in range(rows)],
        "nothing": [""] * rows,
        "hex": [f"0x{n:x}" for n in range(rows)],
    }
    pd.DataFrame(columns).to_csv(path, index=False)
    assert types_of(path) == {
        "whole": "integer",
        "signed": "integer",
        "float": "number",
        "infinite": "number",
        "zip": "text",
        "account": "text",
        "share": "text",
        "half": "text",
        "flag": "boolean",
        "day": "date",
        "moment": "date",
        "badly dated": "date",
        "far": "date",
        "nothing": "empty",
        "hex": "text",
    }
    profile = profile_table(path)
    names = ("whole", "infinite", "moment", "badly dated", "far")
    whole, infinite, moment, dated, far = (column for name in names if (column := profile.column(name)))
    assert (far.shown(far.min), far.shown(far.max)) == ("0001-01-01", "9999-12-31")
    assert (whole.strays, whole.stray_examples, whole.max) == (10, ("bad",), 199)
    assert (infinite.infinite, infinite.strays) == (1, 0)
    assert moment.shown(moment.min) == "2024-01-01 08:00:00"
    assert (dated.strays, dated.stray_examples) == (5, ("2024-02-31",))


def test_a_decimal_comma_counts_only_where_commas_do_not_separate(tmp_path: Path) -> None:
    (tmp_path / "de.csv").write_text("a;b\n1,5;x\n2;y\n")
    (tmp_path / "us.csv").write_text('a,b\n"1,500",x\n"2,250",y\n')
    assert types_of(tmp_path / "de.csv") == {"a": "number", "b": "text"}
    assert types_of(tmp_path / "us.csv") == {"a": "text", "b": "text"}
    column = profile_table(tmp_path / "de.csv").column("a")
    assert column and column.grid[0] == 1.5
    assert notes_of(tmp_path / "de.csv") == ("Its columns are separated by ';'.",)


# -- other formats ----------------------------------------------------------------------------------------------


def test_json_lines_may_differ_from_line_to_line(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    lines = [
        '{"a": 1, "b": "x"}',
        "",
        "no JSON",
        "[1]",
        '{"a": 2.5, "c": [1, {"x": null}]}',
        '{"a": NaN, "b": null, "ü": true}',
        '{"a": ' + "[" * 100_000,
        '{"a": ' + "9" * 5_000 + "}",
    ]
    path.write_text("\n".join(lines))
    assert profile_table(path).refused == "Not profiled: 4 of the 7 rows that were looked at cannot be read."
    path.write_text("\n".join([*lines, '{"a": 4, "b": 4}']))
    profile = profile_table(path)
    assert (profile.rows, profile.read, profile.unreadable) == (8, 4, 4)
    assert {c.name: (c.type, c.missing) for c in profile.columns} == {
        "a": ("number", 1),
        "b": ("text", 2),
        "c": ("text", 3),
        "ü": ("boolean", 3),
    }


def test_json_is_a_table_in_each_of_its_usual_shapes(tmp_path: Path) -> None:
    expected = [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]
    for text in (
        '[{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]',
        '{"a": [1, 2], "b": ["x", "y"]}',
        '{"a": {"0": 1, "1": 2}, "b": {"0": "x", "1": "y"}}',
        '{"a": 1, "b": "x"}\n{"a": 2, "b": "y"}\n',
    ):
        (tmp_path / "t.json").write_text(text)
        assert rows_of(tmp_path / "t.json") == expected
    for text in ('{"a": 1}', "[1, 2]", '"x"', "{", '{"a": [1], "b": [1, 2]}'):
        (tmp_path / "t.json").write_text(text)
        assert profile_table(tmp_path / "t.json").refused


def test_columns_that_change_their_type_become_text_or_numbers() -> None:
    mixed: set[str] = set()
    tables = [pa.table({"a": [1], "b": [1], "c": ["x"]}), pa.table({"a": [1.5], "b": ["y"], "d": [[1]]})]
    assert joined(tables, mixed).to_pylist() == [
        {"a": 1.0, "b": "1", "c": "x", "d": None},
        {"a": 1.5, "b": "y", "c": None, "d": [1]},
    ]
    assert mixed == {"b"}


def test_arrow_files_are_read_in_each_of_their_forms(tmp_path: Path) -> None:
    table = pa.table({"a": [1, 2, 3], "b": ["x", None, "z"]})
    feather.write_feather(table, tmp_path / "t.feather")
    with ipc.new_stream(tmp_path / "t.arrow", table.schema) as writer:
        writer.write_table(table)
    for name in ("t.feather", "t.arrow"):
        assert rows_of(tmp_path / name) == table.to_pylist()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.csv", "csv"),
        ("A.B.TSV", "csv"),
        ("a.csv.gz", "csv"),
        ("a.jsonl.zst", "jsonl"),
        ("a.parquet.gz", ""),
        ("a.gz", ""),
        (".csv", ""),
        ("a", ""),
        ("a.xlsm", "xlsx"),
    ],
)
def test_the_name_says_whether_a_file_is_a_table(name: str, expected: str) -> None:
    assert format_of(Path(name)) == expected


# -- refusals ---------------------------------------------------------------------------------------------------


def test_what_cannot_be_read_is_refused_with_a_reason(tmp_path: Path) -> None:
    good = tmp_path / "good.parquet"
    pd.DataFrame({"a": range(1000)}).to_parquet(good)
    (tmp_path / "cut.parquet").write_bytes(good.read_bytes()[:-20])
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 nothing PAR1")
    (tmp_path / "bad.feather").write_bytes(b"ARROW1 nothing")
    (tmp_path / "bad.xlsx").write_bytes(b"PK nothing")
    (tmp_path / "cut.csv.gz").write_bytes(gzip.compress(os.urandom(100_000))[:-5_000])
    (tmp_path / "noise.csv").write_bytes(np.random.default_rng(0).bytes(50_000))
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "model.pkl").write_bytes(b"\x80\x04N.")
    paths = [path for path in tmp_path.iterdir() if path != good] + [tmp_path / "missing.csv"]
    for path in paths:
        profile = profile_table(path)
        assert profile.refused.startswith("Not profiled: ") and profile.refused.endswith("."), path
        assert (profile.rows, profile.columns) == (0, ())


@pytest.mark.parametrize("name", ["t.parquet", "t.feather", "t.csv", "t.jsonl", "t.csv.gz"])
def test_a_damaged_file_is_read_or_refused(tmp_path: Path, name: str) -> None:
    frame = pd.DataFrame({"a": range(200), "b": ["x", 'y,"z', "ü", None] * 50, "t": pd.Timestamp("2024-01-01")})
    path = tmp_path / name
    match path.suffix:
        case ".parquet":
            frame.to_parquet(path)
        case ".feather":
            frame.to_feather(path)
        case ".jsonl":
            frame.to_json(path, orient="records", lines=True, date_format="iso")
        case _:
            frame.to_csv(path, index=False)
    good, random = path.read_bytes(), np.random.default_rng(0)
    refused = 0
    for _ in range(150):
        content = bytearray(good)
        for place in random.integers(0, len(content), random.integers(1, 6)):
            content[place] = random.integers(0, 256)
        path.write_bytes(content[: len(content) if random.random() < 0.7 else random.integers(0, len(content))])
        profile = profile_table(path)
        assert Profile.from_json(profile.to_json()) == profile
        refused += bool(profile.refused)
    assert refused < 150


def test_a_workbook_with_two_cells_far_apart_is_refused(tmp_path: Path) -> None:
    from zoo import with_openpyxl

    good = tmp_path / "good.xlsx"
    with_openpyxl.simple(good, {"data": (("a", "b"), [(1, 2)])})
    far = tmp_path / "far.xlsx"
    with zipfile.ZipFile(good) as source, zipfile.ZipFile(far, "w", zipfile.ZIP_DEFLATED) as target:
        for part in source.infolist():
            content = source.read(part)
            if part.filename == "xl/worksheets/sheet1.xml":
                cell = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
                content = content.replace(b"</sheetData>", cell)
            target.writestr(part, content)
    assert profile_table(good).rows == 1
    assert "too large to be read as a whole" in profile_table(far).refused


GROWTH = """
import sys
from pathlib import Path
import numpy, pandas, pyarrow.compute, pyarrow.csv, pyarrow.parquet
from tracker.data.metadata import describe
from tracker.data.profile import Profile, profile_table

def peak():
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) // 1024

before = peak()
path = Path(sys.argv[1])
facts = describe(path)
profile = profile_table(path)
print(peak() - before, len(profile.columns), profile.refused or profile.notes)
"""


def growth(path: Path) -> tuple[int, int, str]:
    """By how many MiB a process grows that describes and profiles the file; its columns; what it says."""
    if not Path("/proc/self/status").exists():
        pytest.skip("needs /proc to measure memory")
    command = [sys.executable, "-c", GROWTH, str(path)]
    child = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=120)
    grown, columns, said = child.stdout.split(" ", 2)
    return int(grown), int(columns), said.strip()


@pytest.mark.parametrize("name", ["one.json", "one.jsonl", "one.csv", "quoted.csv"])
def test_100_mb_in_one_line_are_refused_and_not_held(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    head = {"one.json": b'[{"a": "', "one.jsonl": b'{"a": "', "one.csv": b"a,b\n", "quoted.csv": b'a,b\n1,"'}[name]
    with open(path, "wb") as file:
        file.write(head)
        for _ in range(100):
            file.write(b"x" * 1_000_000)
    grown, columns, said = growth(path)
    assert columns == 0 and said.startswith("Not profiled: ")
    assert grown < 100


def test_a_small_file_that_unpacks_to_much_is_read_in_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "t.csv.gz"
    with gzip.open(path, "wb") as file:
        file.write(b"a,b\n")
        for _ in range(100):
            file.write(b"1,2\n" * 250_000)
    grown, columns, _ = growth(path)
    assert columns == 2 and grown < 300


def test_more_columns_than_excel_has_are_profiled(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pd.DataFrame(np.arange(5 * 16_385).reshape(5, -1), columns=[f"c{n}" for n in range(16_385)]).to_parquet(path)
    profile = profile_table(path)
    assert len(profile.columns) == 16_385 and profile.refused == ""
    assert {len(column.grid) for column in profile.columns} == {21}


def test_too_many_columns_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(",".join(f"c{n}" for n in range(50_001)) + "\n")
    assert profile_table(path).refused == (
        "Not profiled: 50,001 columns are more than the 50,000 that Tracker looks at."
    )
    lines = tmp_path / "t.jsonl"
    lines.write_text("".join(f'{{"k{n}": 1}}\n' for n in range(60_000)))
    assert "too many to be columns" in profile_table(lines).refused
