"""What turns features into a trained classifier, in NumPy, one function an equation.

Chapter: "Convolution and the expression classifier" (faces). Scores, called logits, are `(batch, classes)`;
feature maps are `(batch, channels, height, width)`. Every gradient is that of a scalar loss.
"""

import numpy as np


def normalize_images(images, floor: float = 0.05, colours: int = 1) -> np.ndarray:
    """Give every image mean 0 and nearly unit spread, so that brightness and contrast do not matter.

    Shapes: images `(..., height, width)`, or `(..., height, width, 3)` with `colours=3`, integers 0 to 255 or
    floats 0 to 1; returns floats of the same shape.
    `floor`, a fraction of the full scale, is added to the spread so that a flat image stays flat. The three
    colours of an image share one mean and one spread, so that their balance, the hue, is kept.
    Raises: ValueError unless `colours` is 1 or 3, and for `colours=3` the last axis is.
    Source: the definition, as the chapter gives it.
    Equation: eq-normalize-images
    """
    images = np.asarray(images)
    least = 2 if colours == 1 else 3
    if colours not in (1, 3) or images.ndim < least or (colours == 3 and images.shape[-1] != 3):
        raise ValueError(
            f"images of the shape {images.shape} with colours={colours}: expected (..., height, width) with "
            "colours=1, or (..., height, width, 3) with colours=3"
        )
    scale = 255.0 if np.issubdtype(images.dtype, np.integer) else 1.0
    images = images.astype(np.result_type(images.dtype, np.float32)) / scale
    axes = (-2, -1) if colours == 1 else (-3, -2, -1)
    mean = images.mean(axis=axes, keepdims=True)
    return (images - mean) / (images.std(axis=axes, keepdims=True) + floor)


def relu(x) -> np.ndarray:
    """Keep what is positive, set the rest to zero.

    Shapes: any; returns the same shape.
    Source: Glorot, Bordes, Bengio (2011), "Deep sparse rectifier neural networks", Sec. 3.1.
    Equation: eq-relu
    """
    return np.maximum(x, 0)


def relu_gradient(x, g) -> np.ndarray:
    """Gradient of ReLU: the output's gradient where the input was positive, else zero (also at zero itself).

    Shapes: x and g alike; returns the same shape.
    Source: the definition, as the chapter gives it.
    Equation: eq-relu-gradient
    """
    return np.where(np.asarray(x) > 0, g, 0)


def linear(x, w, b) -> np.ndarray:
    """One score for every class: a weighted sum of all features, plus a bias.

    Shapes: x `(batch, features)`, w `(classes, features)`, b `(classes,)`; returns `(batch, classes)`.
    Source: the definition, as the chapter gives it.
    Equation: eq-linear
    """
    return np.asarray(x) @ np.asarray(w).T + b


