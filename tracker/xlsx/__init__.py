"""The file format and nothing else: the zip, its parts, cells, tables, strings, styles. Only workbook.py uses it."""
