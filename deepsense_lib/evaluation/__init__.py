"""Measures of speech, of classification, of calibration, robustness and fairness."""
