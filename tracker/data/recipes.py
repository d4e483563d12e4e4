"""What recipes for environments say: requirements files and Dockerfiles. They are read as text, nothing else."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

_MOST_TEXT = 1 << 20
_LISTED = 200
_PINNED = re.compile(r"===?\s*[^*,\s]+|@\s*\S+")
_REQUIREMENT = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)\s*(\[[^\]]*\])?\s*(.*)")


def requirements(path: Path) -> dict[str, Any]:
    """How many packages a requirements file names, how many of them with an exact version, and the others."""
    packages: dict[str, str] = {}
    other, options = [], []
    for line in _lines(path, "#"):
        match = _REQUIREMENT.fullmatch(line.partition(";")[0].strip())
        if line.startswith("-"):
            options.append(_hidden(line))
        elif "://" in line.partition("@")[0] or match is None or line.startswith((".", "/")):
            other.append(_hidden(line))
        else:
            packages[re.sub(r"[-_.]+", "-", match[1]).lower()] = match[3].partition(" --")[0].strip()
    loose = [name for name, version in packages.items() if not _PINNED.fullmatch(version)]
    return {
        "packages": len(packages),
        "pinned": len(packages) - len(loose),
        "not_pinned": loose[:_LISTED],
        "other": other[:_LISTED],
        "options": options[:_LISTED],
    }


def dockerfile(path: Path) -> dict[str, Any]:
    """Base images, exposed ports, user and command of a Dockerfile, with a note on images that can change."""
    facts: dict[str, Any] = {"images": [], "ports": []}
    stages: set[str] = set()
    for line in _lines(path, "#"):
        word, _, rest = line.partition(" ")
        rest = " ".join(rest.split())
        match word.upper():
            case "FROM":
                words = [one for one in rest.split() if not one.startswith("--")]
                if words and words[0].lower() not in stages:
                    facts["images"].append(words[0])
                if len(words) == 3 and words[1].upper() == "AS":
                    stages.add(words[2].lower())
            case "EXPOSE":
                facts["ports"] += rest.split()
            case "USER":
                facts["user"] = rest[:200]
            case "CMD" | "ENTRYPOINT":
                facts["command"] = _hidden(rest)[:500]
    facts["images"], facts["ports"] = facts["images"][:_LISTED], facts["ports"][:_LISTED]
    facts["not_pinned"] = [one for one in facts["images"] if one != "scratch" and "@sha256:" not in one]
    return facts


def _lines(path: Path, comment: str) -> list[str]:
    """The lines without comments; those that end in a backslash go on with the next."""
    with open(path, "rb") as file:
        text = file.read(_MOST_TEXT).decode("utf-8-sig", "replace")
    joined = re.sub(r"\\[ \t]*\r?\n", " ", text)
    lines = (re.split(rf"(?:^|\s){comment}", line, maxsplit=1)[0].strip() for line in joined.splitlines())
    return [line for line in lines if line]


def _hidden(line: str) -> str:
    """A line without the password that an address may hold."""
    return re.sub(r"://[^/@\s]+@", "://…@", line)[:500]
