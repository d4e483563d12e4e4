"""``python -m tracker``."""

from tracker.cli.commands import main

main(prog_name="python -m tracker")
