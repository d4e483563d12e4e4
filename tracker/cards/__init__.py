"""Model cards: what is known of a version, and what people complete."""
