"""The Artifacts page, and the Lineage page."""
