"""What every run must have: the rules of the procedure, what proves them, and what changes in the checklist."""
