"""The formulas of autoencoders against scikit-learn, SciPy, PyTorch's autograd, and exact integrals."""

import numpy as np
import pytest
import torch
from scipy import stats
from scipy.linalg import subspace_angles
from sklearn.decomposition import PCA

from deepsense_lib.formulas import autoencoder as f

RNG = np.random.default_rng


def correlated(rows: int = 400, features: int = 6, seed: int = 0) -> np.ndarray:
    """Centred rows whose features depend on each other, with clearly different variances."""
    rng = RNG(seed)
    turn = np.linalg.qr(rng.normal(size=(features, features)))[0]
    x = rng.normal(size=(rows, features)) * np.linspace(3, 0.3, features) @ turn
    return x - x.mean(0)


@pytest.mark.proves("eq-reconstruction-loss")
def test_reconstruction_loss_is_torchs_squared_error():
    a, b = RNG(0).normal(size=(2, 7, 5))
    expected = 5 * torch.nn.functional.mse_loss(torch.tensor(a), torch.tensor(b)).item()
    np.testing.assert_allclose(f.reconstruction_loss(a, b), expected, rtol=1e-12)
    with pytest.raises(ValueError, match="one shape"):
        f.reconstruction_loss(a, b[:, :1])  # would broadcast


@pytest.mark.proves("eq-principal-components")
@pytest.mark.parametrize("count", [1, 3, 6])
def test_principal_components_are_scikit_learns(count):
    x = correlated() + 5.0
    directions, variances = f.principal_components(x, count)
    other = PCA(count).fit(x)
    np.testing.assert_allclose(np.abs((directions * other.components_).sum(1)), 1, atol=1e-9)
    np.testing.assert_allclose(variances, other.explained_variance_ * 399 / 400, rtol=1e-9)
    with pytest.raises(ValueError, match="from 1 to 6"):
        f.principal_components(x, 7)


