"""Exercises of the chapter "Attention"."""
