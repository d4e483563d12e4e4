"""What is in an artifact: metadata by kind, profiles of tables, drift between them, rows that leak, runs that saw them.

Nothing that is read here is ever executed, and no file can use more than a bounded amount of memory. pyarrow, pandas
and scipy are imported where they are needed.
"""
