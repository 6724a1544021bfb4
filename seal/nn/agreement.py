"""How far the logits that were measured are from those that come of the files made of them."""

from dataclasses import dataclass

TOLERANCES = {"float64": 1e-6, "float32": 1e-3, "float16": 2e-2, "bfloat16": 1e-1}
"""Of `Agreement.distance`: what rounding makes of it in a model of this precision, several times over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Between the logits of an adapted model and of the one that was read back, on a few tokens.

    Distances are root mean squares over the vocabulary, in standard deviations of a token's logits; of the tokens the
    median, because a mixture of experts may choose other experts for some tokens by rounding alone.
    """

    n_tokens: int
    dtype: str
    """Of the model that computed them."""
    largest: float
    """Difference of one logit."""
    distance: float
    effect: float
    """The distance between the adapted model and the one without its adapter."""

    @property
    def holds(self) -> bool:
        """Whether rounding explains the distance. One that is no number is none that it explains."""
        return self.distance <= TOLERANCES[self.dtype]

    @property
    def share(self) -> float | None:
        """The distance as a part of the effect; None where the adapter changes nothing."""
        return self.distance / self.effect if self.effect else None

    def __str__(self) -> str:
        """For people, without a full stop."""
        return (
            f"on {self.n_tokens} tokens in {self.dtype} they differ by {self.distance:.2g} standard deviations (one by "
            f"{self.largest:.2g}), and the adapter moves them by {self.effect:.2g}"
        )
