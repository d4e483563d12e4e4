"""A registry as it is now: tables, frames, queries, problems. Reading never writes."""
