"""Benchmarks: one module per question, each measured beside what a user would pick instead. See README.md."""
