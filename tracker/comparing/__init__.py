"""What came from what, what differs between runs and versions, and which difference is unusual."""
