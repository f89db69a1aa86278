"""How far two or more judges of the same pictures agree beyond chance. NumPy only."""

import numpy as np

from deepsense_lib.errors import InputError
from deepsense_lib.evaluation.classification import confusion_matrix


def cohen_kappa(first, second, classes: int) -> float:
    """Agreement of two judges beyond chance: 1 is full agreement, 0 is what chance gives. NaN for one class.

    Shapes: first and second `(n,)` class numbers.
    Raises: InputError as `confusion_matrix`.
    Source: Cohen (1960), "A coefficient of agreement for nominal scales".
    Equation: eq-cohen-kappa.
    """
    matrix = confusion_matrix(first, second, classes)
    total = matrix.sum()
    agreed = np.trace(matrix) / total
    by_chance = (matrix.sum(axis=0) * matrix.sum(axis=1)).sum() / total**2
    return float((agreed - by_chance) / (1 - by_chance)) if by_chance < 1 else float("nan")


def fleiss_kappa(votes) -> float:
    """Agreement beyond chance of several judges, from the votes for each picture and class.

    Shapes: votes `(pictures, classes)`, counts; each row sums to the number of judges, at least 2.
    Raises: InputError for another table. NaN when all votes are for one class.
    Source: Fleiss (1971), "Measuring nominal scale agreement among many raters".
    Equation: eq-fleiss-kappa.
    """
    votes = np.asarray(votes)
    good = votes.ndim == 2 and votes.size and np.issubdtype(votes.dtype, np.integer) and votes.min() >= 0
    if not good or votes.sum(axis=1).min() != votes.sum(axis=1).max() or votes[0].sum() < 2:
        raise InputError(
            f"found votes {votes.dtype} of shape {votes.shape}; expected counts (pictures, classes) whose "
            "rows all sum to the same number of judges, at least 2"
        )
    judges = votes[0].sum()
    agreed = ((votes**2).sum(axis=1) - judges).mean() / (judges * (judges - 1))
    by_chance = ((votes.sum(axis=0) / votes.sum()) ** 2).sum()
    return float((agreed - by_chance) / (1 - by_chance)) if by_chance < 1 else float("nan")
