"""Which imports of a pickle a person should be warned of.

A pickle may import anything, and lists of dangerous names are never complete. So of the standard library everything is
warned about, except for what is needed to hold data.
"""

from __future__ import annotations

import re
import sys

_HARMLESS = {
    "_codecs": {"encode"},
    "array": {"_array_reconstructor", "array"},
    "builtins": {
        "bool",
        "bytearray",
        "bytes",
        "complex",
        "dict",
        "float",
        "frozenset",
        "int",
        "list",
        "object",
        "range",
    }
    | {"set", "slice", "str", "tuple", "Ellipsis", "NotImplemented"},
    "collections": {"Counter", "OrderedDict", "defaultdict", "deque"},
    "copyreg": {"__newobj__", "_reconstructor"},
    "datetime": {"date", "datetime", "time", "timedelta", "timezone"},
    "decimal": {"Decimal"},
    "fractions": {"Fraction"},
    "functools": {"partial"},
    "logging": {"Logger", "RootLogger", "getLogger"},
    "operator": {"itemgetter"},
    "pathlib": {"Path", "PosixPath", "PurePath", "PurePosixPath", "PureWindowsPath", "WindowsPath"},
    "random": {"Random"},
    "re": {"_compile"},
    "time": {"struct_time"},
    "types": {"SimpleNamespace"},
    "uuid": {"SafeUUID", "UUID"},
    "zoneinfo": {"ZoneInfo", "ZoneInfo._unpickle"},
}
_OTHER_NAMES = {"__builtin__": "builtins", "copy_reg": "copyreg", "exceptions": "builtins", "pathlib._local": "pathlib"}
_OTHER_NAMES |= {"posix": "os", "nt": "os"}
_OLD_LIBRARY = {"cPickle", "commands", "distutils", "imp", "popen2"}
_RUNS_CODE = ("numpy.f2py", "numpy.testing", "pip", "pkg_resources", "setuptools", "torch.hub")
_HOLDS_CODE = ("cloudpickle", "dill")
_DETOURS = {"builtins", "ctypes", "importlib", "os", "shutil", "socket", "subprocess", "sys"}


def danger(module: str, name: str) -> str | None:
    """Why an import is worth a warning, as a sentence; None where it is not."""
    module = _OTHER_NAMES.get(module, module)
    root = module.partition(".")[0]
    if root in sys.stdlib_module_names or root in _OLD_LIBRARY:
        is_error = module == "builtins" and re.fullmatch(r"[A-Z]\w*(Error|Exception|Warning)", name)
        if is_error or name in _HARMLESS.get(module, ()):
            return None
        why = "belongs to the standard library and is not needed to hold data; loading the pickle may run commands"
    elif any(module == one or module.startswith(f"{one}.") for one in _RUNS_CODE):
        why = "can run commands when the pickle is loaded"
    elif root in _HOLDS_CODE:
        why = "the pickle holds code of functions, which runs when it is loaded or used"
    elif any(part.lstrip("_") in _DETOURS for part in name.split(".")):
        why = "reaches the standard library by a detour; loading the pickle may run commands"
    else:
        return None
    return f"{module}.{name}: {why}."
