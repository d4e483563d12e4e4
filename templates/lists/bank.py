"""A bank's model inventory under the agencies' guidance on model risk of 2026. Working aid, not legal advice.

Federal Reserve SR 26-2, OCC Bulletin 2026-13 and FDIC FIL-15-2026, all of 17 April 2026, read 2026-11-25; they replace
the guidance of 2011.
"""

from __future__ import annotations

from datetime import date

from templates.lists.words import CHECKED_ON, Form, Item, Source, Template, yours
from tracker.schema import Column

LEVELS = ("high", "medium", "low")
PURPOSES = ("regulation or financial risk", "business decisions", "support")
MATRIX = (("high", "high", "medium"), ("high", "medium", "low"), ("medium", "low", "low"))
"""The materiality of a model: a row for each exposure, a column for each purpose."""
TIERS = {
    "high": ("Tier 1", "Independent validation before use; any change is a trigger; monitored monthly."),
    "medium": ("Tier 2", "Validation where it is weak; material changes are a trigger; monitored quarterly."),
    "low": ("Tier 3", "A light review; again when exposure or purpose change; monitored yearly."),
}
EXPOSURES = {
    "high": "A large portfolio or many decisions: an error would show in the accounts.",
    "medium": "A noticeable part of a business line.",
    "low": "Little, and easily put right.",
}
PURPOSE_HELP = {
    PURPOSES[0]: "Capital, liquidity, provisions, market or credit risk, AML, financial reporting.",
    PURPOSES[1]: "Pricing, approval, marketing, operations.",
    PURPOSES[2]: "Informs people who decide by other means.",
}

ITEMS = (
    Item("Model risk 1: is it a model", part="definition of a model"),
    Item("Model risk 2: materiality and tier", "tag tier", part="materiality"),
    Item("Model risk 3: owner, developer, validator", "column owner and tag validator", part="governance"),
    Item(
        "Model risk 4: purpose and limits",
        'artifact kind="model card" or artifact kind="use case"',
        part="development and use",
    ),
    Item(
        "Model risk 5: inputs, outputs, dependencies",
        "input artifact name=* and output artifact name=* and artifact kind=environment|container",
        part="inventory",
    ),
    Item("Model risk 6: status in the inventory", "registered", part="inventory"),
    Item("Model risk 7: validated independently", "approval", part="validation"),
    Item(
        "Model risk 8: monitoring and outcomes analysis",
        "artifact name=*monitoring*|*outcome*|*backtest*",
        part="monitoring",
    ),
    Item("Model risk 9: vendor and third party", level="should", part="third-party products"),
    Item("Model risk 10: open issues", level="should", part="governance"),
)

EXPOSURE, PURPOSE, MATERIAL = (
    f"model_inventory[[#This Row],[{column}]]" for column in ("exposure", "purpose", "materiality")
)
MATERIALITY = (
    f'=IF(OR({EXPOSURE}="",{PURPOSE}=""),"",'
    f"INDEX(materiality_matrix,MATCH({EXPOSURE},exposure_list,0),MATCH({PURPOSE},purpose_list,0)))"
)
TIER = f'=IF({MATERIAL}="","",INDEX(tier_list,MATCH({MATERIAL},materiality_list,0)))'
STATUS = ("in development", "in validation", "approved", "in use", "restricted", "retired")
PREPARED_ROWS = 20

