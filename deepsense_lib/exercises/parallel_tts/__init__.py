"""Exercises of the chapter "A voice in three minutes"."""
