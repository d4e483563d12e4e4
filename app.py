"""The Streamlit entry: ``streamlit run app.py`` shows a sample, ``streamlit run app.py -- runs.xlsx`` a registry."""

from pathlib import Path

from tracker.web.main import main

main(samples=Path(__file__).parent / "sample_workbooks")
