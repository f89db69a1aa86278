"""The register of the source article's errata: what is wrong, what repairs it, which tests keep it repaired.

The numbers are those of the chapter "Errata laboratory", which proves each of them. `errata.json` holds the
list. Tests and functions are named as text, so that this module imports nothing of the library;
`tests/book/test_errata.py` demands that every name exists, and that the named tests reject the mutants.
"""

import importlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from deepsense_lib.book import mutants
from deepsense_lib.errors import InputError

KINDS = ("formula", "listing", "text")


@dataclass(frozen=True)
class Erratum:
    """One defect: its number, kind, one line on it, the page that treats it, and what keeps it repaired."""

    number: int
    kind: str
    defect: str
    page: str  # below `chapters/`
    tests: tuple[str, ...]  # file::name

    def __str__(self) -> str:
        return f"E{self.number}"


@dataclass(frozen=True)
class Mutant:
    """A wrong function, the right one as "module:name", and the tests that tell them apart."""

    erratum: int
    wrong: Callable
    right: str
    tests: tuple[str, ...]  # names, each among those of its erratum


def resolve(name: str) -> object:
    """Import what "module:attribute" names, below `deepsense_lib`."""
    module, _, attribute = name.partition(":")
    return getattr(importlib.import_module(f"deepsense_lib.{module}"), attribute)


def get(number: int) -> Erratum:
    """Give the erratum of a number.

    Raises:
        InputError: if there is none.
    """
    if number not in range(1, len(REGISTER) + 1):
        raise InputError(f"there is no erratum E{number}; they go from E1 to E{len(REGISTER)}")
    return REGISTER[number - 1]


def _read() -> tuple[Erratum, ...]:
    rows = json.loads(Path(__file__).with_name("errata.json").read_text(encoding="utf-8"))
    return tuple(Erratum(**row | {"tests": tuple(row["tests"])}) for row in rows)


REGISTER = _read()

MUTANTS = (
    Mutant(
        1,
        mutants.loss_that_stretches,
        "formulas.autoencoder:reconstruction_loss",
        ("test_reconstruction_loss_is_torchs_squared_error",),
    ),
    Mutant(
        2,
        mutants.encoder_minus_decoder_gradients,
        "formulas.autoencoder:linear_autoencoder_gradients",
        (
            "test_linear_gradients_are_autograds",
            "test_trained_linear_autoencoder_spans_the_principal_subspace",
        ),
    ),
    Mutant(
        3,
        mutants.nll_of_strangers,
        "formulas.seq2seq:gaussian_nll",
        (
            "test_gaussian_nll_is_torchs",
            "test_squared_errors_rank_predictions_as_the_gaussian_does_and_absolute_ones_as_the_laplace",
        ),
    ),
    Mutant(
        4,
        mutants.log_likelihood_without_order,
        "formulas.seq2seq:sequence_log_likelihood",
        (
            "test_the_probabilities_of_all_sequences_add_up_to_one",
            "test_sequence_log_likelihood_is_torchs_cross_entropy",
        ),
    ),
    Mutant(
        4,
        mutants.stop_loss_over_padding,
        "formulas.seq2seq:stop_loss",
        (
            "test_stop_loss_is_torchs_over_true_steps",
            "test_stop_loss_ignores_the_padding_and_survives_large_logits",
        ),
    ),
    Mutant(
        5,
        mutants.squared_error_of_all,
        "formulas.parallel_tts:multi_resolution_stft_loss",
        ("test_multi_resolution_loss_is_the_mean_and_ignores_the_sign_of_the_wave",),
    ),
    Mutant(
        6,
        mutants.softmax_without_mask,
        "formulas.attention:masked_softmax",
        (
            "test_masked_softmax_is_the_softmax_of_what_is_left",
            "test_masked_softmax_survives_large_scores_and_refuses_an_empty_row",
        ),
    ),
    Mutant(
        7,
        mutants.mean_of_all_places,
        "formulas.attention:context",
        ("test_a_context_lies_between_the_values",),
    ),
    Mutant(
        8,
        mutants.bilinear_layer,
        "formulas.convolution:conv2d",
        ("test_conv2d_equals_torch", "test_convolution_commutes_with_shifts"),
    ),
    Mutant(
        10,
        mutants.no_activation,
        "formulas.classification:relu",
        ("test_relu_and_its_gradient_equal_torch_at_zero_too",),
    ),
    Mutant(
        10,
        mutants.gradient_of_raw_scores,
        "formulas.classification:cross_entropy_gradient",
        ("test_the_gradient_is_prediction_minus_target",),
    ),
    Mutant(
        13,
        mutants.lstm_without_its_cell,
        "formulas.recurrent:lstm",
        ("test_lstm_is_torchs",),
    ),
    Mutant(
        14,
        mutants.unshifted,
        "formulas.seq2seq:shift_right",
        ("test_shifted_frames_never_hold_the_present_or_the_future",),
    ),
    Mutant(
        17,
        mutants.score_without_scale,
        "formulas.attention:scaled_dot_score",
        ("test_scaled_dot_product_attention_is_pytorchs",),
    ),
    Mutant(
        19,
        mutants.ten_classes,
        "formulas.classification:targets",
        ("test_cross_entropy_equals_torch_and_keras",),
    ),
    Mutant(
        25,
        mutants.one_region,
        "formulas.attention:masked_softmax",
        ("test_masked_softmax_is_the_softmax_of_what_is_left",),
    ),
)

# The concepts that E30 misses: name -> (what it is, where the package has it).
CONCEPTS = {
    "phoneme": ("the smallest sound that tells words apart", "speech.phonemes:SYMBOLS"),
    "grapheme to phoneme": ("from letters to phonemes", "speech.phonemes:phonemize"),
    "mel": ("a scale of pitch on which equal steps sound equal", "formulas.mel:hz_to_mel"),
    "log-mel spectrogram": ("what an acoustic model learns to draw", "speech.features:log_mel"),
    "F0 and prosody": ("melody, tempo and stress", "torch_models.parallel_tts:VariancePredictor"),
    "alignment": ("which symbol a frame belongs to", "formulas.attention:masked_softmax"),
    "vocoder": ("from spectrogram to samples", "torch_models.vocoder:Vocoder"),
    "action unit": ("one movement of the face, after FACS", "faces.expressions:UNITS"),
    "basic expressions": ("seven names for posed patterns of units", "faces.expressions:CLASSES"),
    "descriptor": ("a picture as a row of hand-made features", "faces.descriptors:hog"),
    "feature map": ("what a learned filter finds at every place", "formulas.convolution:conv2d"),
}
