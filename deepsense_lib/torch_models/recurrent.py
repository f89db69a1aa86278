"""The long short-term memory in PyTorch, step by step, with a mask for padding."""

import torch
from torch import nn

State = tuple[torch.Tensor, torch.Tensor]  # h and c, each (batch, width)


class LSTMCell(nn.Module):
    """One step: four gates from the input and the state, in the order input, forget, candidate, output.

    Source: Hochreiter & Schmidhuber (1997), Gers, Schmidhuber & Cummins (2000). The bias of the forget gate
    starts at 1, so that a new net remembers (Jozefowicz et al., 2015). Equation: eq-lstm-step.
    """

    def __init__(self, inputs: int, width: int):
        super().__init__()
        self.input = nn.Linear(inputs, 4 * width)
        self.state = nn.Linear(width, 4 * width, bias=False)
        nn.init.zeros_(self.input.bias)
        nn.init.ones_(self.input.bias.data[width : 2 * width])
        for gate in self.state.weight.data.chunk(4):
            nn.init.orthogonal_(gate)

    def forward(self, x: torch.Tensor, state: State) -> State:
        """Map an input (batch, inputs) and a state to the next state."""
        return self.step(self.input(x), state)

    def step(self, driven: torch.Tensor, state: State) -> State:
        """The same for an input that has gone through `input` already, (batch, 4 width)."""
        h, c = state
        i, f, g, o = (driven + self.state(h)).chunk(4, -1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(c), c


class LSTM(nn.Module):
    """A cell that runs over a sequence."""

    def __init__(self, inputs: int, width: int):
        super().__init__()
        self.width = width
        self.cell = LSTMCell(inputs, width)

    def start(self, batch: int, like: torch.Tensor) -> State:
        """The empty state: two zeros (batch, width)."""
        zero = like.new_zeros(batch, self.width)
        return zero, zero

    def forward(
        self, x: torch.Tensor, state: State | None = None, mask: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, State]:
        """Map (batch, time, inputs) to all states (batch, time, width) and the state after the last step.

        Where the mask (batch, time) is 0 the state is carried on, so padding changes nothing.
        Equation: eq-masked-state.
        """
        state = self.start(len(x), x) if state is None else state
        driven, outputs = self.cell.input(x), []  # the part that needs no state, for all steps at once
        for t in range(x.shape[1]):
            new = self.cell.step(driven[:, t], state)
            if mask is not None:
                keep = mask[:, t, None] > 0
                new = tuple(torch.where(keep, a, b) for a, b in zip(new, state, strict=True))
            state = new
            outputs.append(state[0])
        return torch.stack(outputs, 1), state
