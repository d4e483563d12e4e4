"""The lists that templates bring: as long as their sources say, marked, dated, and sheets to fill in that compute."""

from __future__ import annotations

import re
import tomllib
from itertools import product
from pathlib import Path

import matplotlib.figure
import openpyxl
import pandas as pd
import pytest
from libreoffice import Office

import tracker
from templates import build, forms, rows, score
from templates.lists import bank, datasheet, eu_ai_act, ml_test_score, model_card
from templates.lists.words import NOT_LEGAL_ADVICE, Form, Template
from tracker.deciding.rows import cells_of
from tracker.reading.registry import templates
from tracker.web.entering.start import ABOUT_TEMPLATES

ROOT = Path(__file__).parent.parent
COUNTS = {
    "neurips": 16,
    "acl": 18,
    "ml-test-score": 28,
    "model-card": 9,
    "datasheet": 7,
    "eu-ai-act": 9,
    "bank-models": 10,
    "fair": 15,
    "release-gate": 5,
    "general": 13,
    "classification": 13 + 9,
}
"""How many items each list has, by its source."""

every_template = pytest.mark.parametrize("template", build.TEMPLATES, ids=lambda template: template.name)
every_form = pytest.mark.parametrize(
    ("template", "form"),
    [(template, form) for template in build.TEMPLATES for form in template.forms],
    ids=lambda value: value.name if isinstance(value, Template) else value.table,
)
law = [template for template in build.TEMPLATES if template.source.law]


def new_registry(template: Template, folder: Path) -> tracker.Registry:
    return tracker.init(folder / "registry.xlsx", template=template.name)


def texts(template: Template) -> list[tuple[str, str]]:
    """Every text in the workbook, notes too, with its sheet."""
    book = openpyxl.load_workbook(ROOT / "templates" / f"{template.name}.xlsx", rich_text=True)
    found = []
    for sheet in book:
        for row in sheet.iter_rows():
            for cell in row:
                found += [(sheet.title, str(cell.value))] if cell.value is not None else []
                found += [(sheet.title, cell.comment.text)] if cell.comment else []
    return found


# -- what the lists say -------------------------------------------------------------------------------------------


@every_template
def test_lists_are_as_long_as_their_sources(template: Template, tmp_path: Path) -> None:
    assert len(new_registry(template, tmp_path).rows("sop").rows) == COUNTS[template.name]


def test_numbers_are_those_of_the_sources() -> None:
    by_section = [[item for item in ml_test_score.ITEMS if item.section == name] for name in ml_test_score.SECTIONS]
    assert list(map(len, by_section)) == [7, 7, 7, 7]
    assert {section: len(asked) for section, asked in datasheet.ASKED.items()} == dict(
        zip(datasheet.SECTIONS, (4, 16, 12, 4, 6, 7, 8), strict=True)
    )
    annex = [no for no, _, _ in eu_ai_act.QUESTIONS]
    assert annex[:16] == [f"{point}({letter})" for point, letter in product("12", "abcdefgh")]
    assert [no[0] for no in annex[16:]] == list("3333456789")
    assert list(dict.fromkeys(section for _, section, _ in model_card.QUESTIONS))[:9] == list(model_card.SECTIONS)


def test_no_two_lists_use_one_name_for_two_things() -> None:
    meant: dict[str, str] = {}
    for item in {item for template in build.TEMPLATES for item in template.items}:
        assert meant.setdefault(item.item.casefold(), item.rule) == item.rule


@every_template
def test_every_item_is_complete(template: Template, tmp_path: Path) -> None:
    items = new_registry(template, tmp_path).table("sop")
    assert set(items["level"]) <= {"must", "should"}
    assert items["owner"].isna().all()
    assert items["next_review"].notna().all()
    assert (items["version"] == "1").all()
    assert items["source"].str.contains(r"20\d\d").all()


@every_template
def test_every_rule_and_pattern_can_be_read(template: Template, tmp_path: Path) -> None:
    from tracker.checklist import items as reader

    items = reader.read_items(cells_of(new_registry(template, tmp_path).folders, "sop"))
    assert not [(item.name, cell) for item in items for cell in item.unreadable]
    assert [item.name for item in items] == [item.item for item in template.items]
    assert all(item.rule is not None for item in items if item.rule_text)


@every_template
def test_rules_name_kinds_that_the_workbook_offers(template: Template) -> None:
    offered = {str(row["kind"]) for row in rows.KINDS}
    for item in template.items:
        for kinds in re.findall(r'kind=((?:"[^"]*"|[^\s"])+)', item.rule):
            assert set(kinds.replace('"', "").split("|")) <= offered, item.rule


