"""Exercises of the chapter "Judging recognisers"."""
