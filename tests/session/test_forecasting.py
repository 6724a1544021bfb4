"""What a run would pay for."""

from seal.session.forecasting import in_all
from seal.types import Usage


def test_a_forecast_of_less_than_a_cent_is_not_nothing() -> None:
    usages = [Usage(n_calls=2, prompt_tokens=900, completion_tokens=16, usd=0.0019), Usage(n_calls=1, usd=0.0023)]
    assert in_all(usages) == {"paid_calls": 3, "estimated_paid_tokens": 916, "estimated_usd": 0.0042}
