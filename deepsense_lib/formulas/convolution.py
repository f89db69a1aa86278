"""Convolution, pooling and their gradients, in NumPy, one function an equation.

Chapter: "Convolution and the expression classifier" (faces). Images are stacked as
`(batch, channels, height, width)`, kernels as `(filters, channels, kernel_height, kernel_width)`.
"""

from collections.abc import Iterator, Sequence

import numpy as np

Pair = int | tuple[int, int]
Padding = int | tuple[int, int] | tuple[tuple[int, int], tuple[int, int]]


def conv2d(x, w, b=None, stride: Pair = 1, padding: Padding = 0) -> np.ndarray:
    """Slide every filter over every image and add up the products: cross-correlation, with channels.

    Shapes: x `(batch, channels, height, width)`, w `(filters, channels, kernel_height, kernel_width)`,
    b `(filters,)` or None; returns `(batch, filters, out_height, out_width)`. `stride` is a number
    or (vertical, horizontal); `padding` likewise, or ((top, bottom), (left, right)).
    Raises: ValueError when shapes do not fit or the kernel is larger than the padded image.
    Source: Goodfellow, Bengio, Courville (2016), "Deep Learning", Eq. 9.6; with channels 9.7, stride 9.8.
    Equation: eq-conv2d
    """
    x, w, b = _checked(x, w, b)
    padded = _pad(x, padding)
    out = _out_shape(padded.shape[2:], w.shape[2:], stride)
    y = np.zeros((len(x), len(w), *out), np.result_type(x, w))
    for u, v, place in _taps(w.shape[2:], out, stride):
        # One tap of the kernel meets one shifted, strided copy of the image.
        y += np.einsum("oc,bcij->boij", w[:, :, u, v], padded[place], optimize=True)
    return y if b is None else y + b[:, None, None]


def conv2d_input_gradient(g, w, size: tuple[int, int], stride: Pair = 1, padding: Padding = 0) -> np.ndarray:
    """Gradient of the loss with respect to the input: each output sends its own back through the kernel.

    Shapes: g `(batch, filters, out_height, out_width)` is the gradient with respect to the output, w as in
    `conv2d`, `size` the (height, width) of the input; returns `(batch, channels, height, width)`.
    Raises: ValueError when g has not the shape that `conv2d` gives for this size.
    Source: derived in the chapter from eq-conv2d; Goodfellow et al. (2016), Eq. 9.13.
    Equation: eq-conv2d-input-gradient
    """
    g, w = np.asarray(g), np.asarray(w)
    (top, bottom), (left, right) = _sides(padding)
    height, width = size
    padded_size = (height + top + bottom, width + left + right)
    _same_shape(g, (len(g), len(w), *_out_shape(padded_size, w.shape[2:], stride)), "the output gradient")
    dx = np.zeros((len(g), w.shape[1], *padded_size), np.result_type(g, w))
    for u, v, place in _taps(w.shape[2:], g.shape[2:], stride):
        dx[place] += np.einsum("oc,boij->bcij", w[:, :, u, v], g, optimize=True)
    return dx[:, :, top : top + height, left : left + width]


def conv2d_kernel_gradient(
    x, g, kernel: tuple[int, int], stride: Pair = 1, padding: Padding = 0
) -> np.ndarray:
    """Gradient of the loss with respect to the kernel: the input correlated with the output's gradient.

    Shapes: x `(batch, channels, height, width)`, g `(batch, filters, out_height, out_width)`, `kernel` the
    (height, width) of the kernel; returns `(filters, channels, kernel_height, kernel_width)`.
    Raises: ValueError when g has not the shape that `conv2d` gives for this kernel.
    Source: derived in the chapter from eq-conv2d; Goodfellow et al. (2016), Eq. 9.11.
    Equation: eq-conv2d-kernel-gradient
    """
    x, g = np.asarray(x), np.asarray(g)
    padded = _pad(x, padding)
    _same_shape(g, (len(x), g.shape[1], *_out_shape(padded.shape[2:], kernel, stride)), "the output gradient")
    dw = np.zeros((g.shape[1], x.shape[1], *kernel), np.result_type(x, g))
    for u, v, place in _taps(kernel, g.shape[2:], stride):
        dw[:, :, u, v] = np.einsum("boij,bcij->oc", g, padded[place], optimize=True)
    return dw


def conv2d_bias_gradient(g) -> np.ndarray:
    """Gradient of the loss with respect to the bias: the output's gradient, added up over batch and places.

    Shapes: g `(batch, filters, out_height, out_width)`; returns `(filters,)`.
    Source: derived in the chapter from eq-conv2d.
    Equation: eq-conv2d-bias-gradient
    """
    return np.asarray(g).sum(axis=(0, 2, 3))


def im2col(x, kernel: tuple[int, int], stride: Pair = 1, padding: Padding = 0) -> np.ndarray:
    """Lay out every window under the kernel as one row, so that a convolution is one matrix product.

    Shapes: x `(batch, channels, height, width)`; returns
    `(batch, out_height * out_width, channels * kernel_height * kernel_width)`.
    Raises: ValueError when the kernel is larger than the padded image.
    Source: Chellapilla, Puri, Simard (2006), "High performance convolutional neural networks".
    Equation: eq-im2col
    """
    padded = _pad(_images(x), padding)
    out = _out_shape(padded.shape[2:], kernel, stride)
    taps = [padded[place] for _, _, place in _taps(kernel, out, stride)]
    columns = np.stack(taps, axis=2)  # (batch, channels, taps, out_height, out_width)
    return columns.reshape(len(padded), -1, out[0] * out[1]).swapaxes(1, 2)


