"""A run again: its code, environment, inputs and command in a folder, and whether its metrics agree."""
