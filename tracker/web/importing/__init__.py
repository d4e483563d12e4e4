"""The Import page, and the page that makes a registry of a workbook."""
