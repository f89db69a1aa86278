"""Autoencoders: linear ones and principal components, denoising, the variational bound, vector quantisation.

Rows are examples: x is `(rows, features)`, codes are `(rows, code)`. Derived in the chapter "Autoencoders
for speech".
"""

import math

import numpy as np


def reconstruction_loss(x: np.ndarray, reconstruction: np.ndarray) -> float:
    """Return the mean over rows of the squared distance between input and reconstruction.

    x, reconstruction: `(rows, features)`.
    Raises: ValueError if the shapes differ: a reconstruction lives where its input lives.
    Source: Goodfellow, Bengio & Courville 2016, Deep Learning, chapter 14, with the squared error as L.
    Equation: eq-reconstruction-loss
    """
    x, reconstruction = np.asarray(x, float), np.asarray(reconstruction, float)
    if x.shape != reconstruction.shape:
        raise ValueError(
            f"the input has the shape {x.shape}, its reconstruction {reconstruction.shape}; expected one "
            "shape. An autoencoder gives back what it was given: text for text, sound for sound."
        )
    return float(((x - reconstruction) ** 2).sum(-1).mean())


def principal_components(x: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the directions of largest variance as rows, and the variance along each.

    x: `(rows, features)`, need not be centred. Returns `(count, features)`, orthonormal, and `(count,)`.
    Raises: ValueError if count is not between 1 and the number of features.
    Source: Pearson 1901 (doi 10.1080/14786440109462720); the eigenvectors of the covariance.
    Equation: eq-principal-components
    """
    x = np.asarray(x, float)
    if not 1 <= count <= x.shape[1]:
        raise ValueError(f"count is {count}; expected a whole number from 1 to {x.shape[1]}, the features")
    values, vectors = np.linalg.eigh(np.cov(x, rowvar=False, bias=True).reshape(x.shape[1], -1))
    return vectors[:, ::-1][:, :count].T, values[::-1][:count]


def linear_autoencoder_gradients(
    x: np.ndarray, encoder: np.ndarray, decoder: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the gradients of the reconstruction loss of x -> decoder (encoder x).

    x: `(rows, features)`, centred; encoder: `(code, features)`; decoder: `(features, code)`. Returns the two
    gradients in these shapes.
    Source: the chain rule; Baldi & Hornik 1989 (doi 10.1016/0893-6080(89)90014-2) study its zeros.
    Equation: eq-linear-autoencoder-gradients
    """
    x, encoder, decoder = (np.asarray(a, float) for a in (x, encoder, decoder))
    covariance = x.T @ x / len(x)
    left = decoder @ encoder @ covariance - covariance  # minus the mean of (error)(input)^T
    return 2 * decoder.T @ left, 2 * left @ encoder.T


def linear_denoiser(covariance: np.ndarray, noise: float) -> np.ndarray:
    """Return the matrix that best recovers centred x from x plus noise, C (C + noise^2 I)^-1.

    covariance: `(features, features)`; noise: standard deviation of what was added to each feature.
    Directions in which x varies much are kept, those in which it varies little are shrunk to 0.
    Raises: ValueError if noise is not positive.
    Source: Wiener's filter; least squares.
    Equation: eq-linear-denoiser
    """
    covariance = np.asarray(covariance, float)
    if not noise > 0:
        raise ValueError(f"noise is {noise}; expected a positive standard deviation")
    return np.linalg.solve(covariance + noise**2 * np.eye(len(covariance)), covariance).T


def reparameterize(mean: np.ndarray, log_variance: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """Return a draw from N(mean, exp(log_variance)) as a smooth function of both.

    All `(..., code)`; noise is standard normal.
    Source: Kingma & Welling 2014 (arXiv 1312.6114), section 2.4.
    Equation: eq-reparameterize
    """
    return np.asarray(mean) + np.exp(np.asarray(log_variance) / 2) * np.asarray(noise)


def gaussian_kl(mean: np.ndarray, log_variance: np.ndarray) -> np.ndarray:
    """Return the divergence of N(mean, exp(log_variance)) from N(0, 1), summed over the code, in nats.

    mean, log_variance: `(..., code)`. Returns `(...,)`: never negative, 0 only for N(0, 1).
    Source: Kingma & Welling 2014, appendix B.
    Equation: eq-gaussian-kl
    """
    mean, log_variance = np.asarray(mean, float), np.asarray(log_variance, float)
    return 0.5 * (mean**2 + np.exp(log_variance) - 1 - log_variance).sum(-1)


def elbo(
    x: np.ndarray, reconstruction: np.ndarray, noise: float, mean: np.ndarray, log_variance: np.ndarray
) -> np.ndarray:
    """Return a lower bound of ln p(x), one draw of the code having given this reconstruction.

    x, reconstruction: `(rows, features)`, p(x|z) being N(reconstruction, noise^2); mean, log_variance:
    `(rows, code)` of q(z|x). Returns `(rows,)`; its mean over draws is the bound.
    Source: Kingma & Welling 2014, section 2.3.
    Equation: eq-elbo
    """
    x, reconstruction = np.asarray(x, float), np.asarray(reconstruction, float)
    squared = ((x - reconstruction) ** 2).sum(-1) / noise**2
    log_likelihood = -0.5 * (squared + x.shape[-1] * math.log(2 * math.pi * noise**2))
    return log_likelihood - gaussian_kl(mean, log_variance)


def quantize(z: np.ndarray, codebook: np.ndarray) -> np.ndarray:
    """Return the number of the nearest entry for every row.

    z: `(rows, width)`; codebook: `(entries, width)`. Returns `(rows,)` integers; of equal ones the first.
    Source: van den Oord, Vinyals & Kavukcuoglu 2017 (arXiv 1711.00937), section 3.1.
    Equation: eq-nearest-entry
    """
    z, codebook = np.asarray(z, float), np.asarray(codebook, float)
    return ((z[:, None] - codebook[None]) ** 2).sum(-1).argmin(1)


def quantizer_gradients(
    z: np.ndarray, codebook: np.ndarray, from_decoder: np.ndarray, commitment: float = 0.25
) -> tuple[np.ndarray, np.ndarray]:
    """Return the gradients that vector quantisation gives to what it was given, and to its entries.

    z: `(rows, width)`; codebook: `(entries, width)`; from_decoder: `(rows, width)`, the gradient of the
    decoder's loss with respect to the chosen entries, which is passed to z as if nothing had been rounded.
    To it comes the pull of the commitment; the entries are pulled towards what chose them. Both pulls belong
    to mean squared distances.
    Source: van den Oord, Vinyals & Kavukcuoglu 2017, section 3.2, equation 3.
    Equation: eq-straight-through
    """
    z, codebook = np.asarray(z, float), np.asarray(codebook, float)
    chosen = quantize(z, codebook)
    apart = 2 * (z - codebook[chosen]) / z.size
    entries = np.zeros_like(codebook)
    np.add.at(entries, chosen, -apart)
    return np.asarray(from_decoder) + commitment * apart, entries


def perplexity(counts: np.ndarray) -> float:
    """Return how many entries are in use: the exponential of the entropy of the choices.

    counts: `(entries,)`, how often each was chosen. Between 1 and the number of entries.
    Raises: ValueError if nothing was chosen.
    Source: the exponential of Shannon's entropy; the usual measure of a codebook in use.
    Equation: eq-perplexity
    """
    counts = np.asarray(counts, float)
    if not counts.sum() > 0:
        raise ValueError("the counts are all 0; expected at least one choice")
    share = counts[counts > 0] / counts.sum()
    return float(np.exp(-(share * np.log(share)).sum()))


def bits_per_second(nats: float, steps: float) -> float:
    """Return the rate of a code from what one step costs and the steps in a second.

    nats: the divergence of one step for a variational code, groups times ln(entries) for a quantised one.
    Raises: ValueError if one of the two is negative.
    Source: one nat is 1 / ln 2 bits.
    Equation: eq-rate
    """
    if nats < 0 or steps < 0:
        raise ValueError(f"{nats} nats in each of {steps} steps a second; expected no negative number")
    return nats * steps / math.log(2)
