"""What is not in the workbook yet, and what went in: pending files, metric steps, change sets, who wins."""
