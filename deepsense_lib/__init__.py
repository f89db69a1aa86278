"""DeepSense: the companion package of the course."""