def linear_gradient(x, w, g) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gradients of the linear layer with respect to x, w and b, in this order.

    Shapes: x `(batch, features)`, w `(classes, features)`, g `(batch, classes)`; returns the shapes of
    x, w and b.
    Source: the definition, as the chapter gives it.
    Equation: eq-linear-gradient
    """
    x, w, g = np.asarray(x), np.asarray(w), np.asarray(g)
    return g @ w, g.T @ x, g.sum(axis=0)


def softmax(z) -> np.ndarray:
    """Turn scores into probabilities; the largest score is subtracted first, so nothing overflows.

    Shapes: z `(..., classes)`; returns the same shape, each row adding up to 1.
    Source: Goodfellow, Bengio, Courville (2016), "Deep Learning", Eq. 6.29 and 6.33.
    Equation: eq-softmax
    """
    e = np.exp(z - np.max(z, axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def log_softmax(z) -> np.ndarray:
    """Logarithm of the softmax, exact even where the probability itself would round to zero.

    Shapes: z `(..., classes)`; returns the same shape.
    Source: Goodfellow, Bengio, Courville (2016), "Deep Learning", Eq. 6.30.
    Equation: eq-log-softmax
    """
    z = z - np.max(z, axis=-1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=-1, keepdims=True))


def targets(labels, classes: int, smoothing: float = 0.0) -> np.ndarray:
    """Turn class numbers into target distributions: 1 at the class, or a little spread over all classes.

    Shapes: labels `(batch,)` integers from 0; returns float64 `(batch, classes)`.
    Raises: ValueError when a label is not a class number or `smoothing` is not in [0, 1).
    Source: Szegedy et al. (2016), "Rethinking the Inception architecture for computer vision", Sec. 7.
    Equation: eq-targets
    """
    labels = np.asarray(labels)
    if not np.issubdtype(labels.dtype, np.integer) or labels.ndim != 1:
        raise ValueError(
            f"labels must be a row of integers, found {labels.dtype} of the shape {labels.shape}"
        )
    if labels.size and not 0 <= labels.min() <= labels.max() < classes:
        raise ValueError(f"labels must lie in 0 to {classes - 1}, found {labels.min()} to {labels.max()}")
    if not 0 <= smoothing < 1:
        raise ValueError(f"smoothing must lie in [0, 1), not {smoothing}")
    return (1 - smoothing) * np.eye(classes)[labels] + smoothing / classes


def cross_entropy(z, y) -> float:
    """Mean surprise of the targets under the predicted probabilities, in nats.

    Shapes: scores z `(batch, classes)`, target distributions y `(batch, classes)`; returns one number.
    Raises: ValueError when the shapes differ (class numbers go through `targets` first).
    Source: Goodfellow, Bengio, Courville (2016), "Deep Learning", Sec. 6.2.2.3.
    Equation: eq-cross-entropy
    """
    z, y = _alike(z, y)
    return float(-(y * log_softmax(z)).sum(axis=1).mean())


def cross_entropy_gradient(z, y) -> np.ndarray:
    """Gradient of softmax and cross-entropy together: what was predicted minus what was right.

    Shapes: scores z and targets y `(batch, classes)`; returns the same shape, divided by the batch size
    because the loss is a mean.
    Raises: ValueError when the shapes differ.
    Source: derived in the chapter from eq-cross-entropy.
    Equation: eq-cross-entropy-gradient
    """
    z, y = _alike(z, y)
    return (softmax(z) - y) / len(z)


def batch_norm(x, gamma, beta, epsilon: float = 1e-5) -> np.ndarray:
    """Batch normalisation while training: each channel by its own mean and variance over batch and places.

    Shapes: x `(batch, channels, height, width)`, gamma and beta `(channels,)`; returns the shape of x.
    Source: Ioffe, Szegedy (2015), "Batch normalization", Algorithm 1 and Sec. 3.2.
    Equation: eq-batch-norm
    """
    mean, variance = np.mean(x, axis=(0, 2, 3)), np.var(x, axis=(0, 2, 3))
    return batch_norm_inference(x, gamma, beta, mean, variance, epsilon)


def batch_norm_inference(x, gamma, beta, mean, variance, epsilon: float = 1e-5) -> np.ndarray:
    """Batch normalisation in use: the stored mean and variance, so that an image's answer is its own.

    Shapes: x `(batch, channels, height, width)`; gamma, beta, mean, variance `(channels,)`; returns the shape
    of x.
    Source: Ioffe, Szegedy (2015), "Batch normalization", Algorithm 2.
    Equation: eq-batch-norm-inference
    """
    scale = np.asarray(gamma) / np.sqrt(np.asarray(variance) + epsilon)
    shift = np.asarray(beta) - scale * mean
    return x * scale[:, None, None] + shift[:, None, None]


def batch_norm_gradient(x, gamma, g, epsilon: float = 1e-5) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gradients of `batch_norm` with respect to x, gamma and beta: mean and variance depend on x as well.

    Shapes: x and g `(batch, channels, height, width)`, gamma `(channels,)`; returns the shapes of x, gamma
    and beta.
    Source: Ioffe, Szegedy (2015), "Batch normalization", Sec. 3, the chain rule simplified.
    Equation: eq-batch-norm-gradient
    """
    axes = (0, 2, 3)
    mean, variance = np.mean(x, axis=axes, keepdims=True), np.var(x, axis=axes, keepdims=True)
    normalized = (x - mean) / np.sqrt(variance + epsilon)
    centred = g - np.mean(g, axis=axes, keepdims=True)
    along = normalized * np.mean(g * normalized, axis=axes, keepdims=True)
    dx = np.asarray(gamma)[:, None, None] / np.sqrt(variance + epsilon) * (centred - along)
    return dx, np.sum(g * normalized, axis=axes), np.sum(g, axis=axes)