@every_template
def test_the_tag_that_a_list_holds_for_has_a_column_and_is_in_the_example(template: Template) -> None:
    for tag in re.findall(r"tag:(\w+)=", template.applies_to):
        assert f"tags.{tag}" in template.run_columns
        assert any(f'"{tag}"' in line for line in template.code)


@pytest.mark.parametrize("template", law, ids=lambda template: template.name)
def test_law_is_marked_wherever_it_is_named(template: Template, tmp_path: Path) -> None:
    assert new_registry(template, tmp_path).table("sop")["source"].str.contains(NOT_LEGAL_ADVICE).all()
    warned = {sheet for sheet, text in texts(template) if NOT_LEGAL_ADVICE.capitalize() in text}
    assert warned == {"Start", *(title for title, _, _ in build.own_sheets(template))}


def test_dates_are_those_in_force() -> None:
    named = " ".join(text for _, text in texts(eu_ai_act.TEMPLATE))
    assert "2 December 2027 (Annex III)" in named
    assert "2 August 2028 (Annex I)" in named
    assert "2026/1744" in named


@every_template
def test_what_was_replaced_is_not_cited(template: Template) -> None:
    assert not [text for _, text in texts(template) if re.search(r"11-7\b|2011-12", text)]


def test_every_template_is_in_the_wheel() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    included = settings["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    names = {template.name for template in build.TEMPLATES}
    assert {target for target in included.values() if target.endswith(".xlsx")} == {
        f"tracker/templates/{name}.xlsx" for name in names
    }
    assert set(templates()) == names


@every_template
def test_every_template_is_described(template: Template) -> None:
    assert f"| `{template.name}` |" in (ROOT / "templates" / "README.md").read_text(encoding="utf-8")
    assert template.name in ABOUT_TEMPLATES


@every_template
def test_the_texts_of_start_have_room(template: Template) -> None:
    assert max(map(len, template.code)) <= 72
    assert max(map(len, template.steps)) <= 112
    assert max((len(help) for _, help, _ in build.own_sheets(template)), default=0) <= 104


@every_template
def test_the_example_on_start_runs(template: Template, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = "\n".join(template.code)
    monkeypatch.chdir(tmp_path)
    (name,) = re.findall(r'start_run\("([^"]+)"', code)
    registry = tracker.init(name, template=template.name)
    for file in re.findall(r'log_artifact\("([^"]+)"', code):
        Path(file).write_text(f"what is in {file}")
    with tracker.start_run(registry.path, experiment="before") as before:
        for needed in re.findall(r'use_artifact\("([^:"]+)', code):
            before.log_artifact(__file__, name=needed)
    exec(code, {"figure": matplotlib.figure.Figure(), "slices": pd.DataFrame({"slice": ["a"], "auc": [0.9]})})
    registry.sync()
    assert list(registry.runs(order_by="start_time")["status"]) == ["FINISHED", "FINISHED"]
    for tag in re.findall(r"tag:(\w+)=", template.applies_to):
        assert registry.runs("experiment != 'before'")[f"tags.{tag}"].notna().all()
    assert registry.check() == []


# -- sheets to fill in --------------------------------------------------------------------------------------------


@every_form
def test_a_form_is_a_table_that_tracker_reads(template: Template, form: Form, tmp_path: Path) -> None:
    found = new_registry(template, tmp_path).table(form.table)
    assert list(found.columns) == [column.name for column in form.columns]
    given = [column.name for column in form.columns if column.writer == "script" and column.name not in form.formulas]
    assert found[given].notna().all().all()
    assert len(found) == sum(map(bool, form.rows))


@every_form
def test_every_column_of_a_form_explains_itself(template: Template, form: Form) -> None:
    sheet = openpyxl.load_workbook(ROOT / "templates" / f"{template.name}.xlsx")[form.title]
    for column, cell in zip(form.columns, sheet[forms.HEADER_ROW], strict=True):
        assert cell.value == column.name
        assert column.help in cell.comment.text


@every_form
def test_rows_are_high_enough_and_grow(template: Template, form: Form) -> None:
    sheet = openpyxl.load_workbook(ROOT / "templates" / f"{template.name}.xlsx")[form.title]
    for number in range(forms.FIRST_ROW, forms.FIRST_ROW + len(form.rows)):
        for cell in sheet[number]:
            if isinstance(cell.value, str) and not cell.value.startswith("="):
                room = sheet.column_dimensions[cell.column_letter].width * sheet.row_dimensions[number].height / 15
                assert len(cell.value) <= room * 1.3, cell


@every_form
def test_what_is_done_is_counted(template: Template, form: Form, tmp_path: Path, libreoffice: Office) -> None:
    path = new_registry(template, tmp_path).path
    letter = "ABCDEFGHIJ"[[column.name for column in form.columns].index(form.counted)]
    with libreoffice.open(path) as document:
        for row in (0, len(form.rows) - 1):
            document.set_cell(form.title, f"{letter}{forms.FIRST_ROW + row}", "something")
        document.recalculate()
        shown = str(document.look(form.title, "A5")["text"])
    assert shown == (f"2 of {len(form.rows)}" if any(form.rows) else "2")


# -- the score ----------------------------------------------------------------------------------------------------


def test_the_score_is_computed_as_its_authors_do(tmp_path: Path, libreoffice: Office) -> None:
    path = new_registry(ml_test_score.TEMPLATE, tmp_path).path
    names = [column.name for column in ml_test_score.TESTS.columns]
    done = "ABCDEFGHI"[names.index("done")]
    marked = {"Data": "aaaaaaa", "Model": "mmmmmmm", "Infrastructure": "aamm...", "Monitoring": "aaaaam."}
    words = {"a": ml_test_score.AUTOMATED, "m": ml_test_score.MANUAL}
    with libreoffice.open(path) as document:
        assert score_of(document) == (0, [0, 0, 0, 0], "A research project rather than a product.")
        for row, mark in enumerate("".join(marked.values()), forms.FIRST_ROW):
            document.set_cell("Tests", f"{done}{row}", words.get(mark))
        document.recalculate()
        assert score_of(document) == (3, [7, 3.5, 3, 5.5], "Reasonably tested; more of it could run by itself.")
        document.set_cell("Tests", f"{done}{forms.FIRST_ROW + 14 + 4}", ml_test_score.MANUAL)
        document.recalculate()
        lowest, _, meaning = score_of(document)
        assert lowest == 3.5
        assert meaning.startswith("Strong automated tests")


def score_of(document: object) -> tuple[float, list[float], str]:
    """The score, the sums of the sections, and what the score means, as the sheet shows them."""
    get = document.get  # type: ignore[attr-defined]
    return get("Score", "B5"), [get("Score", f"C{row}") for row in score.ROWS], get("Score", "B6")


# -- the inventory of a bank --------------------------------------------------------------------------------------


def test_exposure_and_purpose_give_materiality_and_tier(tmp_path: Path, libreoffice: Office) -> None:
    path = new_registry(bank.TEMPLATE, tmp_path).path
    place = {column.name: "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[n] for n, column in enumerate(bank.INVENTORY.columns)}
    cases = list(product(bank.LEVELS, bank.PURPOSES))
    with libreoffice.open(path) as document:
        for row, (exposure, purpose) in enumerate(cases, forms.FIRST_ROW):
            for name, value in (("model", f"model {row}"), ("exposure", exposure), ("purpose", purpose)):
                document.set_cell("Inventory", f"{place[name]}{row}", value)
        document.recalculate()
        for row, (exposure, purpose) in enumerate(cases, forms.FIRST_ROW):
            expected = bank.MATRIX[bank.LEVELS.index(exposure)][bank.PURPOSES.index(purpose)]
            assert document.get("Inventory", f"{place['materiality']}{row}") == expected
            assert document.get("Inventory", f"{place['tier']}{row}") == bank.TIERS[expected][0]
        tiers = {document.get("Tiers", f"C{row}"): document.get("Tiers", f"D{row}") for row in (12, 13, 14)}
        assert tiers == {"Tier 1": 3, "Tier 2": 3, "Tier 3": 3}
        assert document.get("Tiers", "I8") == len(cases)  # none has an owner


def test_the_inventory_finds_who_validates_their_own_model(tmp_path: Path, libreoffice: Office) -> None:
    path = new_registry(bank.TEMPLATE, tmp_path).path
    place = {column.name: "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[n] for n, column in enumerate(bank.INVENTORY.columns)}
    people = (("ann", "bob", "cid"), ("ann", "bob", "bob"), ("ann", "ann", "ann"), ("ann", "bob", None))
    with libreoffice.open(path) as document:
        for row, (owner, developer, validator) in enumerate(people, forms.FIRST_ROW):
            for name, value in (("owner", owner), ("developer", developer), ("validator", validator)):
                document.set_cell("Inventory", f"{place[name]}{row}", value)
        document.recalculate()
        assert document.get("Tiers", "H9") == "Validator is the owner or developer"
        assert document.get("Tiers", "I9") == 2
