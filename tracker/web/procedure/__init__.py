"""The Checklists page and the SOP page."""
