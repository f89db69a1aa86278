"""Attention in PyTorch: at each step of a decoder, weights over the symbols of a text, and their mean.

All kinds share one interface, so that a model may take any of them. `prepare` is called once a text, `start`
once an utterance, and the attention itself at every step. Sources stand at the classes.
"""

from typing import NamedTuple

import torch
from torch import nn

from deepsense_lib.errors import InputError
from deepsense_lib.formulas.attention import prior_filter


class Memory(NamedTuple):
    """What the encoder left of a batch of texts."""

    values: torch.Tensor  # (batch, symbols, width), what is averaged
    keys: torch.Tensor  # (batch, symbols, size), what queries are compared with
    mask: torch.Tensor  # (batch, symbols), 1 where there is a symbol


class Attended(NamedTuple):
    """What attention remembers from step to step."""

    weights: torch.Tensor  # (batch, symbols), of the last step; each row sums to 1
    total: torch.Tensor  # (batch, symbols), the sum over all steps so far


class Attention(nn.Module):
    """What all kinds have in common; `score` is what tells them apart."""

    def __init__(self, query_width: int, width: int, size: int):
        super().__init__()
        self.query = nn.Linear(query_width, size)
        self.key = nn.Linear(width, size, bias=False)

    def prepare(self, values: torch.Tensor, mask: torch.Tensor) -> Memory:
        """Project the encoder's states (batch, symbols, width) to keys, once for all steps."""
        return Memory(values, self.key(values), mask)

    def start(self, memory: Memory) -> Attended:
        """Before the first step all weight lies on the first symbol, and nothing has been read."""
        first = torch.zeros_like(memory.mask)
        first[:, 0] = 1
        return Attended(first, torch.zeros_like(first))

    def score(self, query: torch.Tensor, memory: Memory, before: Attended) -> torch.Tensor:
        """Map queries (batch, query_width) to scores (batch, symbols), before mask and softmax."""
        raise NotImplementedError

    def forward(self, query: torch.Tensor, memory: Memory, before: Attended) -> tuple[torch.Tensor, Attended]:
        """Map queries (batch, query_width) to contexts (batch, width) and the weights behind them.

        Equation: eq-masked-softmax, eq-context.
        """
        scores = self.score(query, memory, before).masked_fill(memory.mask == 0, -torch.inf)
        weights = torch.softmax(scores, -1)
        context = (weights[:, None] @ memory.values)[:, 0]
        return context, Attended(weights, before.total + weights)


class AdditiveAttention(Attention):
    """A small net compares query and key: v . tanh(W q + V k).

    Source: Bahdanau, Cho & Bengio (2015, https://arxiv.org/abs/1409.0473), section A.1.2.
    Equation: eq-additive-score.
    """

    def __init__(self, query_width: int, width: int, size: int):
        super().__init__(query_width, width, size)
        self.v = nn.Linear(size, 1, bias=False)

    def score(self, query: torch.Tensor, memory: Memory, before: Attended) -> torch.Tensor:
        """See `Attention.score`."""
        return self.v(torch.tanh(self.query(query)[:, None] + memory.keys))[..., 0]


class DotAttention(Attention):
    """Query and key are compared by their inner product, divided by sqrt(size) where `scaled`.

    Source: Luong, Pham & Manning (2015, https://arxiv.org/abs/1508.04025), equation 8; scaled: Vaswani et
    al. (2017, https://arxiv.org/abs/1706.03762), equation 1. Equation: eq-dot-score, eq-scaled-dot-score.
    """

    def __init__(self, query_width: int, width: int, size: int, scaled: bool = True):
        super().__init__(query_width, width, size)
        self.scale = size**-0.5 if scaled else 1.0

    def score(self, query: torch.Tensor, memory: Memory, before: Attended) -> torch.Tensor:
        """See `Attention.score`."""
        return self.scale * (memory.keys @ self.query(query)[..., None])[..., 0]


class LocationSensitiveAttention(AdditiveAttention):
    """Additive attention that also sees where it looked: filters over the last and the summed weights.

    Source: Chorowski et al. (2015, https://arxiv.org/abs/1506.07503), equation 9; with summed weights: Shen
    et al. (2018, https://arxiv.org/abs/1712.05884), section 2.2. Equation: eq-location-score.
    """

    def __init__(self, query_width: int, width: int, size: int, filters: int = 16, kernel: int = 31):
        super().__init__(query_width, width, size)
        self.convolution = nn.Conv1d(2, filters, kernel, padding=kernel // 2, bias=False)
        self.location = nn.Linear(filters, size, bias=False)

    def score(self, query: torch.Tensor, memory: Memory, before: Attended) -> torch.Tensor:
        """See `Attention.score`."""
        seen = self.convolution(torch.stack([before.weights, before.total], 1)).transpose(1, 2)
        return self.v(torch.tanh(self.query(query)[:, None] + memory.keys + self.location(seen)))[..., 0]


class DynamicConvolutionAttention(Attention):
    """Attention that sees no text, only where it looked: it moves the last weights by filters.

    Some filters are fixed, some are made from the query; a prior filter lets the weights move forward only.
    Source: Battenberg et al. (2020, https://arxiv.org/abs/1910.10288). Equation:
    eq-dynamic-convolution-score, eq-prior-filter.
    """

    def __init__(
        self,
        query_width: int,
        width: int,
        size: int,
        filters: int = 8,
        kernel: int = 21,
        prior: tuple[int, float, float] = (10, 0.5, 1.5),
    ):
        super().__init__(query_width, width, size)
        if kernel % 2 == 0:
            raise InputError(f"the kernel is {kernel}; expected an odd number, so that it has a middle.")
        del self.key  # what the symbols are plays no part
        self.kernel, self.filters = kernel, filters
        self.static = nn.Linear(kernel, filters, bias=False)
        self.make_filters = nn.Linear(size, filters * kernel, bias=False)
        self.from_static = nn.Linear(filters, size, bias=False)
        self.from_dynamic = nn.Linear(filters, size)
        self.v = nn.Linear(size, 1, bias=False)
        self.register_buffer("prior", torch.tensor(prior_filter(*prior), dtype=torch.float32))

    def prepare(self, values: torch.Tensor, mask: torch.Tensor) -> Memory:
        """The keys are empty: nothing of the text is compared."""
        return Memory(values, values[..., :0], mask)

    def score(self, query: torch.Tensor, memory: Memory, before: Attended) -> torch.Tensor:
        """See `Attention.score`."""
        half, reach = self.kernel // 2, len(self.prior) - 1
        # (batch, symbols, kernel): the last weights around each symbol
        around = nn.functional.pad(before.weights, (half, half)).unfold(1, self.kernel, 1)
        made = self.make_filters(torch.tanh(self.query(query))).view(-1, self.filters, self.kernel)
        features = self.from_static(self.static(around)) + self.from_dynamic(around @ made.transpose(1, 2))
        behind = nn.functional.pad(before.weights, (reach, 0)).unfold(1, reach + 1, 1)
        allowed = (behind @ self.prior.flip(0)).clamp(min=1e-6).log()
        return self.v(torch.tanh(features))[..., 0] + allowed


KINDS = {
    "additive": AdditiveAttention,
    "dot": DotAttention,
    "location": LocationSensitiveAttention,
    "dynamic": DynamicConvolutionAttention,
}
