"""The logging API: what a training script calls, and what is noted of its surroundings."""
