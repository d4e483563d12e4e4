"""The app: one module per page, and the only importer of streamlit beside app.py."""
