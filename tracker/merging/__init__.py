"""Merging: a conflict copy into its registry, and two branches of a git repository, cell by cell."""
