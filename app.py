"""The Streamlit entry: ``streamlit run app.py`` shows a sample, ``streamlit run app.py -- runs.xlsx`` a registry."""

from streamlit.starlette import App

from tracker.web import ahead
from tracker.web.routes import ROUTES
from tracker.web.script import SCRIPT

app = App(SCRIPT, lifespan=ahead.lifespan, routes=ROUTES)
