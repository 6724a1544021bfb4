"""A training in few numbers, however many steps it had."""

import pytest

from seal.stats.learning import learning_of
from seal.types import Training, Watched


@pytest.mark.parametrize(("n_steps", "n_parts"), [(1, 1), (3, 3), (40, 40), (1000, 40)])
def test_the_parts_cover_all_steps_once_and_the_last_ends_with_the_training(n_steps: int, n_parts: int) -> None:
    losses = tuple(map(float, range(n_steps)))
    looks = (Watched(step=0, log_likelihood=-3.0), Watched(step=n_steps, log_likelihood=-1.0))
    found = learning_of("adapted", Training(n_sequences=1, n_tokens=1, losses=losses, watched=looks))
    ends = [end for end, _ in found.losses]
    sizes = [end - start for start, end in zip([0, *ends], ends, strict=False)]
    assert (len(ends), ends[-1], found.watched) == (n_parts, n_steps, looks)
    total = sum(size * loss for size, (_, loss) in zip(sizes, found.losses, strict=True))
    assert total == pytest.approx(sum(losses))
