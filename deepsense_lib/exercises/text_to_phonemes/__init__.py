"""Exercises of the chapter "Text to phonemes"."""
