"""What is said of a file by its kind: read from headers and text, and a note where it cannot be read."""

from __future__ import annotations

import gzip
import io
import json
import os
import struct
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from tracker.data import archives, headers
from tracker.data.metadata import describe
from tracker.data.profile import profile_table


def described(path: Path, content: bytes | str) -> dict[str, Any]:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    facts = describe(path)
    json.dumps(facts, allow_nan=False)
    return facts


# -- models -----------------------------------------------------------------------------------------------------


def safetensors(tensors: dict[str, tuple[str, list[int], int]], metadata: dict[str, str] | None = None) -> bytes:
    """A safetensors file: name, type, shape and bytes of each tensor."""
    header: dict[str, Any] = {"__metadata__": metadata} if metadata else {}
    offset = 0
    for name, (type, shape, size) in tensors.items():
        header[name] = {"dtype": type, "shape": shape, "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + bytes(offset)


def test_safetensors(tmp_path: Path) -> None:
    content = safetensors({"a": ("F32", [2, 3], 24), "b": ("F16", [4], 8)}, {"format": "pt"})
    assert described(tmp_path / "m.safetensors", content) == {
        "format": "safetensors",
        "size": len(content),
        "tensors": 2,
        "parameters": 10,
        "types": {"F32": 1, "F16": 1},
        "shapes": {"a": [2, 3], "b": [4]},
        "metadata": {"format": "pt"},
    }
    for broken in (content[:-1], content[:20], b"", struct.pack("<Q", 1 << 60), struct.pack("<Q", 2) + b"[]"):
        assert described(tmp_path / "m.safetensors", broken)["notes"][0].startswith("It could not be looked into: ")


ONNX = bytes.fromhex(
    "080e12057465737473 1a03312e32 3aa2010a120a01780a01770a016212016822 0447656d6d0a0f0a01681201792207536f66746d6178"
    "1201672a3b080408031001420177 4a30 0000803f0000803f0000803f0000803f0000803f0000803f0000803f0000803f0000803f"
    "0000803f0000803f0000803f 2a150803100142 01624a0c 000000000000000000000000 5a110a0178120c0a0a080112060a000a020804"
    "62110a0179120c0a0a080112060a000a020803 42040a001011 420e0a0a61692e6f6e6e782e6d6c1003"
)
"""A Gemm and a Softmax, as the onnx package writes them."""


def test_onnx(tmp_path: Path) -> None:
    assert described(tmp_path / "m.onnx", ONNX) == {
        "format": "onnx",
        "size": 201,
        "ir_version": 14,
        "producer": "tests",
        "producer_version": "1.2",
        "nodes": 2,
        "operators": {"Gemm": 1, "Softmax": 1},
        "weights": 2,
        "inputs": ["x"],
        "outputs": ["y"],
        "opsets": {"ai.onnx": 17, "ai.onnx.ml": 3},
    }
    for broken in (ONNX[:100], b"", b"\xff" * 50, b"no model at all"):
        assert "could not be looked into" in described(tmp_path / "m.onnx", broken)["notes"][0]


def test_numpy_arrays(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros((3, 4), "float32"))
    np.savez_compressed(tmp_path / "a.npz", x=np.zeros(5), y=np.array(["a"]))
    assert describe(tmp_path / "a.npy") == {"format": "npy", "size": 176, "shape": [3, 4], "type": "<f4"}
    facts = describe(tmp_path / "a.npz")
    assert facts["arrays"] == {"x": {"shape": [5], "type": "<f8"}, "y": {"shape": [1], "type": "<U1"}}
    assert "warnings" not in facts


# -- pictures ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["png", "jpg", "gif", "bmp", "webp", "tiff"])
def test_images_have_a_size(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"picture.{ending}"
    Image.new("RGB", (30, 20)).save(path)
    facts = describe(path)
    assert (facts["width"], facts["height"]) == (30, 20)
    assert facts["format"] == {"jpg": "jpeg"}.get(ending, ending)


def test_a_picture_too_large_to_be_shown_is_not_opened(tmp_path: Path) -> None:
    stream = io.BytesIO()
    Image.new("L", (1, 1)).save(stream, "png")
    content = bytearray(stream.getvalue())
    content[16:24] = struct.pack(">II", 60_000, 60_000)
    content[29:33] = struct.pack(">I", __import__("zlib").crc32(bytes(content[12:29])))
    facts = described(tmp_path / "bomb.png", bytes(content))
    assert "more pixels than anybody could look at" in facts["notes"][0]


def test_an_svg_with_a_script_is_warned_about(tmp_path: Path) -> None:
    warned = ["It holds a script, which would run where it is opened as a page; as a picture it does nothing."]
    start = '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg">'
    for bad in ("<script>alert(1)</script>", '<g onload="x()"/>', '<a href="javascript:x"/>', "<foreignObject/>"):
        assert described(tmp_path / "a.svg", f"{start}{bad}</svg>")["warnings"] == warned
    assert described(tmp_path / "a.svg", f"{start}<g/></svg>") == {"format": "svg", "size": 71}
    assert described(tmp_path / "long.svg", start + " " * (5 << 20))["notes"]


# -- archives ---------------------------------------------------------------------------------------------------


def test_members_of_a_zip_are_listed_and_bad_names_warned_about(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data/train.csv", "a\n1\n")
        archive.writestr("../../evil.sh", "x")
        archive.writestr("/absolute", "x")
        archive.writestr("C:\\x", "x")
        archive.writestr("zeros", bytes(10_000_000))
    facts = describe(path)
    assert (facts["format"], facts["count"], facts["unpacked_size"]) == ("zip", 5, 10_000_007)
    assert {"name": "data/train.csv", "size": 4} in facts["members"]
    assert len(facts["warnings"]) == 4
    assert "../../evil.sh would be unpacked outside of the folder." in facts["warnings"]
    assert any("times its size" in warning for warning in facts["warnings"])
    assert not (tmp_path.parent / "evil.sh").exists()


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_members_of_a_tar_are_listed(tmp_path: Path, mode: str) -> None:
    path = tmp_path / f"a.tar{mode[1:].replace(':', '.')}"
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name in ("folder/a.txt", "../b.txt"):
            info = tarfile.TarInfo(name)
            info.size = 3
            archive.addfile(info, io.BytesIO(b"abc"))
    facts = describe(path)
    assert (facts["format"], facts["count"], facts["unpacked_size"]) == ("tar", 2, 6)
    assert facts["members"] == [{"name": "folder/a.txt", "size": 3}, {"name": "../b.txt", "size": 3}]
    assert facts["warnings"] == ["../b.txt would be unpacked outside of the folder."]
    path.write_bytes(path.read_bytes()[: -40 if mode != "w" else 600])
    assert describe(path)["format"] == "tar"


def test_an_archive_that_would_fill_memory_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "_LARGEST_DIRECTORY", 1_000)
    monkeypatch.setattr(archives, "_MOST_UNPACKED", 100_000)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for number in range(100):
            archive.writestr(str(number), "")
    assert "too many members" in describe(tmp_path / "a.zip")["notes"][0]
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as archive:
        for name in ("first", "second"):
            info = tarfile.TarInfo(name)
            info.size = 10_000_000
            archive.addfile(info, io.BytesIO(bytes(info.size)))
    facts = describe(tmp_path / "a.tar.gz")
    assert facts["count"] == 1 and "unpacks to more than" in facts["notes"][0]


# -- tables -----------------------------------------------------------------------------------------------------


def test_tables_have_columns_types_and_rows_where_these_are_known(tmp_path: Path) -> None:
    frame = pd.DataFrame({"n": [1, 2], "t": ["x", "y"], "d": pd.to_datetime(["2024-01-01", "2024-01-02"])})
    expected = {"rows": 2, "columns": 3, "types": {"n": "integer", "t": "text", "d": "date"}}
    frame.to_csv(tmp_path / "t.csv", index=False)
    frame.to_parquet(tmp_path / "t.parquet")
    frame.to_feather(tmp_path / "t.feather")
    for name in ("t.csv", "t.parquet", "t.feather"):
        size = (tmp_path / name).stat().st_size
        assert describe(tmp_path / name) == {"format": name[2:], "size": size, **expected}
    big = pd.DataFrame({"n": np.zeros(200_000, "int8")})
    big.to_parquet(tmp_path / "big.parquet")
    assert describe(tmp_path / "big.parquet")["rows"] == 200_000
    (tmp_path / "big.csv").write_text("n\n" + "1\n" * 5_000_000)
    assert "rows" not in describe(tmp_path / "big.csv")


def test_json_that_is_no_table_is_nothing_to_speak_of(tmp_path: Path) -> None:
    assert described(tmp_path / "config.json", '{"lr": 0.1}') == {"format": "json", "size": 11}
    assert described(tmp_path / "rows.json", '[{"a": 1}]')["types"] == {"a": "integer"}


# -- recipes ----------------------------------------------------------------------------------------------------


def test_requirements_that_are_not_pinned_are_named(tmp_path: Path) -> None:
    text = """\ufeff# what we need
pandas==2.2.3
NumPy >=1.26,<3   # not pinned
scikit_learn[extra] == 1.5.* ; python_version > "3.8"
torch==2.4.0 --hash=sha256:abc \\
    --hash=sha256:def
local @ https://host/x.whl
-r more.txt
--index-url https://user:secret@host/simple
git+https://token@host/repo.git@v1
./wheels/mine.whl
"""
    facts = described(tmp_path / "requirements-dev.txt", text)
    assert facts == {
        "format": "requirements",
        "size": len(text.encode()),
        "packages": 5,
        "pinned": 3,
        "not_pinned": ["numpy", "scikit-learn"],
        "other": ["git+https://…@host/repo.git@v1", "./wheels/mine.whl"],
        "options": ["-r more.txt", "--index-url https://…@host/simple"],
    }


def test_dockerfiles_name_their_images(tmp_path: Path) -> None:
    text = """# syntax=docker/dockerfile:1
FROM --platform=linux/amd64 python:3.11 AS build
RUN pip install \\
    pandas
FROM scratch
FROM build
FROM nvidia/cuda@sha256:abc
EXPOSE 80 443/tcp
USER app
ENTRYPOINT ["python", "-m", "app"]
"""
    facts = described(tmp_path / "Dockerfile", text)
    assert facts == {
        "format": "dockerfile",
        "size": len(text),
        "images": ["python:3.11", "scratch", "nvidia/cuda@sha256:abc"],
        "ports": ["80", "443/tcp"],
        "user": "app",
        "command": '["python", "-m", "app"]',
        "not_pinned": ["python:3.11"],
    }


# -- anything ---------------------------------------------------------------------------------------------------


def test_files_of_unknown_kinds_folders_and_nothing(tmp_path: Path) -> None:
    assert described(tmp_path / "notes.md", "# x") == {"format": "", "size": 3}
    assert described(tmp_path / "empty.csv", "") == {
        "format": "csv",
        "size": 0,
        "rows": 0,
        "columns": 0,
        "notes": ["The file is empty."],
    }
    assert describe(tmp_path) == {"format": "folder"}
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.csv")
        assert describe(tmp_path / "pipe.csv")["notes"] == ["It is no regular file."]
        assert profile_table(tmp_path / "pipe.csv").refused
    assert "No such file" in describe(tmp_path / "gone")["notes"][0]


@pytest.mark.parametrize(
    ("name", "content", "format"),
    [
        ("picture", b"\x89PNG\r\n", "image"),
        ("wrong.csv", b"PAR1", "parquet"),
        ("model.bin", b"\x80\x04N.", "pickle"),
        ("requirements.in", b"", "requirements"),
        ("dev-requirements.txt", b"", "requirements"),
        ("notes.txt", b"", ""),
        ("Dockerfile.gpu", b"", "dockerfile"),
        ("train.dockerfile", b"", "dockerfile"),
        ("a.tgz", gzip.compress(b"", mtime=0), "tar"),
        ("plain.html", b"<svg >", "svg"),
    ],
)
def test_kinds_are_told_by_content_before_names(tmp_path: Path, name: str, content: bytes, format: str) -> None:
    assert described(tmp_path / name, content)["format"] == format


ENDINGS = ["csv", "tsv", "csv.gz", "json", "jsonl", "parquet", "feather", "xlsx", "pkl", "joblib", "npy", "npz", "zip"]
ENDINGS += ["tar", "tar.gz", "onnx", "safetensors", "png", "svg", "pt", "dockerfile"]


@pytest.fixture(scope="module")
def real_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A good file of most kinds."""
    folder = tmp_path_factory.mktemp("real")
    frame = pd.DataFrame({"a": range(50), "b": ["x"] * 50})
    frame.to_csv(folder / "t.csv")
    frame.to_parquet(folder / "t.parquet")
    frame.to_feather(folder / "t.feather")
    np.savez(folder / "t.npz", a=np.zeros(3), b=np.array([1, "x"], dtype=object))
    np.save(folder / "t.npy", np.array([{1}]))
    frame.to_pickle(folder / "t.pkl")
    Image.new("RGB", (3, 3)).save(folder / "t.png")
    with tarfile.open(folder / "t.tar.gz", "w:gz") as archive:
        archive.add(folder / "t.csv")
    (folder / "t.onnx").write_bytes(ONNX)
    (folder / "t.safetensors").write_bytes(safetensors({"a": ("F32", [2], 8)}))
    return {path.name[2:]: path.read_bytes() for path in folder.iterdir()}


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_file_can_do_more_than_leave_a_note(
    tmp_path: Path, real_files: dict[str, bytes], data: st.DataObject
) -> None:
    ending = data.draw(st.sampled_from(ENDINGS))
    if ending in real_files and data.draw(st.booleans()):
        content = bytearray(real_files[ending])
        for _ in range(data.draw(st.integers(0, 5))):
            content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
        content = content[: data.draw(st.integers(0, len(content)))]
    else:
        content = bytearray(data.draw(st.binary(max_size=300)))
    facts = described(tmp_path / f"file.{ending}", bytes(content))
    assert facts["size"] == len(content)


def test_a_reader_that_fails_in_any_way_leaves_a_note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(headers, "numpy_header", lambda file: {}["nothing"])
    np.save(tmp_path / "a.npy", np.zeros(3))
    assert describe(tmp_path / "a.npy")["notes"] == ["It could not be looked into: 'nothing'"]
    assert os.path.exists(tmp_path / "a.npy")
