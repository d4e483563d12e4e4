"""Pickles are read as text is: what they would import is listed, and nothing in them ever runs."""

from __future__ import annotations

import bz2
import datetime
import decimal
import gzip
import io
import json
import lzma
import os
import pickle
import pickletools
import subprocess
import sys
import zipfile
import zlib
from collections import Counter, OrderedDict
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.pipeline import make_pipeline

from tracker.data import pickles
from tracker.data.metadata import describe
from tracker.data.pickle_names import danger
from tracker.data.pickles import read_imports

RUNS_COMMANDS = "belongs to the standard library and is not needed to hold data; loading the pickle may run commands."


class Attack:
    """An object that runs a command when its pickle is loaded."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = function, arguments

    def __reduce__(self) -> Any:
        return self.call


def imports_of(data: bytes) -> set[tuple[str, str]]:
    return read_imports(io.BytesIO(data)).imports


def warnings_of(data: bytes) -> list[str]:
    return list(read_imports(io.BytesIO(data)).to_json()["warnings"])


@pytest.fixture
def proof(tmp_path: Path) -> Path:
    """The file that the attacks would make."""
    return tmp_path / "executed"


def model() -> Any:
    features = np.random.default_rng(0).normal(size=(60, 4))
    return RandomForestClassifier(n_estimators=3, random_state=0).fit(features, [f"class {n % 3}" for n in range(60)])


# -- attacks ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_command_is_listed_and_not_run(tmp_path: Path, proof: Path, protocol: int) -> None:
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps({"model": [1, Attack(os.system, f"touch {proof}")]}, protocol))
    facts = describe(path)
    assert not proof.exists()
    assert f"{os.system.__module__}.system" in facts["imports"]
    assert facts["warnings"] == [f"os.system: {RUNS_COMMANDS}"]
    pickle.loads(path.read_bytes())
    assert proof.exists(), "the attack is none"


def test_a_command_is_found_wherever_a_pickle_can_be(tmp_path: Path, proof: Path) -> None:
    attack = pickle.dumps(Attack(os.system, f"touch {proof}"))
    array = np.array([None, Attack(os.system, f"touch {proof}")], dtype=object)
    files = {
        "a.pkl.gz": gzip.compress(attack),
        "a.joblib": zlib.compress(attack),
        "b.joblib": bz2.compress(attack),
        "c.joblib": lzma.compress(attack),
        "noname": attack,
        "second.pkl": pickle.dumps(1) + attack,
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    joblib.dump(array, tmp_path / "array.joblib")
    joblib.dump({"ok": np.zeros(100), "x": array}, tmp_path / "packed.joblib", compress=3)
    np.save(tmp_path / "array.npy", array)
    np.savez(tmp_path / "arrays.npz", good=np.zeros(3), bad=array)
    with zipfile.ZipFile(tmp_path / "model.pt", "w") as archive:
        archive.writestr("model/version", "3\n")
        archive.writestr("model/data.pkl", attack)
    for path in tmp_path.iterdir():
        facts = describe(path)
        assert f"os.system: {RUNS_COMMANDS}" in facts["warnings"], path.name
        json.dumps(facts, allow_nan=False)
    assert not proof.exists()


@pytest.mark.parametrize(
    "data",
    [
        b"cos\nsystem\n(S'x'\ntR.",
        b"(S'x'\nios\nsystem\n.",
        b"(cos\nsystem\nS'x'\no.",
        b"\x80\x04\x8c\x02os\x94\x8c\x06system\x94\x93\x8c\x01x\x85R.",
        # The name is taken from memory, where it was put long before.
        b"\x80\x04\x8c\x06system\x94\x8c\x02os\x9400h\x01h\x00\x93\x8c\x01x\x85R.",
        b"\x80\x04\x8c\x06systemr\x05\x00\x00\x00\x8c\x02osq\x07N0h\x07j\x05\x00\x00\x00\x93.",
        b"\x80\x02c__builtin__\neval\n.",
        b"\x80\x04\x8c\x08datetime\x8c\x0fsys.modules.get\x93.",
        b"\x80\x04\x8c\x05numpy\x8c\x0bos.path.foo\x93.",
        b"\x80\x04\x8c\x07sklearn\x8c\x04_sys\x93.",
    ],
)
def test_a_dangerous_import_is_found_however_it_is_written(data: bytes) -> None:
    assert any("run commands" in warning for warning in warnings_of(data))


def test_names_that_nobody_can_know_are_warned_about() -> None:
    computed = b"\x80\x04\x8c\x02os" + b"cbuiltins\nstr\n\x8c\x06system\x85R" + b"\x93."
    assert "It imports something whose name is only made up when it is loaded." in warnings_of(computed)
    assert warnings_of(b"\x80\x02\x82\x01.") == [
        "It imports something by a number that only the loading program knows."
    ]


def test_nothing_can_hide_behind_an_array_of_joblib(tmp_path: Path) -> None:
    path = tmp_path / "a.joblib"
    joblib.dump(np.zeros(64), path)
    data = path.read_bytes()
    # joblib leaves out what comes after its array's description, pickle goes on with it.
    position = [place for opcode, _, place in readable(data) if opcode.name == "BUILD"][-1] + 1
    assert not warnings_of(data)
    hidden = data[:position] + b"0cos\nsystem\n(S'x'\ntR." + bytes(600)
    assert any("so it may import more" in warning for warning in warnings_of(hidden))


def readable(data: bytes) -> list[Any]:
    """The instructions up to the first that cannot be read."""
    found = []
    try:
        for one in pickletools.genops(data):
            found.append(one)
    except ValueError:
        pass
    return found


@pytest.mark.parametrize(
    ("module", "name", "warned"),
    [
        ("builtins", "dict", False),
        ("builtins", "ValueError", False),
        ("builtins", "eval", True),
        ("builtins", "getattr", True),
        ("__builtin__", "set", False),
        ("collections", "OrderedDict", False),
        ("collections", "abc", True),
        ("datetime", "datetime", False),
        ("datetime", "sys", True),
        ("_pickle", "loads", True),
        ("nt", "system", True),
        ("subprocess", "Popen", True),
        ("runpy", "run_path", True),
        ("pip._internal", "main", True),
        ("numpy.testing._private.utils", "runstring", True),
        ("numpy", "ndarray", False),
        ("numpytesting", "x", False),
        ("sklearn.tree._tree", "Tree", False),
        ("cloudpickle.cloudpickle", "_make_function", True),
        ("mine.models", "Model.Inner", False),
        ("mine.models", "subprocess.run", True),
    ],
)
def test_imports_are_judged(module: str, name: str, warned: bool) -> None:
    assert (danger(module, name) is not None) is warned


# -- what is harmless -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("compress", [0, 3, ("gzip", 3), ("bz2", 3), ("xz", 3)], ids=str)
def test_a_model_of_joblib_is_followed_through_its_arrays(tmp_path: Path, compress: Any) -> None:
    path = tmp_path / "model.joblib"
    joblib.dump(model(), path, compress=compress)
    facts = describe(path)
    assert "warnings" not in facts and "notes" not in facts
    assert "sklearn.ensemble._forest.RandomForestClassifier" in facts["imports"]
    assert "sklearn.tree._tree.Tree" in facts["imports"]


class Recorder(pickle._Unpickler):  # type: ignore[name-defined]
    """Loads a pickle and records what it imports."""

    def __init__(self, data: bytes) -> None:
        super().__init__(io.BytesIO(data))
        self.found: set[tuple[str, str]] = set()

    def find_class(self, module: str, name: str) -> Any:
        self.found.add((module, name))
        return super().find_class(module, name)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("make", [model, lambda: make_pipeline(CountVectorizer().fit(["a bc", "de"]), model())])
def test_the_list_is_what_loading_imports(make: Any, protocol: int) -> None:
    check_against_loading(pickle.dumps(make(), protocol))


leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.binary(),
    st.dates(),
    st.timedeltas(),
    st.decimals(allow_nan=False),
    st.fractions(),
    st.complex_numbers(),
    st.sampled_from(
        [np.arange(3), np.float32(1), pd.Timestamp("2024-01-01"), range(3), Counter("ab"), int, np.ndarray]
    ),
    st.sampled_from([OrderedDict(a=1), bytearray(b"x"), datetime.UTC, decimal.Decimal(1), ValueError("x"), ...]),
)
objects = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=4) | st.tuples(inner, inner) | st.dictionaries(st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=20,
)


@settings(deadline=None)
@given(objects, st.integers(0, pickle.HIGHEST_PROTOCOL))
def test_the_list_is_what_loading_imports_for_any_object(value: Any, protocol: int) -> None:
    check_against_loading(pickle.dumps(value, protocol))
    check_against_loading(pickletools.optimize(pickle.dumps(value, protocol)))


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_long_texts_and_bytes_are_skipped_and_what_follows_is_found(protocol: int) -> None:
    long = ["x" * 70_000, bytes(70_000), bytearray(70_000), np.zeros(70_000), 1 << 600_000]
    check_against_loading(pickle.dumps([*long, Counter("ab")], protocol))


def check_against_loading(data: bytes) -> None:
    recorder = Recorder(data)
    recorder.load()
    facts = read_imports(io.BytesIO(data))
    assert facts.imports == recorder.found
    assert not [warning for warning in facts.warnings if "may import more" in warning]


def test_every_instruction_is_understood() -> None:
    machine = pickles._Machine(pickles.PickleFacts(), pickles._Skimmed(io.BytesIO()))
    for opcode in pickletools.opcodes:
        assert hasattr(machine, f"_{opcode.name.lower()}") or not opcode.stack_before, opcode.name


# -- bounds -----------------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=200) | st.binary(max_size=200).map(lambda data: b"\x80\x04" + data))
def test_noise_is_followed_as_far_as_it_goes(data: bytes) -> None:
    json.dumps(read_imports(io.BytesIO(data)).to_json(), allow_nan=False)


@settings(deadline=None)
@given(st.data())
def test_a_pickle_that_is_cut_off_or_altered_says_so_or_is_read(data: st.DataObject) -> None:
    whole = bytearray(pickle.dumps(model()))
    cut = data.draw(st.integers(1, len(whole) - 1))
    facts = read_imports(io.BytesIO(bytes(whole[:cut])))
    assert facts.warnings or cut == 0
    whole[cut] = data.draw(st.integers(0, 255))
    json.dumps(read_imports(io.BytesIO(bytes(whole))).to_json(), allow_nan=False)


def test_only_so_many_instructions_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pickles, "MOST_INSTRUCTIONS", 100)
    data = pickle.dumps([list(range(1_000)), Attack(os.system, "x")])
    assert "only 100 instructions are read" in warnings_of(data)[0]


SIZES = """
import sys
from pathlib import Path
from tracker.data.metadata import describe

def peak():
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) // 1024

before = peak()
facts = describe(Path(sys.argv[1]))
print(peak() - before, facts.get("warnings"))
"""


@pytest.mark.parametrize("name", ["bytes.pkl", "line.pkl", "array.joblib", "bomb.joblib"])
def test_large_objects_are_not_held(tmp_path: Path, name: str) -> None:
    if not Path("/proc/self/status").exists():
        pytest.skip("needs /proc to measure memory")
    path, size = tmp_path / name, 200_000_000
    if name == "bytes.pkl":
        path.write_bytes(pickle.dumps([bytes(size), Attack(os.system, "x")]))
    elif name == "line.pkl":
        path.write_bytes(b"c" + b"x" * size)
    elif name == "array.joblib":
        joblib.dump([np.zeros(size, "int8"), Attack(os.system, "x")], path)
    else:
        joblib.dump([np.zeros(size, "int8"), Attack(os.system, "x")], path, compress=3)
        assert path.stat().st_size < size / 100
    child = subprocess.run([sys.executable, "-c", SIZES, str(path)], capture_output=True, text=True, check=True)
    grown, said = child.stdout.split(" ", 1)
    assert int(grown) < 60
    assert ("may import more" if name == "line.pkl" else "os.system") in said
