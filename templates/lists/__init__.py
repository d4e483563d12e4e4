"""The templates' words: one module says everything about one of them."""
