"""Streamlit runs this anew for every look of every session: when one comes, and at each click."""

import sys
from pathlib import Path

if __name__ == "__main__":  # not in the server's workers, which begin with this too
    from tracker.web.main import main

    main(samples=Path(sys.argv[0]).parent / "sample_workbooks")
