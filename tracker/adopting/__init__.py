"""Making a registry of a workbook that people made: what its columns are is guessed, shown, and then done in place."""