def running_average(old, new, momentum: float = 0.1) -> np.ndarray:
    """Move a stored statistic a small step towards that of the newest batch.

    Shapes: old and new alike; returns the same shape. `momentum` is the weight of the new value, as PyTorch
    counts it; Keras counts the weight of the old one, 1 - momentum.
    Source: PyTorch documentation of `BatchNorm2d` and Keras documentation of `BatchNormalization`.
    Equation: eq-running-average
    """
    return (1 - momentum) * np.asarray(old) + momentum * np.asarray(new)


def evidence_map(features, weight) -> np.ndarray:
    """Split every class's score into what each place of the feature map gave to it.

    Shapes: features `(batch, channels, height, width)`, weight `(classes, channels, height, width)`: the
    rows of the linear layer after flattening; returns `(batch, classes, height, width)`. The sum over places,
    plus the bias, is the score.
    Raises: ValueError when features and weight disagree.
    Source: Zhou et al. (2016), "Learning deep features for discriminative localization", Eq. 2, where the
    weight is the same at every place; here each place has its own.
    Equation: eq-evidence-map
    """
    features, weight = np.asarray(features), np.asarray(weight)
    if features.ndim != 4 or weight.shape[1:] != features.shape[1:]:
        raise ValueError(
            f"features {features.shape} and weight {weight.shape} must agree after the first axis"
        )
    return np.einsum("bcij,kcij->bkij", features, weight, optimize=True)


def class_activation_map(features, weight) -> np.ndarray:
    """Class activation maps (CAM) of a head that averages each map and weights it: one weight a channel.

    Shapes: features `(batch, channels, height, width)`, weight `(classes, channels)`; returns `(batch,
    classes, height, width)`. The mean over places, plus the bias, is the score.
    Raises: ValueError when features and weight disagree.
    Source: Zhou et al. (2016), "Learning deep features for discriminative localization", Eq. 2.
    Equation: eq-class-activation-map
    """
    features, weight = np.asarray(features), np.asarray(weight)
    if features.ndim != 4 or weight.ndim != 2 or weight.shape[1] != features.shape[1]:
        raise ValueError(
            f"features {features.shape} and weight {weight.shape}: expected (batch, channels, height, width) "
            "and (classes, channels) with equal channels"
        )
    return np.einsum("bcij,kc->bkij", features, weight, optimize=True)


def grad_cam(features, gradient) -> np.ndarray:
    """Grad-CAM: weight each map by the mean gradient of a score over its places, add up, keep the positive.

    Shapes: features and gradient `(batch, channels, height, width)`, the latter of one score for each image
    with respect to the features; returns `(batch, height, width)`, nowhere negative.
    Raises: ValueError when features and gradient disagree.
    Source: Selvaraju et al. (2017), "Grad-CAM: Visual explanations from deep networks via gradient-based
    localization", Eq. 1 and 2.
    Equation: eq-grad-cam
    """
    features, gradient = np.asarray(features), np.asarray(gradient)
    if features.ndim != 4 or features.shape != gradient.shape:
        raise ValueError(
            f"features {features.shape} and gradient {gradient.shape} must both be (batch, channels, height, "
            "width)"
        )
    alpha = gradient.mean(axis=(2, 3))
    return relu(np.einsum("bcij,bc->bij", features, alpha, optimize=True))


def _alike(z, y) -> tuple[np.ndarray, np.ndarray]:
    z, y = np.asarray(z), np.asarray(y)
    if z.ndim != 2 or z.shape != y.shape:
        raise ValueError(f"scores and targets must both be (batch, classes), found {z.shape} and {y.shape}")
    return z, y
