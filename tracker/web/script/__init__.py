"""What Streamlit runs; in a folder of its own, which Streamlit puts on the path where modules are looked for."""

from pathlib import Path

SCRIPT = Path(__file__).with_name("every_look.py")
