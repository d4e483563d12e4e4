"""What a reproduction says: the files of its folder that people read or start, and its lines in a terminal.

Names and commands come from a workbook that anybody may have edited: they are quoted for each place they are put in.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable

from tracker.reproducing.agreement import Compared
from tracker.reproducing.outcome import Outcome
from tracker.reproducing.reproduce import Plan
from tracker.runs.begin import INPUTS_VARIABLE, PARENT_VARIABLE, REGISTRY_VARIABLE
from tracker.terminal import fit, one_line, quoted

LIBRARY_NEEDS = ("click>=8.1", "filelock>=3.13")
"""The packages that Tracker itself needs, of any environment."""
NEVER_RECORDED = (
    "Tracker records no environment variables, no hardware but the machine's name, and no files that are neither in\n"
    "git nor used as artifacts. A script that depends on them, or draws random numbers without a seed, gives other\n"
    "metrics."
)


def variables(plan: Plan, registry: str | None = None) -> dict[str, str]:
    """The variables that make the new run a part of the old one and let it read the same inputs."""
    return {
        REGISTRY_VARIABLE: registry or str(plan.workbook),
        PARENT_VARIABLE: plan.run_id,
        INPUTS_VARIABLE: "|".join(each.artifact for each in plan.inputs) or "|",  # PowerShell cannot set an empty one
    }


# -- in a terminal ------------------------------------------------------------------------------------------------


def plan_lines(plan: Plan) -> list[str]:
    """What would be run with what, and what is missing."""
    lines = [f"{one_line(plan.name)} ({one_line(plan.run_id)})"]
    lines += [f"  {name:<12} {value}" for name, value in facts(plan)]
    for heading, stops in (("Missing, so that it cannot be run again:", True), ("Missing or not known:", False)):
        found = [f"  {gap.part}: {one_line(gap.text)}" for gap in plan.gaps if gap.stops is stops]
        lines += [heading, *found] if found else []
    return lines


def facts(plan: Plan) -> list[tuple[str, str]]:
    """What the run consists of, in words."""
    folder = f"  (in the folder {one_line(plan.command.folder)})" if plan.command.folder else ""
    return [
        ("command", (one_line(plan.recorded) or "not recorded") + folder),
        ("code", _code(plan)),
        ("environment", _environment(plan)),
        ("inputs", ", ".join(f"{each.artifact} ({each.size:,} bytes)" for each in plan.inputs) or "none recorded"),
        ("metrics", ", ".join(one_line(each.metric) for each in plan.metrics) or "none"),
    ]


def _code(plan: Plan) -> str:
    code = plan.code
    if code.script:
        return f"{one_line(code.source)} ({code.script}), without a git repository"
    if not code.commit:
        return "not known"
    parts = [f"commit {one_line(code.commit)}" + (f" of branch {one_line(code.branch)}" if code.branch else "")]
    elsewhere = f"cloned from {one_line(code.remote)}" if code.remote else "in no repository at hand"
    parts.append(f"from {code.repository}" if code.repository else elsewhere)
    return ", ".join(parts) + (f", with the changes in {code.diff}" if code.diff else "")


def _environment(plan: Plan) -> str:
    packages = len(plan.environment.requirements)
    python = (
        f"Python {one_line(plan.environment.python)}" if plan.environment.python else "Python of an unknown version"
    )
    return f"{python}, {packages} packages" if packages else f"{python}, packages not recorded"


def outcome_lines(outcome: Outcome, width: int) -> list[str]:
    """What came of running it again."""
    new = f"the new run is {one_line(outcome.run_id)}" if outcome.run_id else "no run was logged"
    lines = [f"The command ended with {outcome.exit_code}; {new}."]
    if outcome.metrics:
        headers = ["metric", "then", "now", "difference", ""]
        lines += [
            f"  {line}"
            for line in fit(headers, [_metric(each) for each in outcome.metrics], width - 2, headers[1:4]).lines
        ]
    lines += [f"Only the new run has the metric {one_line(name)}." for name in outcome.more]
    lines += [f"Param {one_line(name)} was {quoted(then)}, is now {quoted(now)}." for name, then, now in outcome.params]
    lines += [f"{one_line(then)} came out otherwise: {one_line(now)}." for then, now in outcome.other_artifacts]
    if outcome.same_artifacts:
        lines.append(f"The same, byte for byte: {', '.join(map(one_line, outcome.same_artifacts))}.")
    lines += [f"Not as it was recorded: {one_line(note)}." for note in outcome.notes]
    agreeing = sum(each.agrees for each in outcome.metrics)
    if outcome.metrics:
        lines.append(f"{agreeing} of {len(outcome.metrics)} metrics agree.")
    else:
        lines.append("The run had no metrics that could be compared.")
    return lines


def _metric(each: Compared) -> list[str]:
    now = "missing" if each.value is None else repr(each.value)
    difference = "" if not each.difference else f"{each.difference:+.6g}"
    return [
        one_line(each.expected.metric),
        repr(each.expected.value),
        now,
        difference,
        "same" if each.agrees else "differs",
    ]


# -- files of the folder --------------------------------------------------------------------------------------------


def requirements(plan: Plan) -> str:
    """The packages for ``pip install --no-deps -r``; those that cannot be had from an index as comments."""
    environment = plan.environment
    lines = [f"# The packages of run {one_line(plan.run_id)}, for: pip install --no-deps -r requirements.txt"]
    if environment.python:
        lines.append(f"# Python {one_line(environment.python)}")
    lines += environment.requirements
    named = {re.split(r"[=<>]", line)[0].lower() for line in environment.requirements}
    lacking = [need for need in LIBRARY_NEEDS if re.split(r"[=<>]", need)[0] not in named]
    if lacking:
        lines += ["# What Tracker in the folder library needs:", *lacking]
    if environment.left_out:
        lines += ["# Not installed:", *(f"# {one_line(line)}  ({one_line(why)})" for line, why in environment.left_out)]
    return "\n".join(lines) + "\n"


def shell_script(plan: Plan) -> str:
    """The command for sh."""
    command = plan.command
    target = {
        "module": f"-m {shlex.quote(command.target)}",
        "script": shlex.quote(command.target),
        "entry point": f'"$(dirname "$python")"/{shlex.quote(command.target)}',
        "none": "",
    }[command.kind]
    lines = [
        "#!/bin/sh",
        f"# {_title(plan)}",
        "set -eu",
        'here=$(cd "$(dirname "$0")" && pwd)',
        "python=$here/environment/bin/python",
        '[ -x "$python" ] || python=$(command -v python3)',
        *(f"export {name}={shlex.quote(value)}" for name, value in variables(plan).items()),
        'export PYTHONPATH="$here/library"',
        *_guard(plan, lambda text: f"echo {shlex.quote(text)} >&2"),
        'cd "$here"/code' + (f"/{shlex.quote(command.folder)}" if command.folder else ""),
        " ".join(['exec "$python"', *map(shlex.quote, command.options), target, *map(shlex.quote, command.arguments)]),
    ]
    return "\n".join(lines) + "\n"


def power_shell_script(plan: Plan) -> str:
    """The command for PowerShell."""
    command = plan.command
    target = {
        "module": f"-m {_power_quoted(command.target)}",
        "script": _power_quoted(command.target),
        "entry point": f"(Join-Path (Split-Path $python) {_power_quoted(command.target)})",
        "none": "",
    }[command.kind]
    words = [*map(_power_quoted, command.options), target, *map(_power_quoted, command.arguments)]
    lines = [
        f"# {_title(plan)}",
        '$ErrorActionPreference = "Stop"',
        '$python = Join-Path $PSScriptRoot "environment\\Scripts\\python.exe"',
        "if (-not (Test-Path -LiteralPath $python)) { $python = (Get-Command python).Source }",
        *(f"$env:{name} = {_power_quoted(value)}" for name, value in variables(plan).items()),
        '$env:PYTHONPATH = Join-Path $PSScriptRoot "library"',
        *_guard(plan, lambda text: f"[Console]::Error.WriteLine({_power_quoted(text)})"),
        f"Set-Location -LiteralPath (Join-Path $PSScriptRoot {_power_quoted('/'.join(['code', command.folder]))})",
        " ".join(["& $python", *words]),
        "exit $LASTEXITCODE",
    ]
    return "\r\n".join(lines) + "\r\n"


def _guard(plan: Plan, say: Callable[[str], str]) -> list[str]:
    """Lines that end a script before it starts something that is not whole."""
    if not plan.stopping:
        return []
    advice = "See README.md. When this is mended, take these lines out of the script."
    return [*(say(one_line(gap.text)) for gap in plan.stopping), say(advice), "exit 1"]


def _power_quoted(text: str) -> str:
    """A text in single quotes; PowerShell takes the typographic ones for such too."""
    return "'" + re.sub("(['\u2018\u2019\u201a\u201b])", r"\1\1", text) + "'"


def _title(plan: Plan) -> str:
    return f"Runs {one_line(plan.name)} ({one_line(plan.run_id)}) again; README.md says what is missing."


def readme(plan: Plan) -> str:
    """What the folder is, what is missing in it, and what the metrics were."""
    python = ".".join(plan.environment.python.split(".")[:2])
    return "\n".join(
        [
            f"# {_plain(plan.name)}, to be run again",
            "",
            f"What was recorded of run {_code_span(plan.run_id)} in {_code_span(str(plan.workbook))}.",
            "",
            *(f"- {name}: {_code_span(value)}" for name, value in facts(plan)),
            "",
            "## What is missing",
            "",
            *([f"- {gap.part}: {_code_span(gap.text)}" for gap in plan.gaps] or ["Nothing that Tracker records."]),
            "",
            NEVER_RECORDED,
            "",
            "## How to run it",
            "",
            "The new run goes into the registry as a part of this one, and reads the same versions of its inputs.",
            "All by itself, into a new folder, with the metrics compared:",
            "",
            *_block(f"python -m tracker reproduce {shlex.quote(str(plan.workbook))} {shlex.quote(plan.run_id)} --run"),
            "",
            "Or by hand, in this folder (on Windows `environment\\Scripts\\python` and `run.ps1`):",
            "",
            *_block(
                f"python{python} -m venv environment",
                "environment/bin/python -m pip install --no-deps -r requirements.txt",
                "sh run.sh",
            ),
            "",
            "## What the metrics were",
            "",
            *_expected(plan),
            "",
        ]
    )


def _expected(plan: Plan) -> list[str]:
    if not plan.metrics:
        return ["None were recorded."]
    rows = [f"| {_plain(each.metric)} | {each.value!r} | {each.tolerance:g} |" for each in plan.metrics]
    return ["| metric | last value | may differ by, relative |", "|---|---|---|", *rows]


def _block(*lines: str) -> list[str]:
    return ["```sh", *(one_line(line).replace("```", "") for line in lines), "```"]


def _code_span(text: str) -> str:
    """A text that Markdown shows as it is."""
    shown = one_line(text)
    fence = "`" * (max(map(len, re.findall("`+", shown)), default=0) + 1)
    return f"{fence} {shown} {fence}" if "`" in shown else f"`{shown}`"


def _plain(text: str) -> str:
    """A text in which no character means anything to Markdown."""
    return re.sub(r"([\\`*_{}\[\]<>()#+!|~&-])", r"\\\1", one_line(text))
