"""Exercises of the chapter "Speech before deep learning"."""
