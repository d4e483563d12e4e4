"""Model cards: what Tracker knows is written anew, what people wrote stays, and nothing in it is executed."""

from __future__ import annotations

import builtins
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trained import open_gates, prepare, train

from tracker import capture
from tracker.cards import saved as cards
from tracker.cards.card import Card, Section, blanks_in, code, plain, read_facts, table, to_html, write_card
from tracker.deciding import decide
from tracker.errors import (
    BadRequestError,
    MissingPackageError,
    ModelNotFoundError,
    PermissionRefusedError,
    ValueChangedError,
)
from tracker.journal.pending import PendingWriter
from tracker.model import Change
from tracker.reading.registry import Registry
from tracker.workbook import read_tables

SECTIONS = [Section("one", "One", ["known"], "the one thing."), Section("two", "Two", [], "the other.")]
FACTS = {"model": "churn", "version": 3}


@pytest.fixture(autouse=True)
def out_of_any_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(capture, "script", lambda: None)
    monkeypatch.setattr(capture, "packages", lambda: "numpy==2.0\n")


@pytest.fixture
def registry(registry_path: Path) -> Registry:
    """A registry with a model of two versions, trained on data that a run prepared."""
    open_gates(registry_path)
    prepare(registry_path, "a\n1\n")
    prepare(registry_path, "a\n2\n", "churn-test")
    for number in (1, 2):
        train(
            registry_path,
            f"gbm {number}",
            data="churn-train:v1",
            params={"depth": number},
            metrics={"auc": number / 4, "rmse": 0.25},
        )
    registry = Registry(registry_path)
    for number in (1, 2):
        decide.register(registry, "churn", f"churn-model:v{number}", "ds1")
    return registry


def written(markdown: str, key: str, text: str) -> str:
    """The card after a person wrote a text into a blank."""
    changed = re.sub(
        rf"(<!-- yours:{key}[^\n]*-->\n).*?(\n<!-- /yours:{key} -->)", rf"\g<1>{text}\g<2>", markdown, flags=re.S
    )
    assert changed != markdown
    return changed


def log(registry: Registry, *changes: Change) -> None:
    writer = PendingWriter(registry.folders.pending, who="ds1", program="person")
    for change in changes:
        writer.append(change)
    writer.close()


# -- the text -----------------------------------------------------------------------------------------------------


def test_a_new_card_names_every_blank() -> None:
    card = write_card("Card of churn v3", FACTS, SECTIONS)
    assert [section.key for section in card.blanks] == ["one", "two"]
    assert "*Not stated: the one thing. Complete it here.*" in card.markdown
    assert read_facts(card.markdown) == FACTS


def test_writing_anew_keeps_what_people_wrote_and_replaces_what_tracker_knows() -> None:
    first = write_card("t", FACTS, SECTIONS).markdown
    mine = written(first, "one", "For the call centre.\n\n- not for credit\n\n| a | b |\n| - | - |")
    again = write_card("t", FACTS, [Section("one", "One", ["known better"], "the one thing."), SECTIONS[1]], mine)
    assert "For the call centre.\n\n- not for credit\n\n| a | b |" in again.markdown
    assert "known better" in again.markdown
    assert "known\n" not in again.markdown
    assert [section.key for section in again.blanks] == ["two"]


def test_writing_anew_without_news_changes_nothing() -> None:
    first = written(write_card("t", FACTS, SECTIONS).markdown, "two", "Mine.")
    assert write_card("t", FACTS, SECTIONS, first).markdown == first


def test_what_people_add_around_the_sections_stays_in_its_place() -> None:
    first = write_card("t", FACTS, SECTIONS).markdown
    mine = first.replace("## Two", "Between.\n\n## Our own\n\nText.\n\n## Two, as we call it") + "\nThe end.\n"
    again = write_card("t", FACTS, [Section("one", "One", ["new"], "x"), SECTIONS[1]], mine).markdown
    assert again == mine.replace("known\n", "new\n").replace("the one thing.", "x")


def test_a_blank_that_stays_above_a_persons_text_goes() -> None:
    first = write_card("t", FACTS, SECTIONS).markdown
    blank = "*Not stated: the other. Complete it here.*"
    again = write_card("t", FACTS, SECTIONS, first.replace(blank, f"{blank}\n\nMine."))
    assert blank not in again.markdown
    assert "Mine." in again.markdown
    assert [section.key for section in again.blanks] == ["one"]


def test_what_was_emptied_is_a_blank_again() -> None:
    first = write_card("t", FACTS, SECTIONS).markdown
    again = write_card("t", FACTS, SECTIONS, written(first, "two", "  "))
    assert [section.key for section in again.blanks] == ["one", "two"]
    assert again.markdown == first


