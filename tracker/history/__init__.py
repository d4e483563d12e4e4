"""What became of a registry over time: earlier workbooks, what differs between them, what people saved elsewhere."""
