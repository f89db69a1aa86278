"""Exercises of the chapter "Two machines that talk and look"."""
