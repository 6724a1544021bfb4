"""The cache holds the keys and values of transformers' own, and copies them rarely."""

import torch
from transformers import DynamicCache

from seal.engine.row_cache import ROOM, cache_of, empty_cache, keys_and_values, merged


def test_it_holds_what_the_cache_of_transformers_holds_and_writes_in_place() -> None:
    ours, theirs, places = empty_cache(), DynamicCache(), set()
    for n_tokens in [5, *[1] * (2 * ROOM), 3]:
        for layer in range(2):
            keys, values = torch.randn(2, 3, 2, n_tokens, 4)
            found, expected = (cache.update(keys, values, layer) for cache in (ours, theirs))
            assert all(one.equal(other) for one, other in zip(found, expected, strict=True))
        places.add(keys_and_values(ours)[0][0].data_ptr())
    assert ours.get_seq_length() == theirs.get_seq_length() == 8 + 2 * ROOM
    assert len(places) <= 3


def test_rows_of_two_caches_stand_in_one_with_zeros_before_the_shorter() -> None:
    long, short = torch.randn(2, 2, 1, 5, 4), torch.randn(2, 1, 1, 3, 4)
    [(keys, values)] = keys_and_values(merged([cache_of([long]), cache_of([short])], order=[2, 0, 1]))
    assert keys.shape == values.shape == (3, 1, 5, 4)
    assert keys[1:].equal(long[0])
    assert keys[0, :, 2:].equal(short[0, 0])
    assert not keys[0, :, :2].any()
