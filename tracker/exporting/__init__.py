"""The audit pack: everything that the registry knows about a run or a model version, in one file to hand over."""
