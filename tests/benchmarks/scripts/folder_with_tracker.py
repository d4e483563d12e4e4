"""The seconds that it takes to store a folder: FOLDER SOURCE."""

import sys
import time
from pathlib import Path

from tracker import store
from tracker.folders import Folders

folder, source = map(Path, sys.argv[1:])
start = time.perf_counter()
store.put(Folders(folder / "small.xlsx"), source, "data")
print(time.perf_counter() - start)
