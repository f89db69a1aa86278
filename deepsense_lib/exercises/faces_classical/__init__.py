"""Exercises of the chapter "Faces before deep learning"."""