@pytest.mark.proves("eq-linear-autoencoder-gradients")
@pytest.mark.parametrize("code", [1, 3, 6])
def test_linear_gradients_are_autograds(code):
    x, rng = correlated(), RNG(1)
    e, d = rng.normal(size=(code, 6)), rng.normal(size=(6, code))
    te, td = torch.tensor(e, requires_grad=True), torch.tensor(d, requires_grad=True)
    tx = torch.tensor(x)
    ((tx - tx @ te.T @ td.T) ** 2).sum(-1).mean().backward()
    found = f.linear_autoencoder_gradients(x, e, d)
    np.testing.assert_allclose(found[0], te.grad, rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(found[1], td.grad, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("code", [1, 2, 4])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_trained_linear_autoencoder_spans_the_principal_subspace(code, seed):
    x, rng = correlated(seed=seed), RNG(seed)
    e, d = 0.1 * rng.normal(size=(code, 6)), 0.1 * rng.normal(size=(6, code))
    for _ in range(4000):
        by_e, by_d = f.linear_autoencoder_gradients(x, e, d)
        e, d = e - 0.02 * by_e, d - 0.02 * by_d
    directions, variances = f.principal_components(x, 6)
    assert np.degrees(subspace_angles(d, directions[:code].T).max()) < 0.5
    loss = f.reconstruction_loss(x, x @ e.T @ d.T)
    np.testing.assert_allclose(loss, variances[code:].sum(), rtol=1e-4)


@pytest.mark.proves("eq-linear-denoiser")
@pytest.mark.parametrize("noise", [0.1, 1.0, 4.0])
def test_linear_denoiser_is_what_least_squares_finds(noise):
    x = correlated(rows=200_000)
    seen = x + noise * RNG(3).normal(size=x.shape)
    found = np.linalg.lstsq(seen, x, rcond=None)[0].T
    np.testing.assert_allclose(f.linear_denoiser(x.T @ x / len(x), noise), found, atol=0.02)
    with pytest.raises(ValueError, match="positive"):
        f.linear_denoiser(np.eye(2), 0.0)


@pytest.mark.proves("eq-reparameterize")
def test_reparameterized_draws_have_the_distribution_and_the_gradient():
    mean, log_variance = np.array([1.5]), np.array([-0.6])
    draws = f.reparameterize(mean, log_variance, RNG(0).normal(size=(20_000, 1)))[:, 0]
    assert stats.kstest(draws, stats.norm(1.5, np.exp(-0.3)).cdf).pvalue > 0.01
    noise, m, v = (torch.tensor([t], dtype=torch.float64, requires_grad=True) for t in (0.7, 1.5, -0.6))
    drawn = torch.distributions.Normal(m, (v / 2).exp())
    (drawn.loc + drawn.scale * noise).backward()
    step = 1e-6
    by_v = f.reparameterize(mean, log_variance + step, 0.7) - f.reparameterize(mean, log_variance - step, 0.7)
    np.testing.assert_allclose(by_v / (2 * step), v.grad, rtol=1e-7)


@pytest.mark.proves("eq-gaussian-kl")
def test_closed_kl_is_torchs_and_monte_carlos():
    rng = RNG(0)
    mean, log_variance = rng.normal(size=(2, 5, 3))
    q = torch.distributions.Normal(torch.tensor(mean), torch.tensor(np.exp(log_variance / 2)))
    p = torch.distributions.Normal(torch.zeros(5, 3).double(), torch.ones(5, 3).double())
    expected = torch.distributions.kl_divergence(q, p).sum(-1)
    np.testing.assert_allclose(f.gaussian_kl(mean, log_variance), expected, rtol=1e-12)
    z = f.reparameterize(mean, log_variance, rng.normal(size=(200_000, 5, 3)))
    logs = stats.norm(mean, np.exp(log_variance / 2)).logpdf(z) - stats.norm.logpdf(z)
    np.testing.assert_allclose(logs.sum(-1).mean(0), f.gaussian_kl(mean, log_variance), atol=0.03)
    assert f.gaussian_kl(np.zeros(3), np.zeros(3)) == 0


@pytest.mark.proves("eq-elbo")
def test_the_bound_holds_and_is_tight_at_the_true_posterior():
    # One number coded by one number: p(x|z) = N(az, s^2), so p(x) = N(0, a^2 + s^2) and all is known.
    a, s, rng = 1.3, 0.7, RNG(0)
    x = rng.normal(size=(5, 1))
    exact = stats.norm(0, np.sqrt(a**2 + s**2)).logpdf(x[:, 0])
    variance = 1 / (1 + a**2 / s**2)
    true = (variance * a * x / s**2, np.full_like(x, np.log(variance)))
    for mean, log_variance, tight in ((*true, True), (true[0] + 0.5, true[1], False), (0 * x, 0 * x, False)):
        noise = rng.normal(size=(100_000, 5, 1))
        draws = f.elbo(x, a * f.reparameterize(mean, log_variance, noise), s, mean, log_variance).mean(0)
        if tight:
            np.testing.assert_allclose(draws, exact, atol=0.02)
        else:
            assert (draws < exact - 0.05).any()
            assert (draws < exact + 0.02).all()


@pytest.mark.proves("eq-nearest-entry")
def test_nearest_entry_is_scipys():
    from scipy.cluster.vq import vq

    z, codebook = RNG(0).normal(size=(50, 4)), RNG(1).normal(size=(9, 4))
    np.testing.assert_array_equal(f.quantize(z, codebook), vq(z, codebook)[0])
    assert f.quantize(np.zeros((1, 2)), np.array([[1.0, 0], [0, 1.0]]))[0] == 0


@pytest.mark.proves("eq-straight-through")
@pytest.mark.parametrize("commitment", [0.0, 0.25, 1.0])
def test_quantizer_gradients_are_those_of_the_stopped_graph(commitment):
    rng = RNG(0)
    z, codebook, target = rng.normal(size=(8, 3)), rng.normal(size=(5, 3)), rng.normal(size=(8, 3))
    tz, tc = torch.tensor(z, requires_grad=True), torch.tensor(codebook, requires_grad=True)
    nearest = tc[torch.cdist(tz, tc).argmin(1)]
    passed = tz + (nearest - tz).detach()
    loss = ((passed - torch.tensor(target)) ** 3).sum()
    loss = loss + ((nearest - tz.detach()) ** 2).mean() + commitment * ((nearest.detach() - tz) ** 2).mean()
    loss.backward()
    from_decoder = 3 * (codebook[f.quantize(z, codebook)] - target) ** 2
    by_z, by_codebook = f.quantizer_gradients(z, codebook, from_decoder, commitment)
    np.testing.assert_allclose(by_z, tz.grad, rtol=1e-10)
    np.testing.assert_allclose(by_codebook, tc.grad, rtol=1e-10)


@pytest.mark.proves("eq-perplexity")
def test_perplexity_is_the_exponential_of_scipys_entropy():
    counts = RNG(0).integers(0, 9, 40)
    np.testing.assert_allclose(f.perplexity(counts), np.exp(stats.entropy(counts)), rtol=1e-12)
    assert f.perplexity([7, 0, 0]) == 1
    np.testing.assert_allclose(f.perplexity(np.ones(64)), 64)
    with pytest.raises(ValueError, match="all 0"):
        f.perplexity([0, 0])


@pytest.mark.proves("eq-rate")
def test_rate_of_an_even_codebook_is_its_bits():
    assert f.bits_per_second(8 * np.log(256), 40) == pytest.approx(8 * 8 * 40, rel=1e-12)
    assert f.bits_per_second(0, 40) == 0
    with pytest.raises(ValueError, match="negative"):
        f.bits_per_second(-1, 40)
