"""Commands about what is in artifacts: the profile of a table, and what changed from one table to another."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tracker.cli import shell
from tracker.errors import ArtifactNotFoundError, ArtifactPathError, BadRequestError

if TYPE_CHECKING:
    from tracker.contents.kept import Contents
    from tracker.contents.parts import Part
    from tracker.data.drift import DataComparison
    from tracker.data.leakage import Leakage
    from tracker.data.profile import Profile
    from tracker.folders import Folders

FAULTS = ("drift", "schema", "leakage")


@click.command(cls=shell.Command)
@shell.registry_argument
@click.argument("artifact")
@shell.as_json
def profile(registry: str, artifact: str, as_json: bool) -> None:
    """Show what is in an artifact: of a table each column, of anything else what its kind tells.

    ARTIFACT is a version such as churn-train:v3, a file of a folder such as churn:v3/train.csv, or the path of a file.
    A pickle is never loaded.

    \b
    python -m tracker profile registry.xlsx churn-train:latest
    """
    from tracker.data.metadata import describe
    from tracker.data.profile import profile_table

    folders = shell.opened(registry).folders
    thing = _named(folders, artifact)
    if isinstance(thing, Path):
        table = profile_table(thing) if _is_table(thing) else None
        metadata = describe(thing)
    else:
        found = _look(folders, thing)
        table, metadata = found.profile, found.metadata
    if as_json:
        shell.print_json({"artifact": str(thing), "metadata": metadata, "profile": _plain_profile(table)})
    else:
        click.echo("\n".join(_profile_lines(str(thing), table, metadata)))


@click.command(cls=shell.Command)
@shell.registry_argument
@click.argument("left", metavar="A")
@click.argument("right", metavar="B")
@click.option("--leakage", is_flag=True, help="Look for rows of A, the training data, that are in B, the test data.")
@click.option("--ignore", multiple=True, metavar="COLUMN", help="Leave a column out of that, such as a key.")
@click.option(
    "--fail-on",
    "fail_on",
    multiple=True,
    type=click.Choice(FAULTS),
    help="Exit code 1 if there is any: columns that drifted, that came, went or changed type, or rows that leak.",
)
@shell.as_json
def drift(
    registry: str,
    left: str,
    right: str,
    leakage: bool,
    ignore: Sequence[str],
    fail_on: Sequence[str],
    as_json: bool,
) -> None:
    """Show what changed from table A to table B: columns, types, distributions; rows that both have, if asked.

    A and B are versions such as churn-train:v3, files of a folder such as churn:v3/test.csv, or paths of files.

    \b
    python -m tracker drift registry.xlsx churn-train:v3 churn-train:latest --fail-on drift
    python -m tracker drift registry.xlsx churn:latest/train.csv churn:latest/test.csv --fail-on leakage
    """
    from tracker.data.drift import compare_profiles

    folders = shell.opened(registry).folders
    things = _named(folders, left), _named(folders, right)
    comparison = compare_profiles(*(_profile_of(folders, thing) for thing in things))
    if comparison.refused:
        raise BadRequestError(reason=comparison.refused)
    leaked = _leakage(folders, *things, ignore) if leakage or "leakage" in fail_on else None
    if as_json:
        shell.print_json(_plain_comparison(str(things[0]), str(things[1]), comparison, leaked))
    else:
        click.echo("\n".join(_comparison_lines(str(things[0]), str(things[1]), comparison, leaked)))
    faults = {
        "drift": bool(comparison.drifted),
        "schema": bool(comparison.added or comparison.removed or comparison.retyped),
        "leakage": leaked is not None and leaked.count > 0,
    }
    if any(faults[fault] for fault in fail_on):
        raise SystemExit(1)


def _named(folders: Folders, text: str) -> Part | Path:
    """The artifact of that name, or else the file at that path."""
    from tracker.contents.parts import find_part

    try:
        return find_part(folders, text)
    except (ArtifactNotFoundError, ArtifactPathError) as error:
        if Path(text).is_file():
            return Path(text)
        if isinstance(error, ArtifactPathError):
            raise ArtifactNotFoundError(artifact=text, path=folders.workbook, hint="No file has this path.") from None
        raise


def _look(folders: Folders, part: Part) -> Contents:
    from tracker.contents.kept import look_into

    return look_into(folders, part)


def _is_table(path: Path) -> bool:
    from tracker.data.endings import format_of

    return bool(format_of(path))


def _profile_of(folders: Folders, thing: Part | Path) -> Profile:
    from tracker.data.profile import Profile, profile_table

    found = profile_table(thing) if isinstance(thing, Path) else _look(folders, thing).profile
    if found is not None and not found.refused:
        return found
    return Profile(refused=f"{thing} cannot be compared. {found.refused if found else 'It is no table.'}")


def _leakage(folders: Folders, train: Part | Path, test: Part | Path, ignore: Sequence[str]) -> Leakage:
    from tracker.contents.compared import leakage_between
    from tracker.contents.parts import readable
    from tracker.data.leakage import find_leakage

    if not isinstance(train, Path) and not isinstance(test, Path):
        return leakage_between(folders, train, test, ignore)
    left, right = (thing if isinstance(thing, Path) else readable(folders, thing) for thing in (train, test))
    return find_leakage(left, right, ignore=ignore)


# -- lines --------------------------------------------------------------------------------------------------------


def _profile_lines(name: str, profile: Profile | None, metadata: dict[str, Any]) -> Iterator[str]:
    from tracker import terminal
    from tracker.contents import words

    yield terminal.one_line(name)
    if profile is None:
        for label, text in words.facts(metadata):
            yield f"  {label}: {terminal.one_line(text)}"
    else:
        yield words.profile_sentence(profile)
        rows = [
            [
                terminal.one_line(column.name),
                column.type,
                words.share(column.missing, profile.read),
                "" if column.distinct is None else f"{column.distinct:,}",
                terminal.one_line(words.column_range(column)),
                column.shown(column.quantile(0.5)),
                terminal.one_line(words.top_values(column, profile.read)),
            ]
            for column in profile.columns
        ]
        headers = ["column", "type", "missing", "distinct", "range", "median", "most frequent"]
        if rows:
            yield from terminal.fit(headers, rows, terminal.terminal_width(), ["missing", "distinct", "median"]).lines
    for warning in metadata.get("warnings", ()):
        yield f"Warning: {terminal.one_line(warning)}"
    for note in dict.fromkeys([*metadata.get("notes", ()), *(profile.notes if profile else ())]):
        yield terminal.one_line(note)


def _comparison_lines(left: str, right: str, comparison: DataComparison, leaked: Leakage | None) -> Iterator[str]:
    from tracker import terminal
    from tracker.data.sentences import METHOD, sentences

    for sentence in sentences(comparison, left, right):
        yield terminal.one_line(sentence)
    for column, values in comparison.unseen.items():
        yield terminal.one_line(f"{column}: {right} has values that {left} has not: {', '.join(map(str, values[:5]))}.")
    if comparison.drifted:
        yield METHOD
    if leaked is not None:
        yield terminal.one_line(str(leaked))
    for note in dict.fromkeys([*comparison.left.notes, *comparison.right.notes]):
        yield terminal.one_line(note)


def _plain_profile(profile: Profile | None) -> Any:
    return None if profile is None else json.loads(profile.to_json())


def _plain_comparison(left: str, right: str, comparison: DataComparison, leaked: Leakage | None) -> dict[str, Any]:
    from tracker.data.sentences import sentences

    names = ("column", "what", "test", "effect", "p", "psi", "drifted")
    return {
        "left": left,
        "right": right,
        "rows": [comparison.left.rows, comparison.right.rows],
        "changed": comparison.changed,
        "added": list(comparison.added),
        "removed": list(comparison.removed),
        "retyped": [{"column": one.column, "left": one.left, "right": one.right} for one in comparison.retyped],
        "tests": [{name: getattr(test, name) for name in names} for test in comparison.tests],
        "unseen": {column: list(values) for column, values in comparison.unseen.items()},
        "sentences": sentences(comparison, left, right),
        "leakage": None if leaked is None else leaked.to_json(),
    }


COMMANDS = (profile, drift)
