"""Exercises of the chapter "Attention for faces"."""
