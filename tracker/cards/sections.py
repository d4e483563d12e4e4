"""What the registry knows for each section of a model card, and what it asks people for.

The sections are those of Mitchell et al., Model Cards for Model Reporting (arXiv 1810.03993), with the getting started,
training procedure and technical parts of Hugging Face's template.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from tracker.cards.card import Section, code, plain, table
from tracker.comparing.lineage import Node, as_text, read_graph
from tracker.comparing.sides import Known, Row, Side
from tracker.deciding.aliases import aliases_of
from tracker.deciding.models import ModelVersion, metric_over_versions, of_model

_EVALUATION = re.compile(r"(?<![a-z])(test|eval|evaluation|valid|validation|holdout|dev)(?![a-z])", re.IGNORECASE)
"""How data that a model is judged by is usually called."""
_SHOWS = ("figure", "table", "report", "image", "plot")
"""Kinds of artifacts that show results."""
_MOST_LINES = 40
_WORDS = {
    "details": r"licen[sc]e|contact|developer|owner",
    "intended-use": r"intended|use case|user|purpose|misuse|out.of.scope",
    "factors": r"factor|group|slice|population",
    "metrics": r"threshold|uncertainty|error bar|significance",
    "evaluation-data": r"test data|evaluation data|validation data|split",
    "training-data": r"training data|collection|annotation|label",
    "ethics": r"ethic|bias|fair|privacy|harm|safeguard|impact|personal data",
    "caveats": r"limitation|caveat|recommendation|risk",
}
"""Which items of the checklist belong to which section."""


def card_sections(known: Known, version: ModelVersion) -> list[Section]:
    """The sections of a version's card, in their order."""
    side = known.of_model(version)
    evaluation = [key for key in side.inputs if _EVALUATION.search(key.rpartition(":")[0])]
    training = [key for key in side.inputs if key not in evaluation]
    artifact = known.artifacts.get(version.artifact, {})
    return [
        Section(
            "details",
            "Model details",
            [*_details(version, side, artifact), *_evidence(side, "details")],
            "the type of model, its licence, references, and whom to ask.",
        ),
        Section(
            "intended-use",
            "Intended use",
            [
                *_said({"Goal of the run": side.run.get("goal"), "Notes": version.notes}),
                *_evidence(side, "intended-use"),
            ],
            "what the model is for, who is to use it, and what it must not be used for.",
        ),
        Section(
            "factors",
            "Factors",
            _evidence(side, "factors"),
            "the groups, instruments and environments on which the model's quality depends, and which were looked at.",
        ),
        Section(
            "metrics",
            "Metrics",
            [*_metrics(known, side), *_evidence(side, "metrics")],
            "why these metrics, which thresholds decide, and how certain the values are.",
        ),
        Section(
            "evaluation-data",
            "Evaluation data",
            [*_data(known, evaluation), *_evidence(side, "evaluation-data")],
            "which data the metrics come from, why these, and how they were prepared.",
        ),
        Section(
            "training-data",
            "Training data",
            [*_data(known, training), *_evidence(side, "training-data"), *_lineage(known, version)],
            "where the data come from, how they were collected and labelled, and what is missing in them.",
        ),
        Section(
            "training",
            "Training procedure",
            _training(side),
        ),
        Section(
            "analyses",
            "Quantitative analyses",
            [*_over_versions(known, version, side), *_shown(side)],
            "the results for each factor, and for factors taken together.",
        ),
        Section(
            "ethics",
            "Ethical considerations",
            _evidence(side, "ethics"),
            "whom wrong answers harm, whether personal or sensitive data are involved, and what was done about it.",
        ),
        Section(
            "caveats",
            "Caveats and recommendations",
            [*_caveats(side), *_evidence(side, "caveats")],
            "what is known to go wrong, what was not tested, and what users should do about it.",
        ),
        Section("start", "How to get the model", _start(known, version, artifact)),
    ]


def card_facts(known: Known, version: ModelVersion) -> dict[str, Any]:
    """The front matter of a version's card."""
    artifact = known.artifacts.get(version.artifact, {})
    facts = {
        "model": version.model,
        "version": version.version,
        "artifact": version.artifact,
        "sha256": artifact.get("sha256"),
        "run_id": version.run_id,
        "stage": version.stage,
    }
    return {name: value for name, value in facts.items() if value}


# -- the parts ----------------------------------------------------------------------------------------------------


def _details(version: ModelVersion, side: Side, artifact: Row) -> list[str]:
    run = side.run
    promoted = " ".join(
        part
        for part in (
            version.stage,
            f"by {version.promoted_by}" if version.promoted_by else "",
            f"on {version.promoted_at:%Y-%m-%d}" if version.promoted_at else "",
            f"({version.reason})" if version.reason else "",
        )
        if part
    )
    started = run.get("start_time")
    facts = {
        "Model": version.model,
        "Version": version.version,
        "Stage": promoted,
        "Artifact": version.artifact,
        "Aliases": ", ".join(aliases_of(artifact)),
        "Kind": artifact.get("kind"),
        "Size": f"{artifact['size']:,} bytes" if artifact.get("size") else None,
        "SHA-256": artifact.get("sha256"),
        "Trained": f"{started:%Y-%m-%d %H:%M} UTC" if isinstance(started, datetime) else started,
        "Developed by": run.get("owner"),
        "Run": f"{run.get('name') or ''} ({side.run_id})" if side.run_id else None,
        "Experiment": run.get("experiment"),
        "Code": " ".join(str(part) for part in (run.get("source"), side.commit[:12], run.get("git_branch")) if part),
    }
    return _pairs(facts)


