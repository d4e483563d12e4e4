"""What every page is given: which registry, in which state, for whom, and the way to the other pages."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, NoReturn

import pandas as pd
import streamlit as st

from tracker.folders import Folders
from tracker.model import Problem
from tracker.read_only import is_read_only
from tracker.reading import roles
from tracker.reading.registry import Registry, Status
from tracker.settings import Settings
from tracker.web.common import address
from tracker.web.common.shown import plain
from tracker.web.entering import places
from tracker.web.entering.places import Place
from tracker.web.reading import data, watch

if TYPE_CHECKING:
    from streamlit.navigation.page import Page


@dataclass(frozen=True, slots=True)
class Context:
    """One look at one registry. Its tables are copies, which a page may change as it likes."""

    place: Place
    stamp: watch.Stamp
    now: datetime
    who: str
    """The person at the page: their e-mail address if they logged in, else the login name."""
    link: str
    """The registry as addresses of pages name it; empty where it is the one that opens by itself."""
    pages: Mapping[str, Page]

    @property
    def registry(self) -> Registry:
        return Registry(self.place.path)

    @property
    def folders(self) -> Folders:
        """Where it is, for who looks into its files: who may change nothing leaves no finding in it either."""
        if self.may("log"):
            return self.place.folders
        return Folders(self.place.path, places.aside(places.home(os.environ), self.place.path))

    def table(self, name: str) -> pd.DataFrame:
        return data.table(self.place.path, self.stamp, name)

    def runs(self) -> pd.DataFrame:
        return self.table("runs")

    def named_runs(self) -> tuple[pd.DataFrame, dict[str, str]]:
        """The runs that have an id, each once, the newest first; and a label for each by its id."""
        runs = self.runs()
        named, labels = data.named_runs(self.place.path, data.version(runs), runs)
        return named.copy(deep=False), labels

    def history(self, run_id: str) -> pd.DataFrame:
        return data.history(self.place.path, watch.steps_stamp(self.place.folders, run_id), run_id)

    @property
    def settings(self) -> Settings:
        return data.settings(self.place.path, self.stamp)

    @property
    def status(self) -> Status:
        return data.status(self.place.path, self.stamp)

    @property
    def role(self) -> str:
        """This person's role."""
        return data.role(self.place.path, self.stamp, self.who)

    def may(self, act: str) -> bool:
        """Whether this person may do one of :data:`tracker.reading.roles.ACTS`.

        Pages hide or disable what is not allowed; in any case whatever carries the act out refuses it.
        """
        return not is_read_only() and roles.may(self.role, act)

    def problems(self) -> list[Problem]:
        return data.problems(self.place.path, self.stamp)

    @property
    def here(self) -> dict[str, str]:
        """The parameters that the address of every page of this registry has."""
        return {"registry": self.link} if self.link else {}

    def page_link(self, page: str, label: str, *, icon: str | None = None, **parameters: str) -> None:
        """A link to a page, which also leads there when it is opened in another window or sent to somebody."""
        st.page_link(self.pages[page], label=plain(label), icon=icon, query_params={**parameters, **self.here})

    def to_run(self, run_id: str) -> dict[str, str]:
        """The parameters of the address of a run's page, for a link."""
        return {"run": run_id, **self.here}

    def to_artifact(self, artifact: str) -> dict[str, str]:
        """The parameters of the address that shows one artifact version, on the Artifacts page or the Data page."""
        return {"artifact": artifact, **self.here}

    def open_run(self, run_id: str) -> NoReturn:
        """Turn to the page of a run."""
        st.switch_page(self.pages["run"], query_params=address.with_parameters(run=run_id))

    def compare(self, run_ids: list[str]) -> NoReturn:
        """Turn to the comparison of these runs."""
        st.switch_page(self.pages["compare"], query_params=address.with_parameters(runs=",".join(run_ids)))

    def compare_found(self, query: str, experiments: Sequence[str]) -> NoReturn:
        """Turn to the comparison of all runs that a filter finds, of some experiments or of all."""
        said = {"filter": query, "experiment": list(experiments), **({"registry": self.link} if self.link else {})}
        st.switch_page(self.pages["compare"], query_params=said)
