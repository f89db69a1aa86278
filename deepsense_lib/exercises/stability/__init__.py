"""Exercises of the chapter "Stability clinic"."""
