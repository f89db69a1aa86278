"""Exercises of the chapter "Sequence to sequence"."""
