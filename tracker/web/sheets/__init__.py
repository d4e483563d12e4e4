"""The page of the workbook's sheets."""
