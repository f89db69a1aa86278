"""Exercises of the chapter "Convolution and the expression classifier"."""