def _metrics(known: Known, side: Side) -> list[str]:
    rows = []
    for name, value in side.run.items():
        if name.startswith("metrics.") and value is not None:
            metric = name.removeprefix("metrics.")
            rows.append((metric, value, "smaller" if known.settings.minimize(metric) else "larger"))
    return table(("metric", "value", "better"), rows)


def _data(known: Known, artifacts: Sequence[str]) -> list[str]:
    rows = []
    for key in artifacts:
        row = known.artifacts.get(key, {})
        size = f"{row['size']:,}" if row.get("size") else None
        rows.append((key, row.get("kind"), size, str(row.get("sha256") or "")[:16], row.get("notes")))
    return table(("data", "kind", "bytes", "SHA-256 begins", "notes"), rows)


def _lineage(known: Known, version: ModelVersion) -> list[str]:
    """The tree of what the model came from, if there is more than the artifact itself."""
    lines = as_text(read_graph(known.registry), Node("model", version.label), "upstream", _MOST_LINES)
    return ["What it came from:", "", *code(lines)] if len(lines) > 2 else []


def _training(side: Side) -> list[str]:
    run = side.run
    params = [(name.removeprefix("params."), value) for name, value in run.items() if name.startswith("params.")]
    duration = run.get("duration")
    facts = {
        "Duration": f"{duration:,.6g} seconds" if isinstance(duration, (int, float)) else duration,
        "Machine": run.get("host"),
        "Python": run.get("python"),
        "Packages": f"{len(side.packages)}, in the run's artifact environment" if side.packages else None,
        "Command": run.get("command"),
        "Status": run.get("status"),
    }
    return [*table(("param", "value"), [pair for pair in params if pair[1] is not None]), *_pairs(facts)]


def _over_versions(known: Known, version: ModelVersion, side: Side) -> list[str]:
    """This version's metrics beside those of the versions before."""
    mine = of_model(known.models, version.model)
    names = [name.removeprefix("metrics.") for name, value in side.run.items() if _is_metric(name, value)]
    found = {name: dict(metric_over_versions(mine, known.runs.values(), name)) for name in names}
    shown = [one for one in reversed(mine) if one.version <= version.version][-10:]
    if len(shown) < 2:
        return []
    rows = [(f"v{one.version}", *(found[name].get(one.version) for name in names)) for one in shown]
    return table(("version", *map(plain, names)), rows)


def _is_metric(name: str, value: Any) -> bool:
    return name.startswith("metrics.") and value is not None


def _shown(side: Side) -> list[str]:
    rows = [(key, side.artifacts[key].get("kind")) for key in side.outputs if side.artifacts[key].get("kind") in _SHOWS]
    return table(("results in the registry", "kind"), rows)


def _caveats(side: Side) -> list[str]:
    """What the registry itself has against this model."""
    open_items = [
        (item.get("item"), item.get("status"), item.get("level"), item.get("why"))
        for item in side.checklist
        if item.get("status") in ("missing", "waived")
    ]
    warnings = []
    if side.run.get("git_dirty"):
        warnings.append("- The code was not committed when the model was trained; what was changed is kept as a diff.")
    if side.run.get("status") not in (None, "FINISHED"):
        warnings.append(f"- The run that made it is {plain(side.run['status'])}.")
    if not side.run:
        warnings.append("- It is not known which run made it.")
    elif not side.inputs:
        warnings.append("- The run recorded no data that it read.")
    said = _said({"Insight of the run": side.run.get("insight"), "Next step": side.run.get("next_step")})
    items = table(("checklist item", "status", "level", "why"), open_items)
    return [*warnings, *([""] if warnings else []), *items, *said]


def _start(known: Known, version: ModelVersion, artifact: Row) -> list[str]:
    file = known.registry.path.name
    lines = code([f"python -m tracker get {file} {version.artifact}"])
    if str(artifact.get("path") or "").endswith((".pkl", ".pickle", ".joblib", ".pt", ".pth", ".ckpt")):
        lines.append("Loading this file can run code that is in it: load it only if you trust where it comes from.")
    return lines


def _evidence(side: Side, section: str) -> list[str]:
    """What the checklist says about a section: items by name, with what proves them."""
    words = re.compile(rf"\b(?:{_WORDS[section]})", re.IGNORECASE)
    said = {
        str(item.get("item")): str(item.get("evidence") or item.get("why") or "").removeprefix(f"{item.get('item')}: ")
        for item in side.checklist
        if words.search(str(item.get("item")))
    }
    return _said(said)


def _said(texts: dict[str, Any]) -> list[str]:
    lines = [f"- {plain(name)}: {plain(text)}" for name, text in texts.items() if text]
    return [*lines, ""] if lines else []


def _pairs(facts: dict[str, Any]) -> list[str]:
    return table(("fact", "value"), [(name, value) for name, value in facts.items() if value not in (None, "")])