INVENTORY = Form(
    "model_inventory",
    "Inventory",
    "One row per model, also vendors' and those in development; its tier is computed.",
    (
        yours("model", "The model's name, as in the sheet Models.", 24),
        yours("version", "The version in use, such as v3.", 9),
        yours("is a model", "model, or not a model and why.", 16, "model", "not a model", "to decide"),
        yours("business use", "What decisions or reports it serves.", 34),
        yours("exposure", "How much hangs on its output: see Tiers.", 12),
        yours("purpose", "What it is used for: see Tiers.", 26),
        Column("materiality", "text", "Computed from exposure and purpose by the matrix in Tiers.", "script", width=13),
        Column("tier", "text", "Computed from materiality.", "script", width=10),
        yours("status", "Where it stands in its life.", 16, *STATUS),
        yours("owner", "Who answers for its use.", 15),
        yours("developer", "Who made it.", 15),
        yours("validator", "Who challenged it: neither its owner nor its developer.", 15),
        yours("vendor", "Who sold it; blank: made here.", 15),
        yours("method", "What kind of model it is.", 22),
        yours("inputs", "Data and assumptions that go in.", 28),
        yours("outputs", "What comes out, and who uses it.", 28),
        yours("depends on", "Models and systems before it.", 22),
        yours("feeds", "Models and reports after it.", 22),
        yours("limits", "What it must not be used for, and known weaknesses.", 32),
        Column("last validation", "datetime", "When it was last validated.", "person", width=15),
        yours("outcome", "What validation said.", 22, "approved", "approved with limits", "rejected"),
        yours("next trigger", "What change leads to the next validation: data, method, use, performance.", 28),
        yours("monitoring", "What is watched, how often, and the bound that raises an alarm.", 28),
        yours("outcomes evidence", "Forecasts against what came: where it is.", 26),
        Column("open issues", "integer", "How many findings are open.", "person", width=12),
        CHECKED_ON,
    ),
    tuple({} for _ in range(PREPARED_ROWS)),
    "model",
    ("Institution", "Kept by"),
    formulas={"materiality": MATERIALITY, "tier": TIER},
    lists={"exposure": "exposure_list", "purpose": "purpose_list"},
    tones={
        "materiality": {"high": "BAD", "medium": "CAUTION", "low": "GOOD"},
        "tier": {"Tier 1": "BAD", "Tier 2": "CAUTION", "Tier 3": "GOOD"},
        "is a model": {"model": "ACTIVE", "not a model": "QUIET", "to decide": "CAUTION"},
        "status": {
            "in use": "GOOD",
            "approved": "GOOD",
            "in validation": "ACTIVE",
            "in development": "QUIET",
            "restricted": "CAUTION",
            "retired": "QUIET",
        },
        "outcome": {"approved": "GOOD", "approved with limits": "CAUTION", "rejected": "BAD"},
    },
)

TEMPLATE = Template(
    name="bank-models",
    title="bank model inventory",
    purpose="The models of a bank: an inventory with materiality and tiers, and the runs and approvals behind each.",
    source=Source(
        "SR 26-2 (2026)",
        "Federal Reserve SR 26-2, OCC Bulletin 2026-13, FDIC FIL-15-2026: Model Risk Management, 17 April 2026; "
        "occ.gov/news-issuances/bulletins/2026/bulletin-2026-13.html",
        (
            "Supervisory guidance, not enforceable; most relevant above 30 billion dollars of assets. It replaces the "
            "guidance of 2011. Generative and agentic AI are outside it.",
            "A model is a complex quantitative method that applies statistical, economic or financial theory; "
            "validation follows changes and materiality, not the calendar.",
        ),
        law=True,
    ),
    items=ITEMS,
    steps=(
        "List every model in Inventory: exposure and purpose give its tier. Change the matrix in Tiers to your policy.",
        "Log runs and register models under the same names: files, versions and approvals are then behind each row.",
        "A validator ticks item 7 of the run in Checklist; whoever developed the model cannot.",
    ),
    code=(
        "import tracker",
        'with tracker.start_run("registry.xlsx", experiment="pd retail") as run:',
        '    run.set_tags({"tier": "Tier 1", "validator": "model risk"})',
        '    run.use_artifact("pd-train:latest")',
        '    run.log_metrics({"gini": 0.61, "psi": 0.04})',
    ),
    next_review=date(2027, 5, 25),
    applies_to="stage:candidate, stage:staging, stage:production",
    forms=(INVENTORY,),
    run_columns=("tags.tier", "tags.validator", "metrics.gini", "metrics.ks", "metrics.psi"),
    metric="gini",
)
