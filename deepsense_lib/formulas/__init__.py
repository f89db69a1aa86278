"""Every equation of the book as one NumPy function; nothing here imports a framework."""
