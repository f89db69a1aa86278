"""Each step against torch.optim AND keras.optimizers in float64, over several steps and settings."""

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsense_lib.formulas import optimisers as f
from deepsense_lib.training.config import RunConfig, learning_rate

keras = pytest.importorskip("keras")


def single(x):
    """A number that float32 holds exactly: Keras rounds its settings to float32, whatever it computes in."""
    return float(np.float32(x))


STEPS = 12
RATES = [0.1 / (1 + k) for k in range(STEPS)]  # a rate that changes shows what stands inside and outside


@pytest.fixture(autouse=True)
def double():
    before = keras.config.floatx()
    keras.config.set_floatx("float64")
    yield
    keras.config.set_floatx(before)


def start(seed=0, shape=(3, 2)):
    return np.random.default_rng(seed).normal(size=shape)


def slope(w, step):
    """The gradient of a bowl with noise that depends on the step alone."""
    return (
        np.array([[1.0, 9.0], [0.1, 3.0], [1e-6, 0.5]]) * w
        + np.random.default_rng(step).normal(size=w.shape) / 9
    )


def torchs(make, rates):
    w = torch.tensor(start(), requires_grad=True)
    optimiser, path = make([w]), []
    for step, rate in enumerate(rates):
        optimiser.param_groups[0]["lr"] = rate
        w.grad = torch.tensor(slope(w.detach().numpy(), step))
        optimiser.step()
        path.append(w.detach().numpy().copy())
    return np.array(path)


def kerass(make, rates):
    w = keras.Variable(start(), dtype="float64")
    optimiser, path = make(), []
    for step, rate in enumerate(rates):
        optimiser.learning_rate = rate
        optimiser.apply([keras.ops.convert_to_tensor(slope(np.array(w), step))], [w])
        path.append(np.array(w))
    return np.array(path)


def ours(step_of, rates):
    """`step_of(w, g, memory, step, rate)` gives the weights and the memories."""
    w, memory, path = start(), None, []
    for step, rate in enumerate(rates):
        w, memory = step_of(w, slope(w, step), memory, step + 1, rate)
        path.append(w)
    return np.array(path)


def with_momentum(function, **settings):
    def step_of(w, g, memory, step, rate):
        return function(w, g, np.zeros_like(w) if memory is None else memory, rate, **settings)

    return step_of


def with_moments(function, decay=0.0, **settings):
    def step_of(w, g, memory, step, rate):
        m, v = memory or (np.zeros_like(w), np.zeros_like(w))
        w, m, v = function(f.decayed_weights(w, rate, decay), g, m, v, step, rate, **settings)
        return w, (m, v)

    return step_of


CONSTANT = [0.05] * STEPS
BOTH = pytest.mark.parametrize("rates", [CONSTANT, RATES], ids=["constant", "falling"])


@pytest.mark.proves("eq-gradient-descent")
@BOTH
def test_gradient_descent_is_both(rates):
    path = ours(lambda w, g, _, step, rate: (f.gradient_descent(w, g, rate), None), rates)
    np.testing.assert_allclose(path, torchs(lambda p: torch.optim.SGD(p, lr=1), rates), rtol=1e-12)
    np.testing.assert_allclose(path, kerass(lambda: keras.optimizers.SGD(1.0), rates), rtol=1e-12)


@pytest.mark.proves("eq-momentum")
@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("decay", [0.5, 0.95])
@BOTH
def test_momentum_is_torchs(rates, decay, nesterov):
    path = ours(with_momentum(f.momentum, decay=decay, nesterov=nesterov), rates)
    made = torchs(lambda p: torch.optim.SGD(p, lr=1, momentum=decay, nesterov=nesterov), rates)
    np.testing.assert_allclose(path, made, rtol=1e-11, atol=1e-14)


@pytest.mark.proves("eq-momentum")
def test_dampening_is_torchs_but_for_the_first_step():
    def step_of(w, g, v, step, rate):
        first = v is None
        return f.momentum(w, g, np.zeros_like(w) if first else v, rate, 0.9, False, 0.0 if first else 0.4)

    made = torchs(lambda p: torch.optim.SGD(p, lr=1, momentum=0.9, dampening=0.4), CONSTANT)
    np.testing.assert_allclose(ours(step_of, CONSTANT), made, rtol=1e-11)
    always = ours(with_momentum(f.momentum, dampening=0.4), CONSTANT)
    assert not np.allclose(always, made)  # dampened from the first step on


