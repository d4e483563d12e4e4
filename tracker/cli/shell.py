"""What all commands share: which registry is meant, errors as one sentence, values given as KEY=VALUE, JSON."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tracker.errors import BadRequestError, TrackerError

if TYPE_CHECKING:
    from tracker.reading.registry import Registry

REGISTRY_VARIABLE = "TRACKER_REGISTRY"
WORKBOOKS = (".xlsx", ".xlsm")


class _Told:
    """A command that a list of commands tells in its whole first sentence, on as many lines as it takes."""

    def get_short_help_str(self, limit: int = 45) -> str:
        told: str = super().get_short_help_str(max(limit, 400))  # type: ignore[misc]
        return told


class Group(_Told, click.Group):
    """Turns a :class:`TrackerError` into one sentence on stderr and the error's exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        for stream in (sys.stdout, sys.stderr):
            # A terminal that cannot show a character of a run's name shows a question mark.
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="replace")
        try:
            return super().invoke(ctx)
        except TrackerError as error:
            click.echo(f"Error: {error}", err=True)
            ctx.exit(error.exit_code)


class Command(_Told, click.Command):
    """A command on a registry, which need not be named where it is clear which one is meant."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        options = click.Command(None, params=[param for param in self.params if isinstance(param, click.Option)])
        words = options.make_parser(ctx).parse_args(list(args))[1]
        if not words or not words[0].lower().endswith(WORKBOOKS):
            usual = _usual_registry()
            args = [usual, *args] if usual else args
        return super().parse_args(ctx, args)


class FolderCommand(Command):
    """A command that also takes a folder, or a file that is no registry yet."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if any(not word.startswith("-") and os.path.exists(word) for word in args):
            return click.Command.parse_args(self, ctx, args)
        return super().parse_args(ctx, args)


class RegistryPath(click.types.StringParamType):
    """The path of a workbook."""

    name = "registry"

    def get_missing_message(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        return f"Name a workbook, set {REGISTRY_VARIABLE}, or go to a folder that holds exactly one registry."


def _usual_registry() -> str | None:
    """The registry that the environment names, or the only one in the current folder; its archive may be there too."""
    named = os.environ.get(REGISTRY_VARIABLE)
    if named:
        return named
    from tracker.workbook import check_registry

    found = []
    for path in sorted(Path().iterdir()):
        if path.suffix.lower() in WORKBOOKS and path.is_file() and not path.name.startswith(("~$", ".")):
            try:
                check_registry(path)
            except TrackerError:
                continue  # a workbook of another kind
            found.append(path)
    archives = {f"{path.stem}-archive" for path in found}
    own = [path for path in found if path.stem not in archives]
    return str(own[0]) if len(own) == 1 else None


registry_argument = click.argument("registry", type=RegistryPath())
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts: all values, all digits.")


def opened(registry: str) -> Registry:
    """The registry at a path; raises as :func:`tracker.reading.registry.open_registry`."""
    from tracker.reading.registry import open_registry

    return open_registry(registry)


def person() -> str:
    """Who sits at the terminal."""
    from tracker.capture import owner

    return owner()


def print_json(value: Any) -> None:
    """Print a value for scripts, in ASCII so that no terminal or pipe can spoil it."""
    click.echo(json.dumps(value, indent=1, allow_nan=False))


# -- values in words ----------------------------------------------------------------------------------------------

_NUMBER = re.compile(r"[+-]?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")


def pair(text: str) -> tuple[str, str]:
    """The two sides of ``KEY=VALUE``; BadRequestError where it is something else."""
    name, sign, value = text.partition("=")
    if not sign or not name.strip():
        raise BadRequestError(reason=f"'{text}' is not KEY=VALUE.")
    return name.strip(), value


def metric(text: str) -> tuple[str, float, int | None]:
    """Name, value and step of ``KEY=NUMBER`` or ``KEY=NUMBER@STEP``; BadRequestError where it is something else."""
    name, value = pair(text)
    number, sign, step = value.partition("@")
    try:
        return name, float(number), int(step) if sign else None
    except ValueError:
        raise BadRequestError(reason=f"'{text}' is not KEY=NUMBER or KEY=NUMBER@STEP.") from None


def typed(text: str) -> Any:
    """The value that a text means: a number, true or false, or itself. ``007`` is no number, nor is ``"7"``."""
    if len(text) > 1 and text[0] == text[-1] == '"':
        return text[1:-1]
    if _NUMBER.fullmatch(text):
        return float(text) if re.search(r"[.eE]", text) else int(text)
    return {"true": True, "false": False}.get(text.lower(), text)
