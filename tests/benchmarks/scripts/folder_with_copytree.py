"""The seconds that it takes to copy a folder, and nothing else: FOLDER SOURCE."""

import shutil
import sys
import time

folder, source = sys.argv[1:]
start = time.perf_counter()
shutil.copytree(source, f"{folder}/copied")
print(time.perf_counter() - start)
