"""Our own tasks: data, network, optimizer and grid of maximum rates of each.

They differ from lrbench in data, networks and optimizers.  Each was chosen for a shape of curve (``shape``)
before any score was seen.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from torch import nn

from benchmarks.bounds_tasks import sources
from benchmarks.bounds_tasks.models import DigitsCnn, SequenceGru, TokenMixer, mlp
from benchmarks.bounds_tasks.sources import Data


@dataclass(frozen=True)
class OwnTask:
    """One task; ``data`` gives (inputs, targets), of which the last quarter is held back."""

    name: str
    about: str
    shape: str
    kind: str
    data: Callable[[], Data]
    model: Callable[[], nn.Module]
    optimizer: str
    options: dict[str, Any]
    batch_size: int
    epochs: int
    grid: tuple[float, float, int]
    end_lr: float = 10.0
    clip: float | None = None
    traits: dict[str, bool] = field(default_factory=dict)


SGDM = {"momentum": 0.9}
TASKS = (
    OwnTask(
        "own_digits_cnn_bn_nesterov",
        "digits as images; CNN with batch norm; Nesterov 0.9",
        "hardly blows up",
        "cls",
        sources.digits,
        lambda: DigitsCnn(batch_norm=True),
        "sgd",
        SGDM | {"nesterov": True},
        64,
        4,
        (3e-4, 30.0, 14),
        traits={"batch_norm": True},
    ),
    OwnTask(
        "own_digits_cnn_clipped",
        "digits as images; CNN; SGD 0.9; gradient norm clipped at 1",
        "slow rise, clipped",
        "cls",
        sources.digits,
        lambda: DigitsCnn(batch_norm=False),
        "sgd",
        SGDM,
        32,
        4,
        (3e-4, 10.0, 13),
        clip=1.0,
    ),
    OwnTask(
        "own_wine_mlp_sgd",
        "wine; tanh MLP 13-24-3; plain SGD",
        "no momentum, little data",
        "cls",
        sources.wine,
        lambda: mlp([13, 24, 3], nn.Tanh),
        "sgd",
        {},
        16,
        12,
        (1e-3, 100.0, 14),
        end_lr=100.0,
    ),
    OwnTask(
        "own_diabetes_linear_sgd",
        "diabetes; linear regression; plain SGD",
        "early and sudden explosion",
        "reg",
        sources.diabetes,
        lambda: mlp([10, 1], nn.Tanh),
        "sgd",
        {},
        32,
        10,
        (1e-4, 3.0, 14),
    ),
    OwnTask(
        "own_rare_mlp_sgdm",
        "8 % positives; MLP 20-48-48-2; SGD 0.9",
        "falls in two stages: the bias first",
        "cls",
        sources.rare,
        lambda: mlp([20, 48, 48, 2], nn.ReLU),
        "sgd",
        SGDM,
        32,
        4,
        (1e-4, 10.0, 14),
    ),
    OwnTask(
        "own_waves_mlp_adam",
        "noisy waves with an offset; MLP 4-64-64-1; Adam",
        "falls in two stages, then slow rise",
        "reg",
        sources.waves,
        lambda: mlp([4, 64, 64, 1], nn.SiLU),
        "adam",
        {},
        50,
        5,
        (1e-5, 3.0, 15),
    ),
    OwnTask(
        "own_digits_deep_sigmoid_sgdm",
        "digits; sigmoid MLP 64-32-32-10; SGD 0.9",
        "plateau",
        "cls",
        sources.digits,
        lambda: mlp([64, 32, 32, 10], nn.Sigmoid),
        "sgd",
        SGDM,
        32,
        8,
        (1e-3, 30.0, 14),
    ),
    OwnTask(
        "own_sums_gru_adam",
        "functions of sequences; GRU 32; Adam; gradient norm clipped at 1",
        "recurrent, no edge",
        "reg",
        sources.running_sums,
        lambda: SequenceGru(32),
        "adam",
        {},
        48,
        6,
        (3e-5, 1.0, 14),
        clip=1.0,
    ),
    OwnTask(
        "own_tokens_attention_adamw",
        "counting tokens; one attention block; AdamW 0.05",
        "layer norm",
        "cls",
        sources.brackets,
        lambda: TokenMixer(8, 8, 24, 4),
        "adamw",
        {"weight_decay": 0.05},
        48,
        6,
        (3e-5, 1.0, 14),
    ),
    OwnTask(
        "own_digits_autoencoder_adam",
        "digits; autoencoder 64-32-6-32-64; Adam",
        "long slow fall",
        "reg",
        sources.digits_to_digits,
        lambda: mlp([64, 32, 6, 32, 64], nn.ReLU),
        "adam",
        {},
        64,
        6,
        (3e-5, 1.0, 14),
    ),
    OwnTask(
        "own_covers_mlp_bn_adagrad",
        "6 classes, 10 % wrong; MLP with batch norm; Adagrad; batch 16",
        "noise; batch norm; no momentum",
        "cls",
        sources.covers,
        lambda: mlp([30, 64, 64, 6], nn.ReLU, batch_norm=True),
        "adagrad",
        {},
        16,
        3,
        (3e-4, 10.0, 14),
        traits={"batch_norm": True},
    ),
)

# Made and scored once, after the default rule was final.
LATE_TASKS = (
    OwnTask(
        "late_rings_mlp_adam",
        "two rings; tanh MLP 2-32-32-2; Adam",
        "",
        "cls",
        sources.rings,
        lambda: mlp([2, 32, 32, 2], nn.Tanh),
        "adam",
        {},
        64,
        6,
        (3e-5, 1.0, 14),
    ),
    OwnTask(
        "late_friedman3_mlp_nesterov",
        "Friedman 3; MLP 4-48-48-1; Nesterov 0.9",
        "",
        "reg",
        sources.friedman_3,
        lambda: mlp([4, 48, 48, 1], nn.ReLU),
        "sgd",
        SGDM | {"nesterov": True},
        32,
        5,
        (3e-4, 10.0, 14),
    ),
    OwnTask(
        "late_hastie_mlp_sgdm_large",
        "Hastie 10.2; MLP 10-64-2; SGD 0.9; batch 256",
        "",
        "cls",
        sources.hastie,
        lambda: mlp([10, 64, 2], nn.ReLU),
        "sgd",
        SGDM,
        256,
        12,
        (1e-3, 30.0, 14),
    ),
    OwnTask(
        "late_digits_cnn_bn_sgdm_small",
        "digits as images; CNN with batch norm; SGD 0.9; batch 16",
        "",
        "cls",
        sources.digits,
        lambda: DigitsCnn(batch_norm=True),
        "sgd",
        SGDM | {"weight_decay": 5e-3},
        16,
        2,
        (3e-4, 10.0, 13),
        traits={"batch_norm": True},
    ),
    OwnTask(
        "late_skewed_linear_sgdm",
        "badly scaled linear regression; SGD 0.9",
        "",
        "reg",
        sources.skewed,
        lambda: mlp([16, 1], nn.ReLU),
        "sgd",
        SGDM,
        32,
        6,
        (1e-5, 1.0, 14),
    ),
    OwnTask(
        "late_iris_mlp_sgd",
        "iris; MLP 4-16-3; plain SGD",
        "",
        "cls",
        sources.iris,
        lambda: mlp([4, 16, 3], nn.ReLU),
        "sgd",
        {},
        16,
        20,
        (1e-3, 30.0, 14),
    ),
    OwnTask(
        "late_digits_mlp_adamw_large",
        "digits; MLP 64-128-10; AdamW 0.1; batch 128",
        "",
        "cls",
        sources.digits,
        lambda: mlp([64, 128, 10], nn.SiLU),
        "adamw",
        {"weight_decay": 0.1},
        128,
        10,
        (3e-5, 1.0, 14),
    ),
    OwnTask(
        "late_covers_mlp_sgdm_large",
        "6 classes, 10 % wrong; MLP 30-64-6; SGD 0.9; batch 128",
        "",
        "cls",
        sources.covers,
        lambda: mlp([30, 64, 6], nn.ReLU),
        "sgd",
        SGDM,
        128,
        8,
        (3e-4, 10.0, 14),
    ),
)
