"""Exercises of the chapter "Judging speech"."""
