"""The Compare page: two runs or thousands."""
