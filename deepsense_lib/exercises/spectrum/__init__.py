"""Exercises of the chapter "From sound to mel and back"."""
