"""What people decide: edits, models and their stages, aliases. Plans are pure, then carried out."""