def max_pool2d(x, size: Pair = 2, stride: Pair | None = None) -> np.ndarray:
    """Keep the largest value of every window.

    Shapes: x `(batch, channels, height, width)`; returns `(batch, channels, out_height, out_width)`. `stride`
    is the window's size unless given; rows and columns that fill no whole window are left out.
    Raises: ValueError when the window is larger than the image.
    Source: Goodfellow, Bengio, Courville (2016), "Deep Learning", Sec. 9.3.
    Equation: eq-max-pool
    """
    return _windows(_images(x), size, stride).max(axis=0)


def max_pool2d_gradient(x, g, size: Pair = 2, stride: Pair | None = None) -> np.ndarray:
    """Gradient of max pooling: each output's gradient goes to the place that won, the first one in a tie.

    Shapes: x `(batch, channels, height, width)`, g `(batch, channels, out_height, out_width)`; returns the
    shape of x.
    Raises: ValueError when g has not the shape that `max_pool2d` gives for x.
    Source: derived in the chapter from eq-max-pool.
    Equation: eq-max-pool-gradient
    """
    x, g = _images(x), np.asarray(g)
    windows = _windows(x, size, stride)
    _same_shape(g, windows.shape[1:], "the output gradient")
    winner = windows.argmax(axis=0)
    dx = np.zeros(x.shape, np.result_type(x, g))
    step = size if stride is None else stride
    for n, (_, _, place) in enumerate(_taps(_pair(size), g.shape[2:], step)):
        dx[place] += np.where(winner == n, g, 0)
    return dx


def output_size(size: int, kernel: int, stride: int = 1, padding: int = 0) -> int:
    """Count the places where a kernel fits along one axis of `size` pixels, `padding` on each side.

    Raises: ValueError when the kernel is longer than the padded axis, or a number is out of range.
    Source: Dumoulin, Visin (2016), "A guide to convolution arithmetic for deep learning".
    Equation: eq-output-size
    """
    if kernel < 1 or stride < 1 or padding < 0:
        raise ValueError(
            f"kernel and stride must be at least 1 and padding 0, not {kernel}, {stride}, {padding}"
        )
    if kernel > size + 2 * padding:
        raise ValueError(f"the kernel ({kernel}) is longer than the padded axis ({size + 2 * padding})")
    return (size + 2 * padding - kernel) // stride + 1


def same_padding(size: int, kernel: int, stride: int = 1) -> tuple[int, int]:
    """TensorFlow's padding "same" along one axis: (before, after), the odd pixel after.

    It makes ceil(size / stride) outputs. With stride 2 and an even size it pads one side only, so
    PyTorch's symmetric `padding=1` is another function.
    Source: TensorFlow API documentation, `tf.nn`, "Notes on padding".
    Equation: eq-same-padding
    """
    outputs = -(-size // stride)
    total = max((outputs - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


def receptive_field(layers: Sequence[tuple[int, int]]) -> int:
    """Width in input pixels that one output of a stack of (kernel, stride) layers can see.

    Source: Araujo, Norris, Sim (2019), "Computing receptive fields of convolutional neural networks", Eq. 2.
    Equation: eq-receptive-field
    """
    width, jump = 1, 1
    for kernel, stride in layers:
        width += (kernel - 1) * jump
        jump *= stride
    return width


def _pair(value: Pair) -> tuple[int, int]:
    return (value, value) if isinstance(value, (int, np.integer)) else (value[0], value[1])


def _sides(padding: Padding) -> tuple[tuple[int, int], tuple[int, int]]:
    vertical, horizontal = _pair(padding)
    return _pair(vertical), _pair(horizontal)


def _pad(x: np.ndarray, padding: Padding) -> np.ndarray:
    return np.pad(x, ((0, 0), (0, 0), *_sides(padding)))


def _images(x) -> np.ndarray:
    x = np.asarray(x)
    if x.ndim != 4:
        raise ValueError(f"images must be (batch, channels, height, width), found the shape {x.shape}")
    return x


def _checked(x, w, b):
    x, w = _images(x), np.asarray(w)
    if w.ndim != 4 or w.shape[1] != x.shape[1]:
        raise ValueError(
            f"the kernel must be (filters, {x.shape[1]}, height, width), found the shape {w.shape}"
        )
    if b is not None:
        b = np.asarray(b)
        _same_shape(b, (len(w),), "the bias")
    return x, w, b


def _same_shape(array: np.ndarray, shape: tuple[int, ...], name: str) -> None:
    if array.shape != tuple(shape):
        raise ValueError(f"{name} must have the shape {tuple(shape)}, found {array.shape}")


def _out_shape(size, kernel, stride: Pair) -> tuple[int, int]:
    return tuple(output_size(n, k, s) for n, k, s in zip(size, kernel, _pair(stride), strict=True))


def _taps(kernel, out, stride: Pair) -> Iterator[tuple[int, int, tuple]]:
    """Yield each tap (u, v) of a kernel with the pixels it meets: x[:, :, i * stride + u, j * stride + v]."""
    down, right = _pair(stride)
    for u in range(kernel[0]):
        rows = slice(u, u + down * (out[0] - 1) + 1, down)
        for v in range(kernel[1]):
            yield u, v, (slice(None), slice(None), rows, slice(v, v + right * (out[1] - 1) + 1, right))


def _windows(x: np.ndarray, size: Pair, stride: Pair | None) -> np.ndarray:
    """Stack what each place of a pooling window sees: `(places, batch, channels, out_height, out_width)`."""
    step = size if stride is None else stride
    out = _out_shape(x.shape[2:], _pair(size), step)
    return np.stack([x[place] for _, _, place in _taps(_pair(size), out, step)])
