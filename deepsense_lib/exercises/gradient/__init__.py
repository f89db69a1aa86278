"""Exercises of the chapter "Learning by gradient"."""
