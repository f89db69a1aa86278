"""Sequence to sequence: the chain rule of a sequence, go frame, stop token, and what its losses assume.

Derived in the chapter "Sequence to sequence". Frames are `(time, width)` or, in batches,
`(batch, time, width)`; masks are 1 where there is input and 0 in the padding.
"""

import numpy as np


def sequence_log_likelihood(log_conditionals: np.ndarray, sequence: np.ndarray) -> float:
    """Return the log-probability of a sequence, the sum of those of its elements given all earlier ones.

    log_conditionals: `(time, symbols)`, row t is ln p(y_t | y_1 ... y_{t-1}, x) for every symbol;
    sequence: `(time,)`, whole numbers.
    Raises: ValueError if the lengths differ.
    Source: Sutskever, Vinyals & Le 2014 (arXiv 1409.3215), equation 1.
    Equation: eq-chain-rule-sequence
    """
    if len(log_conditionals) != len(sequence):
        raise ValueError(
            f"{len(log_conditionals)} rows for {len(sequence)} symbols; expected one number for both"
        )
    return float(sum(row[symbol] for row, symbol in zip(log_conditionals, sequence, strict=True)))


def gaussian_nll(prediction: np.ndarray, target: np.ndarray, deviation: float = 1.0) -> float:
    """Return -ln p(target) if each number is normal around its prediction with one fixed deviation.

    prediction, target: one shape. It is half the sum of squared errors, divided by the variance, plus a
    constant: whoever minimises the one minimises the other.
    Raises: ValueError if the deviation is not positive.
    Source: the definition of the normal density.
    Equation: eq-gaussian-nll
    """
    if not deviation > 0:
        raise ValueError(f"deviation is {deviation}; expected a positive number")
    error = (np.asarray(target) - prediction) / deviation
    return float(0.5 * np.sum(error**2) + error.size * np.log(deviation * np.sqrt(2 * np.pi)))


def laplace_nll(prediction: np.ndarray, target: np.ndarray, scale: float = 1.0) -> float:
    """Return -ln p(target) if each number has the double exponential density around its prediction.

    prediction, target: one shape. It is the sum of absolute errors, divided by the scale, plus a constant.
    Raises: ValueError if the scale is not positive.
    Source: the definition of the Laplace density.
    Equation: eq-laplace-nll
    """
    if not scale > 0:
        raise ValueError(f"scale is {scale}; expected a positive number")
    error = np.abs(np.asarray(target) - prediction) / scale
    return float(np.sum(error) + error.size * np.log(2 * scale))


def independent_risk(predictions: np.ndarray, targets: np.ndarray) -> float:
    """Return the mean squared error over all pairs of a prediction and a target drawn apart.

    predictions: `(m,)`, the answers to m inputs; targets: `(n,)`. The risk is the variance of the targets
    plus the mean squared distance of the answers from the mean target: the best answer is that mean, always.
    Raises: ValueError if one of them is empty.
    Source: the expansion of the square (article, formula of section 3.1.2).
    Equation: eq-independent-risk
    """
    if np.size(predictions) == 0 or np.size(targets) == 0:
        raise ValueError("no prediction or no target was given; expected at least one of each")
    return float(np.mean((np.asarray(targets)[None, :] - np.asarray(predictions)[:, None]) ** 2))


def shift_right(frames: np.ndarray, go: float = 0.0) -> np.ndarray:
    """Return what the decoder sees: a go frame, then every frame but the last, each one step late.

    frames: `(time, width)`. Returns `(time, width)`; row t holds frame t - 1.
    Raises: ValueError if there is no frame.
    Source: Sutskever, Vinyals & Le 2014, section 2; the go frame: Wang et al. 2017, Tacotron.
    Equation: eq-shift-right
    """
    if len(frames) == 0:
        raise ValueError("no frame was given; expected at least one")
    return np.concatenate([np.full_like(frames[:1], go), frames[:-1]])


def stop_targets(lengths: np.ndarray, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Return for each step whether the sequence ends there, and the mask of the steps that count.

    lengths: `(batch,)`, steps of each sequence, at least 1; steps: of the longest, or more.
    Returns two arrays `(batch, steps)`: the target is 1 at the last step, the mask 1 up to and with it.
    Raises: ValueError if a length is below 1 or above the steps.
    Source: Shen et al. 2018, Tacotron 2 (arXiv 1712.05884), section 2.2: the stop token.
    Equation: eq-stop-target
    """
    lengths = np.asarray(lengths)
    if lengths.size == 0 or lengths.min() < 1 or lengths.max() > steps:
        raise ValueError(f"lengths are {lengths!r}; expected whole numbers from 1 to {steps}")
    time = np.arange(steps)
    return (time == lengths[:, None] - 1).astype(float), (time < lengths[:, None]).astype(float)


def stop_loss(logits: np.ndarray, target: np.ndarray, mask: np.ndarray, weight: float = 1.0) -> float:
    """Return the logistic loss of the stop token over true steps; the single 1 may weigh more.

    logits, target, mask: `(batch, steps)`; weight: of the steps whose target is 1.
    Raises: ValueError if the mask keeps nothing or the weight is not positive.
    Source: Shen et al. 2018, section 2.2; the stable form as in PyTorch's BCEWithLogitsLoss.
    Equation: eq-stop-loss
    """
    mask = np.asarray(mask)
    if not mask.any() or not weight > 0:
        raise ValueError("expected a mask that keeps a step, and a positive weight")
    z, y = (np.asarray(x)[mask > 0] for x in (logits, target))
    yes, no = np.logaddexp(0, -z), np.logaddexp(0, z)  # -ln sigmoid(z), -ln (1 - sigmoid(z))
    return float(np.mean(weight * y * yes + (1 - y) * no))
