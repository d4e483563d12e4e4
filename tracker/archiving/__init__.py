"""Moving old runs into an archive workbook with their files, and back."""
