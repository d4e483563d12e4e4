"""From the journal into the workbook, and what people did to the workbook meanwhile."""