def test_a_card_whose_marks_were_lost_loses_no_text() -> None:
    first = written(write_card("t", FACTS, SECTIONS).markdown, "two", "Mine.")
    for damaged in (
        first.replace("<!-- /yours:two -->", ""),
        re.sub(r"<!-- .*? -->\n?", "", first),
        "# Something else entirely\n\nMine.\n",
    ):
        again = write_card("t", FACTS, SECTIONS, damaged).markdown
        assert "Mine." in again
        assert again.count("<!-- tracker:one ") == again.count("<!-- /yours:two -->") == 1


def test_a_line_of_a_persons_own_in_the_front_matter_stays() -> None:
    first = write_card("t", FACTS, SECTIONS).markdown.replace("---\n", "---\nlicense: mit\ntags:\n  - churn\n", 1)
    again = write_card("t", {**FACTS, "stage": "production"}, SECTIONS, first).markdown
    assert "license: mit\ntags:\n  - churn\n" in again
    assert read_facts(again)["stage"] == "production"


def test_line_ends_of_windows_are_no_change() -> None:
    first = written(write_card("t", FACTS, SECTIONS).markdown, "two", "Mine.")
    assert write_card("t", FACTS, SECTIONS, first.replace("\n", "\r\n")).markdown == first


def test_texts_of_the_version_before_are_taken_over_and_said_until_someone_checked_them() -> None:
    third = written(write_card("t", FACTS, SECTIONS).markdown, "two", "Mine.")
    fourth = write_card("t", {**FACTS, "version": 4}, SECTIONS, third).markdown
    assert "Mine." in fourth
    assert "taken over from the card of v3" in fourth
    assert write_card("t", {**FACTS, "version": 4}, SECTIONS, fourth).markdown == fourth
    checked = fourth.replace("texts_of: 3\n", "")
    assert "taken over" not in write_card("t", {**FACTS, "version": 4}, SECTIONS, checked).markdown


PLAIN = st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=60)


@given(PLAIN, PLAIN)
def test_whatever_people_write_is_there_for_ever(one: str, two: str) -> None:
    first = write_card("t", FACTS, SECTIONS).markdown
    block = "<!-- yours:two Write here; it stays. -->\n*Not stated: the other. Complete it here.*\n"
    mine = first.replace(block, block.replace("*Not stated: the other. Complete it here.*", f"x{one}"), 1) + f"y{two}\n"
    once = write_card("t", FACTS, SECTIONS, mine).markdown
    assert f"x{one}".strip() in once
    assert f"y{two}".strip() in once
    assert write_card("t", FACTS, SECTIONS, once).markdown == once


# -- what is shown ------------------------------------------------------------------------------------------------