@pytest.mark.proves("eq-momentum-rate-inside")
@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("decay", [0.5, single(0.95)])
@BOTH
def test_momentum_with_the_rate_inside_is_kerass(rates, decay, nesterov):
    path = ours(with_momentum(f.momentum_rate_inside, decay=decay, nesterov=nesterov), rates)
    made = kerass(lambda: keras.optimizers.SGD(1.0, momentum=decay, nesterov=nesterov), rates)
    np.testing.assert_allclose(path, made, rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("nesterov", [False, True])
def test_the_two_momenta_part_only_when_the_rate_changes(nesterov):
    outside, inside = (with_momentum(g, nesterov=nesterov) for g in (f.momentum, f.momentum_rate_inside))
    np.testing.assert_allclose(ours(outside, CONSTANT), ours(inside, CONSTANT), rtol=1e-12, atol=1e-14)
    assert np.abs(ours(outside, RATES) - ours(inside, RATES)).max() > 0.05


@pytest.mark.proves("eq-rmsprop")
@pytest.mark.parametrize("epsilon", [1e-8, 1e-3])
@pytest.mark.parametrize("decay", [0.5, 0.99])
@BOTH
def test_rmsprop_is_torchs_and_with_epsilon_inside_kerass(rates, decay, epsilon):
    outside, inside = (
        ours(with_momentum(f.rmsprop, decay=decay, epsilon=epsilon, inside=i), rates) for i in (False, True)
    )
    made = torchs(lambda p: torch.optim.RMSprop(p, lr=1, alpha=decay, eps=epsilon), rates)
    np.testing.assert_allclose(outside, made, rtol=1e-11, atol=1e-14)
    made = kerass(lambda: keras.optimizers.RMSprop(1.0, rho=decay, epsilon=epsilon), rates)
    np.testing.assert_allclose(inside, made, rtol=1e-11, atol=1e-14)
    if epsilon == 1e-3:
        assert not np.allclose(outside, inside, rtol=1e-4)


@pytest.mark.proves("eq-adam")
@pytest.mark.parametrize("betas", [(0.9, 0.999), (0.9, 0.98), (0.0, 0.5)])
@pytest.mark.parametrize("epsilon", [1e-8, 1e-2])
@BOTH
def test_adam_is_torchs(rates, betas, epsilon):
    path = ours(with_moments(f.adam, betas=betas, epsilon=epsilon), rates)
    made = torchs(lambda p: torch.optim.Adam(p, lr=1, betas=betas, eps=epsilon), rates)
    np.testing.assert_allclose(path, made, rtol=1e-11, atol=1e-13)


@pytest.mark.proves("eq-adam-folded")
@pytest.mark.parametrize("betas", [(single(0.9), single(0.999)), (single(0.9), single(0.98)), (0.0, 0.5)])
@pytest.mark.parametrize("epsilon", [1e-7, 1e-2])
@BOTH
def test_adam_folded_is_kerass(rates, betas, epsilon):
    path = ours(with_moments(f.adam_folded, betas=betas, epsilon=epsilon), rates)
    made = kerass(
        lambda: keras.optimizers.Adam(1.0, beta_1=betas[0], beta_2=betas[1], epsilon=epsilon), rates
    )
    np.testing.assert_allclose(path, made, rtol=1e-10, atol=1e-13)


def test_the_two_adams_are_one_without_epsilon_and_part_with_it():
    def both(epsilon):
        return (ours(with_moments(a, epsilon=epsilon), CONSTANT) for a in (f.adam, f.adam_folded))

    one, two = both(0)
    np.testing.assert_allclose(one, two, rtol=1e-9)
    one, two = both(1e-2)
    assert np.abs(one - two).max() > 1e-2
    # In step 1 Keras's epsilon weighs 1 / sqrt(1 - beta2) as much.
    w, g, nothing = start(), slope(start(), 0), np.zeros((3, 2))
    folded = f.adam_folded(w, g, nothing, nothing, 1, 0.1, epsilon=1e-3)[0]
    np.testing.assert_allclose(folded, f.adam(w, g, nothing, nothing, 1, 0.1, epsilon=1e-3 / 0.001**0.5)[0])


@pytest.mark.proves("eq-decoupled-decay")
@pytest.mark.parametrize("decay", [single(0.01), single(0.3)])
@BOTH
def test_adamw_is_decay_then_adam_in_both(rates, decay):
    path = ours(with_moments(f.adam, decay=decay), rates)
    made = torchs(lambda p: torch.optim.AdamW(p, lr=1, weight_decay=decay), rates)
    np.testing.assert_allclose(path, made, rtol=1e-10, atol=1e-13)
    one, two = single(0.9), single(0.999)
    folded = ours(with_moments(f.adam_folded, decay=decay, betas=(one, two)), rates)
    # Keras's plain Adam decays apart from the gradient too; PyTorch's does not.
    for kind in (keras.optimizers.AdamW, keras.optimizers.Adam):
        made = kerass(lambda kind=kind: kind(1.0, beta_1=one, beta_2=two, weight_decay=decay), rates)
        np.testing.assert_allclose(folded, made, rtol=1e-10, atol=1e-13)


@pytest.mark.proves("eq-l2-gradient")
@pytest.mark.parametrize("decay", [0.01, 0.3])
def test_l2_is_torchs_weight_decay_of_sgd_and_adam_and_not_adamw(decay):
    def descend(w, g, _, step, rate):
        return f.gradient_descent(w, f.l2_gradient(w, g, decay), rate), None

    made = torchs(lambda p: torch.optim.SGD(p, lr=1, weight_decay=decay), RATES)
    np.testing.assert_allclose(ours(descend, RATES), made, rtol=1e-12)
    plain = ours(
        lambda w, g, _, step, rate: (f.gradient_descent(f.decayed_weights(w, rate, decay), g, rate), None),
        RATES,
    )
    np.testing.assert_allclose(plain, made, rtol=1e-12)  # without memory the two are one

    def adam(w, g, memory, step, rate):
        return with_moments(f.adam)(w, f.l2_gradient(w, g, decay), memory, step, rate)

    made = torchs(lambda p: torch.optim.Adam(p, lr=1, weight_decay=decay), RATES)
    np.testing.assert_allclose(ours(adam, RATES), made, rtol=1e-10, atol=1e-13)
    assert np.abs(ours(with_moments(f.adam, decay=decay), RATES) - made).max() > 1e-3


def uncorrected(w, g, m, v, step, rate):
    m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
    return w - rate * m / (np.sqrt(v) + 1e-8), m, v


def correction_one_late(w, g, m, v, step, rate):
    return f.adam(w, g, m, v, step + 1, rate)


def root_forgotten(w, g, m, v, step, rate):
    _, m, v = f.adam(w, g, m, v, step, rate)
    return w - rate * (m / (1 - 0.9**step)) / (v / (1 - 0.999**step) + 1e-8), m, v


def uphill(w, g, m, v, step, rate):
    return f.adam(w, -g, m, v, step, rate)


@pytest.mark.parametrize("mutant", [uncorrected, correction_one_late, root_forgotten, uphill])
def test_wrong_adams_are_not_torchs(mutant):
    made = torchs(lambda p: torch.optim.Adam(p, lr=1), CONSTANT)
    assert not np.allclose(ours(with_moments(mutant), CONSTANT), made, rtol=1e-3)


@pytest.mark.proves("eq-step-limit")
@pytest.mark.parametrize("seed", range(4))
def test_gradient_descent_on_a_quadratic_converges_below_the_limit_only(seed):
    random = np.random.default_rng(seed)
    root = random.normal(size=(3, 3))
    hessian = root @ root.T + 0.2 * np.eye(3)
    for share, converges in ((0.98, True), (1.02, False)):
        w = random.normal(size=3)
        for _ in range(3000):
            w = f.gradient_descent(w, hessian @ w, share * f.largest_rate(hessian))
        assert (np.linalg.norm(w) < 1e-3) == converges
    for bad in ([[1, 2], [0, 1]], [[-1.0]], [1.0]):
        with pytest.raises(ValueError, match="expected"):
            f.largest_rate(np.array(bad))


@pytest.mark.proves("eq-warmup-cosine")
@pytest.mark.parametrize("steps", [1, 2, 7, 400])
@pytest.mark.parametrize("warmup", [0, 1, 5, 1000])
@pytest.mark.parametrize("final", [0.0, 0.03, 1.0])
def test_the_schedule_is_that_of_the_courses_loop(steps, warmup, final):
    config = RunConfig(steps=steps, learning_rate=2e-3, warmup_steps=warmup, final_fraction=final)
    for step in range(steps):
        found = f.warmup_cosine(step, steps, 2e-3, warmup, final)
        np.testing.assert_allclose(found, learning_rate(step, config), rtol=1e-12)


@pytest.mark.proves("eq-warmup-cosine")
@settings(max_examples=60, derandomize=True, deadline=None)
@given(st.integers(3, 200), st.integers(0, 100), st.floats(0, 1))
def test_the_schedule_ends_at_its_share_and_is_never_above_the_rate(steps, warmup, final):
    rates = [f.warmup_cosine(k, steps, 0.5, warmup, final) for k in range(steps)]
    rise = min(1, steps / max(1, warmup))
    np.testing.assert_allclose(rates[-1], 0.5 * final * rise, atol=1e-12)
    assert max(rates) <= 0.5
    assert min(rates) >= 0
    with pytest.raises(ValueError, match="expected 0 to"):
        f.warmup_cosine(steps, steps, 0.5, warmup, final)


def test_steps_count_from_one():
    for adam in (f.adam, f.adam_folded):
        with pytest.raises(ValueError, match="expected 1 for the first"):
            adam(np.ones(1), np.ones(1), np.zeros(1), np.zeros(1), 0, 0.1)
