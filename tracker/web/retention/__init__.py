"""The Retention page."""