class Page(HTMLParser):
    """What a browser would make of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


EVIL = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[x](javascript:alert(1))",
    "![x](https://example.com/spy.png)",
    "<!-- /tracker:one -->",
    "]]><svg onload=alert(1)>",
    "`</code><script>alert(1)</script>`",
    "<javascript:alert(1)>",
    "<style>*{display:none}</style>",
    '<meta http-equiv="refresh" content="0;url=https://example.com">',
    "[x]: javascript:alert(1)",
    "&lt;b&gt; | a | b |",
)


@pytest.mark.parametrize("evil", EVIL)
def test_nothing_in_a_card_is_executed_or_loaded(evil: str) -> None:
    mine = written(write_card("t", FACTS, SECTIONS).markdown, "two", evil.replace("\\", ""))
    page = Page(to_html(mine, evil))
    allowed = {"html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "em", "a", "code"}
    assert set(page.tags) <= allowed
    assert (page.tags.count("style"), page.tags.count("meta")) == (1, 3)
    for name, value in page.attributes:
        assert not name.startswith("on")
        assert name not in ("src", "style")
        assert "javascript" not in (value or "")


@pytest.mark.parametrize(
    "evil", [*EVIL, "# heading", "- list", "1. list", "*a* _b_ **c** ~~d~~", "a\n\n# b", "a_b_c", "\\*"]
)
def test_values_of_the_registry_show_as_they_are(evil: str) -> None:
    section = Section("one", "One", [*table(("name", ""), [(evil, evil)]), f"- {plain(evil)}", "", *code([evil])], "x")
    card = write_card(evil, FACTS, [section])
    page = Page(to_html(card.markdown, "t"))
    shown = " ".join(evil.split())
    assert " ".join(page.text.split()).count(shown.replace("<!--", "<! --")) >= 1
    assert " ".join(page.text.split()).count(shown) >= (3 if "<!--" in evil else 4)
    assert page.tags.count("h1") == page.tags.count("h2") == page.tags.count("table") == page.tags.count("li") == 1
    assert not {"script", "img", "svg", "strong", "a", "del"} & set(page.tags)
    assert write_card(evil, FACTS, [section], card.markdown).markdown == card.markdown


def test_a_page_needs_nothing_else() -> None:
    page = to_html(
        written(write_card("t", FACTS, SECTIONS).markdown, "two", "| a |\n| - |\n| b |\n\n[x](https://a.b)"), "t"
    )
    assert "default-src 'none'" in page
    assert "<td>b</td>" in page
    assert '<a href="https://a.b">x</a>' in page
    assert "version: 3" not in page
    assert "yours:" not in page


def test_html_without_the_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def missing(name: str, *arguments: Any, **options: Any) -> Any:
        if name == "markdown_it":
            raise ImportError(name)
        return real(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(MissingPackageError, match="pip install markdown-it-py"):
        to_html("x", "t")


# -- the card of a model ------------------------------------------------------------------------------------------


def part(card: Card, key: str) -> str:
    match = re.search(rf"<!-- tracker:{key} [^\n]*-->\n(.*?)<!-- /tracker:{key} -->", card.markdown, re.S)
    assert match
    return match[1]


def test_a_card_has_what_the_registry_knows(registry: Registry) -> None:
    run_id = registry.run("gbm 2")["run_id"]
    log(
        registry,
        Change("runs", (run_id,), {"goal": "Keep customers | all", "insight": "Weak for new ones", "git_dirty": True}),
        Change("checklist", (run_id, "licence stated"), {"status": "done", "evidence": "MIT"}, new=True),
        Change("checklist", (run_id, "limitations"), {"status": "waived", "why": "a pilot"}, new=True),
        Change("checklist", (run_id, "bias looked at"), {"status": "done", "evidence": "by age"}, new=True),
    )
    decide.promote(registry, "churn:v2", "staging", "to try", "ds1")
    decide.set_alias(registry, "churn-model:v2", "champion", "x", "ds1")
    card = cards.model_card(registry, "churn:v2")
    details = part(card, "details")
    for text in ("| Model | churn |", "staging by ds1 on", "(to try)", f"gbm 2 ({run_id})", "| Aliases | champion |"):
        assert text in details
    assert "- licence stated: MIT" in details
    assert "Keep customers \\| all" in part(card, "intended-use")
    assert "| auc | 0.5 | larger |" in part(card, "metrics")
    assert "| rmse | 0.25 | smaller |" in part(card, "metrics")
    assert "churn-train:v1" in part(card, "training-data")
    assert "written by prepare" in part(card, "training-data")
    assert "| depth | 2 |" in part(card, "training")
    assert "| v1 | 0.25 | 0.25 |\n| v2 | 0.5 | 0.25 |" in part(card, "analyses")
    assert "- bias looked at: by age" in part(card, "ethics")
    caveats = part(card, "caveats")
    assert "was not committed" in caveats
    assert "| limitations | waived |  | a pilot |" in caveats
    assert "Weak for new ones" in caveats
    assert "python -m tracker get registry.xlsx churn-model:v2" in part(card, "start")
    asked = "details intended-use factors metrics evaluation-data training-data analyses ethics caveats"
    assert [section.key for section in card.blanks] == asked.split()
    assert Page(to_html(card.markdown, "churn v2")).tags.count("h2") == 11


def test_test_data_are_evaluation_data(registry: Registry) -> None:
    import tracker

    with tracker.start_run(registry.path, experiment="churn", name="judged") as run:
        run.use_artifact("churn-train")
        run.use_artifact("churn-test")
        run.log_artifact(registry.path, name="judged-model", kind="model file")
    decide.register(registry, "judged", "judged-model", "ds1")
    card = cards.model_card(registry, "judged")
    assert "churn-test:v1" in part(card, "evaluation-data")
    assert "churn-test:v1" not in part(card, "training-data").partition("What it came from")[0]


def test_a_completed_card_is_an_artifact_and_stays_completed(registry: Registry) -> None:
    card = cards.model_card(registry, "churn:v1")
    saved = cards.save_card(registry, "churn:v1", written(card.markdown, "ethics", "Nobody is harmed."), "ds2", seen="")
    assert (saved.artifact, saved.report.in_workbook, saved.report.changed) == ("churn-card.md:v1", True, True)
    rows = read_tables(registry.path, {"artifacts"})["artifacts"]
    row = next(dict(zip(rows.columns, row, strict=True)) for row in rows.rows if row[0] == "churn-card.md:v1")
    assert (row["kind"], row["category"], row["created_by"]) == ("model card", "documentation", "ds2")
    assert row["run_id"] == registry.run("gbm 1")["run_id"]
    assert (registry.path.parent / row["path"]).read_text(encoding="utf-8") == saved.card.markdown
    decide.promote(registry, "churn:v1", "production", "x", "ds1")
    again = cards.model_card(registry, "churn:v1")
    assert "Nobody is harmed." in again.markdown
    assert "production by ds1" in part(again, "details")
    assert "ethics" not in {section.key for section in again.blanks}


def test_saving_a_card_without_news_saves_nothing(registry: Registry) -> None:
    card = cards.model_card(registry, "churn:v1")
    first = cards.save_card(registry, "churn:v1", card.markdown, "ds1")
    second = cards.save_card(registry, "churn:v1", first.card.markdown, "ds2", seen=first.artifact)
    assert (second.artifact, second.report.changed) == (first.artifact, False)


def test_each_version_has_a_card_of_its_own_that_begins_with_the_one_before(registry: Registry) -> None:
    first = written(cards.model_card(registry, "churn:v1").markdown, "factors", "Age and region.")
    cards.save_card(registry, "churn:v1", first, "ds1")
    second = cards.model_card(registry, "churn:v2")
    assert "Age and region." in second.markdown
    assert "taken over from the card of v1" in second.markdown
    assert part(second, "details").startswith("| fact | value |\n| --- | --- |\n| Model | churn |\n| Version | 2 |")
    cards.save_card(registry, "churn:v2", written(second.markdown, "factors", "Age only."), "ds1")
    assert "Age and region." in cards.model_card(registry, "churn:v1").markdown
    assert "Age only." in cards.model_card(registry, "churn:v2").markdown


def test_a_card_that_somebody_saved_since_is_not_written_over(registry: Registry) -> None:
    card = cards.model_card(registry, "churn:v1").markdown
    cards.save_card(registry, "churn:v1", written(card, "ethics", "Mine."), "ds1", seen="")
    with pytest.raises(ValueChangedError) as raised:
        cards.save_card(registry, "churn:v1", written(card, "ethics", "Theirs."), "ds2", seen="")
    assert raised.value.fields["current"] == "churn-card.md:v1"
    assert "Mine." in cards.model_card(registry, "churn:v1").markdown


def test_what_is_no_card_of_this_version_is_refused(registry: Registry) -> None:
    card = cards.model_card(registry, "churn:v1").markdown
    with pytest.raises(BadRequestError, match="the card of churn v1, not of churn v2"):
        cards.save_card(registry, "churn:v2", card, "ds1")
    with pytest.raises(BadRequestError, match="2,000,000 bytes"):
        cards.save_card(registry, "churn:v1", card + "x" * 2_000_000, "ds1")
    with pytest.raises(ModelNotFoundError):
        cards.model_card(registry, "nobody")


def test_a_viewer_completes_no_card(registry: Registry) -> None:
    log(registry, Change("people", ("ds1",), {"role": "viewer"}, new=True, by="person"))
    card = cards.model_card(registry, "churn:v1").markdown
    with pytest.raises(PermissionRefusedError, match="this needs a contributor"):
        cards.save_card(registry, "churn:v1", card, "ds1")
    assert not (registry.folders.artifacts / "churn-card.md").exists()


def test_a_card_is_kept_while_the_workbook_is_open(registry: Registry) -> None:
    lock = registry.path.with_name(f".~lock.{registry.path.name}#")
    lock.write_text("Data Science,ds2,host,24.11.2026 07:12,x;")
    card = written(cards.model_card(registry, "churn:v1").markdown, "ethics", "Mine.")
    report = cards.save_card(registry, "churn:v1", card, "ds1").report
    assert "open in LibreOffice by Data Science" in report.pending_because
    assert registry.row("artifacts", ("churn-card.md:v1",)) is not None
    assert "Mine." in cards.model_card(registry, "churn:v1").markdown
    lock.unlink()


def test_a_version_whose_run_nobody_knows_has_a_card_that_says_so(registry: Registry) -> None:
    log(registry, Change("models", ("old", "1"), {"version": 1, "artifact": "lost:v1"}, new=True, by="person"))
    card = cards.model_card(registry, "old:v1")
    assert "It is not known which run made it." in part(card, "caveats")
    assert blanks_in(card.markdown, [Section("ethics", "", [], "x")])
