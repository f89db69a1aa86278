"""Training: one loop for every reference run, and the recipes that use it."""
