"""What a plan of adopting says in words, for a terminal and a page alike."""

from __future__ import annotations

from tracker.adopting.plan import AdoptionPlan, Mapped

NO_LIST = "No list of runs was found. Tracker's sheets are added, with an empty Runs sheet; all others stay."


def taken_for(mapped: Mapped) -> str:
    """What a column is taken for: the column of the runs table, or that it stays as it is."""
    if mapped.target:
        return mapped.target
    return "paths, left as they are" if mapped.guess.role == "artifact" else "yours, left as it is"


def sentences(plan: AdoptionPlan) -> list[str]:
    """What would be done besides telling what the columns are, one sentence each."""
    if plan.region is None:
        return [NO_LIST]
    lines = []
    for mapped in plan.new_headers:
        was = "blank" if mapped.was is None else f"'{mapped.was}'"
        lines.append(f"The header that is {was} becomes '{mapped.header}', since a table needs a name for each column.")
    if plan.mode == "copied":
        lines.append(f"The rows are copied to a new sheet and theirs stays as it is: {plan.why}.")
    elif plan.mode == "linked":
        lines.append(f"The table '{plan.table}' becomes the runs table and keeps its name.")
    else:
        lines.append("The list becomes an Excel table where it stands.")
    if plan.mode != "copied" and plan.add_columns:
        lines.append(f"It gets {len(plan.add_columns)} columns at its right: {', '.join(plan.add_columns)}.")
    lines.append("Tracker's other tables come as new sheets. Everything else in the workbook stays byte for byte.")
    return lines
