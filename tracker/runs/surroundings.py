"""What surrounds a run: git's state, or the script where there is no git, and the installed packages."""

from __future__ import annotations

from pathlib import Path

from tracker import capture
from tracker.folders import Folders
from tracker.git import git_state
from tracker.runs import render
from tracker.runs.artifacts import RunArtifacts
from tracker.runs.recorder import Recorder


def record_surroundings(
    run_id: str, script: Path | None, folders: Folders, recorder: Recorder, artifacts: RunArtifacts
) -> None:
    """Record them for a run; it takes as long as git takes."""

    def put_text(text: str, file_name: str, name: str, category: str, kind: str) -> None:
        artifacts.put_made(lambda path: render.write_text(text, path), file_name, name, category, kind)

    put_text(capture.packages(), "requirements.txt", "environment", "model", "environment")
    folder = script.parent if script else Path.cwd()
    git = git_state(folder, script=script, ignore=(folders.workbook, folders.side))
    if git is not None:
        cells = {"git_commit": git.commit, "git_branch": git.branch, "git_dirty": git.dirty}
        if git.remote:
            cells["git_remote"] = git.remote
        recorder.change("runs", (run_id,), {name: cell for name, cell in cells.items() if cell is not None})
    if git is not None and git.diff:
        put_text(git.diff, "uncommitted.diff", "git-diff", "code", "diff")
    if git is None and script is not None:
        artifacts.put(script, "script", "code", "script")
