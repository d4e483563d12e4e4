"""How somebody comes in: which registry, who it is, and the tour on a first visit."""
