"""Streamlit runs this anew for every look of every session: when one comes, and at each click."""

import sys
from pathlib import Path

from tracker.web.main import main

main(samples=Path(sys.argv[0]).parent / "sample_workbooks")
