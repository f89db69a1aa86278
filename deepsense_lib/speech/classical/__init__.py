"""Speech as it was made before deep learning: rules, linear prediction, joined pieces, statistics."""
