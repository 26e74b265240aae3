"""The gradient noise scale: the batch size above which more samples hardly improve the gradient.

Source: S. McCandlish, J. Kaplan, D. Amodei and the OpenAI Dota Team, "An Empirical Model of Large-Batch Training",
2018 (arXiv:1812.06162), sections 2.2 and 2.3 and appendix A.1.

With G the gradient over all data and C the covariance of the gradient of one sample, the gradient of a batch of B
samples has the expected squared norm  E|G_B|² = |G|² + tr(C) / B.  Two batch sizes give two such equations.
"""

import math
from dataclasses import dataclass
from statistics import NormalDist

from clr_core.errors import InvalidArgumentError


@dataclass(frozen=True, slots=True)
class GradientMoments:
    """One measurement. A single one may be far off; averages of many are accurate.

    Attributes:
        signal: Estimate of |G|², in squared units of the loss by units of the weights; may be negative.
        noise: Estimate of S = tr(C), in the same units times samples; may be negative.
    """

    signal: float
    noise: float


def moments(small_squared: float, big_squared: float, *, small: int, big: int) -> GradientMoments:
    """Return unbiased estimates from one squared norm at each of two batch sizes (appendix A.1, equations A.2, A.3).

    |G|² = (B_big |G_big|² - B_small |G_small|²) / (B_big - B_small),
    S    = (|G_small|² - |G_big|²) / (1 / B_small - 1 / B_big).

    Args:
        small_squared: |G_small|², or its mean over several small batches of the same step.
        big_squared: |G_big|².
        small: B_small, samples.
        big: B_big, samples, above ``small``.

    Raises:
        InvalidArgumentError: The sizes are not 1 <= small < big, or a square is negative or not finite.
    """
    if small < 1:
        raise InvalidArgumentError("small", small, "at least 1")
    if big <= small:
        raise InvalidArgumentError("big", big, f"above small = {small}")
    for name, value in (("small_squared", small_squared), ("big_squared", big_squared)):
        if not (math.isfinite(value) and value >= 0):
            raise InvalidArgumentError(name, value, "finite and at least 0")
    signal = (big * big_squared - small * small_squared) / (big - small)
    return GradientMoments(signal, (small_squared - big_squared) / (1 / small - 1 / big))


@dataclass(frozen=True, slots=True)
class Smoothed:
    """An exponential moving average of one estimate, corrected for its start, with its standard error.

    With weights w_i = decay^(n - i) after n values x_i the mean is Σ w x / Σ w. Values of different steps are taken as
    independent, so its variance is  var(x) Σ w² / (Σ w)²  with  var(x) = (Σ w x² / Σ w - mean²) / (1 - Σ w² / (Σ w)²).
    A drift within the window counts as noise, which makes the error larger than it is.

    Attributes:
        values: Σ w x.
        squares: Σ w x².
        weight: Σ w.
        weight_squares: Σ w².
    """

    values: float = 0.0
    squares: float = 0.0
    weight: float = 0.0
    weight_squares: float = 0.0

    def add(self, value: float, decay: float) -> "Smoothed":
        """Return the average with one more value; ``decay`` in [0, 1)."""
        return Smoothed(
            decay * self.values + value,
            decay * self.squares + value * value,
            decay * self.weight + 1,
            decay * decay * self.weight_squares + 1,
        )

    @property
    def mean(self) -> float:
        """The average; NaN before the first value."""
        return self.values / self.weight if self.weight else math.nan

    @property
    def standard_error(self) -> float:
        """Standard error of the mean; infinite if fewer than two values count."""
        if not self.weight:
            return math.inf
        share = self.weight_squares / self.weight**2
        if share >= 1 - 1e-12:  # one value
            return math.inf
        variance = max(self.squares / self.weight - self.mean**2, 0.0) / (1 - share)
        return math.sqrt(variance * share)


@dataclass(frozen=True, slots=True)
class NoiseScale:
    """The noise scale B_simple = S / |G|², in samples (section 2.2, equation 2.9).

    |G|² and S are averaged separately and then divided: the mean of their quotients is biased and has no variance.

    Attributes:
        signal: Average of |G|².
        noise: Average of S.
        measurements: Number of measured steps.
    """

    signal: Smoothed = Smoothed()
    noise: Smoothed = Smoothed()
    measurements: int = 0

    def add(self, one: GradientMoments, decay: float) -> "NoiseScale":
        """Return the scale after one more measurement."""
        return NoiseScale(self.signal.add(one.signal, decay), self.noise.add(one.noise, decay), self.measurements + 1)

    @property
    def value(self) -> float:
        """B_simple in samples; infinite if noise hides the gradient (|G|² is not above 0), NaN before the first."""
        return _quotient(self.noise.mean, self.signal.mean)

    def interval(self, level: float = 0.9) -> tuple[float, float]:
        """Return the interval of B_simple in samples; its upper end may be infinite.

        Each mean is normal with its standard error; the quotient is taken at the ends of both intervals of ``level``,
        which holds at least that share.
        """
        z = NormalDist().inv_cdf((1 + level) / 2)
        ends = [(each.mean, z * each.standard_error) for each in (self.noise, self.signal)]
        (noise, noise_half), (signal, signal_half) = ends
        if not all(math.isfinite(value) for value in (noise, noise_half, signal, signal_half)):
            return 0.0, math.inf
        low = 0.0 if signal + signal_half <= 0 else max(noise - noise_half, 0.0) / (signal + signal_half)
        return low, _quotient(noise + noise_half, signal - signal_half)


def _quotient(noise: float, signal: float) -> float:
    if math.isnan(noise) or math.isnan(signal):
        return math.nan
    return max(noise, 0.0) / signal if signal > 0 else math.inf


def adascale_gain(noise_scale: float, batch_size: int, factor: float) -> float:
    """Return AdaScale's gain of a batch ``factor`` times as large: how many current steps one of its steps replaces.

    r = (σ² + μ²) / (σ² / factor + μ²), with σ² = S / batch_size the variance of today's gradient and μ² = |G|². In
    terms of the noise scale that is  r = (φ + 1) / (φ / factor + 1)  with  φ = B_simple / batch_size.  It lies between
    1 (a gradient without noise: a larger batch is wasted) and ``factor`` (nothing but noise: linear scaling holds).
    AdaScale multiplies the learning rate by it and goes through the schedule that much faster.

    Source: T. Johnson, P. Agrawal, H. Gu and C. Guestrin, "AdaScale SGD: A User-Friendly Algorithm for Distributed
    Training", ICML 2020 (arXiv:2007.05105), section 3.2, where ``batch_size`` is that of one rank and ``factor`` the
    number of ranks. Gains multiply: r(a) at B, times r(b) at a B, is r(a b) at B.

    Args:
        noise_scale: B_simple, samples; at least 0, may be infinite.
        batch_size: Current global batch size, samples.
        factor: New batch size over current batch size, at least 1.

    Raises:
        InvalidArgumentError: An argument lies outside its range.
    """
    if not noise_scale >= 0:
        raise InvalidArgumentError("noise_scale", noise_scale, "at least 0")
    if batch_size < 1:
        raise InvalidArgumentError("batch_size", batch_size, "at least 1")
    if not (math.isfinite(factor) and factor >= 1):
        raise InvalidArgumentError("factor", factor, "finite and at least 1")
    if math.isinf(noise_scale):
        return float(factor)
    phi = noise_scale / batch_size
    return (phi + 1) / (phi / factor + 1)
