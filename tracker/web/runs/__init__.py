"""The Runs page: the grid and all that is around it."""
