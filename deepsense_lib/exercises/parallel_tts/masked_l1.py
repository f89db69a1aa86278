"""The mean absolute error over true frames."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays

RANDOM = np.random.default_rng(1)
PREDICTION, TARGET = RANDOM.normal(size=(2, 2, 6, 3))
LENGTHS = np.array([6, 2])
TRUE = np.arange(6) < LENGTHS[:, None]


def masked_l1(prediction, target, lengths):
    """Return the mean absolute error over all true frames and bands of a padded batch.

    prediction, target: (batch, frames, mels); lengths: (batch,), true frames. Returns one number.
    """
    true = np.arange(prediction.shape[1]) < lengths[:, None]
    return np.abs(prediction - target)[true].mean()


def _whole(candidate):
    expected = np.abs(PREDICTION - TARGET).mean()
    equal_arrays(candidate(PREDICTION, TARGET, np.array([6, 6])), expected, what="the loss without padding")


def _padding(candidate):
    noisy = np.where(TRUE[..., None], PREDICTION, 1000.0)
    expected = masked_l1(PREDICTION, TARGET, LENGTHS)
    found = [float(candidate(p, TARGET, LENGTHS)) for p in (noisy, PREDICTION)]
    equal_arrays(found[0] - found[1], 0.0, what="the change of the loss", atol=1e-9)
    longer = [np.pad(x, ((0, 0), (0, 4), (0, 0))) for x in (PREDICTION, TARGET)]
    if not np.isclose(found[1], expected):
        return  # the next stage speaks about how the mean is taken
    equal_arrays(candidate(*longer, LENGTHS), expected, what="the loss with four more frames of padding")


def _weights(candidate):
    expected = masked_l1(PREDICTION, TARGET, LENGTHS)
    equal_arrays(candidate(PREDICTION, TARGET, LENGTHS), expected, what="the loss")


def everything(prediction, target, lengths):
    """The padding counts."""
    return np.abs(prediction - target).mean()


def per_utterance(prediction, target, lengths):
    """A mean of means: the frames of short utterances weigh more."""
    rows = zip(prediction, target, lengths, strict=True)
    return np.mean([np.abs(p[:n] - t[:n]).mean() for p, t, n in rows])


def divided_by_all(prediction, target, lengths):
    """The sum leaves the padding out, the divisor does not."""
    true = np.arange(prediction.shape[1]) < lengths[:, None]
    return (np.abs(prediction - target) * true[..., None]).mean()


def divided_by_frames(prediction, target, lengths):
    """The number of bands is forgotten in the divisor."""
    true = np.arange(prediction.shape[1]) < lengths[:, None]
    return (np.abs(prediction - target) * true[..., None]).sum() / true.sum()


EXERCISE = Exercise(
    title="A loss that padding cannot change",
    level=2,
    task="""
    Utterances of a batch have different lengths, so the shorter ones are padded. Write the L1 loss so that
    what stands in the padding never matters.
    """,
    solution=masked_l1,
    stages=(
        Stage(_whole, "Without padding it is the plain mean: divide by frames times bands."),
        Stage(_padding, "What stands in the padding must not change the loss: leave it out of the sum."),
        Stage(
            _weights, "Divide by the number of true values: every true frame of the batch weighs the same."
        ),
    ),
    wrong=(
        Wrong(divided_by_frames, "frames times bands"),
        Wrong(everything, "leave it out of the sum"),
        Wrong(divided_by_all, "the number of true values"),
        Wrong(per_utterance, "every true frame of the batch weighs the same"),
    ),
)
