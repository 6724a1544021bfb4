"""The settings that the untrained policy writes, all equally often. So it has no preference.

Only the outer loop teaches preferences.
"""

import json
from random import Random

FAMILIES = ("basic", "size", "chain", "repeat")
STRATEGIES = ("train_using_all_tokens", "train_using_output_tokens")
LEARNING_RATES = ("0.0003", "0.001", "0.003", "0.01", "0.03")
EPOCHS = (1, 2, 4, 8)


def written(families: dict[str, bool], strategy: str, learning_rate: str, epochs: int) -> str:
    """The self-edit as `json.dumps` writes it, except that the learning rate never has an exponent."""
    switches = json.dumps({f"use_{family}_augmentations": families[family] for family in FAMILIES})
    training = f'{{"strategy": "{strategy}", "learning_rate": {learning_rate}, "num_train_epochs": {epochs}}}'
    return f'{{"data_generation": {switches}, "training": {training}}}'


def draw(random: Random) -> str:
    """A random self-edit, all equally likely."""
    families = {family: random.random() < 0.5 for family in FAMILIES}
    return written(families, random.choice(STRATEGIES), random.choice(LEARNING_RATES), random.choice(EPOCHS))


def _pieces() -> tuple[str, ...]:
    """The text between the values of a self-edit."""
    text = written(dict.fromkeys(FAMILIES, True), "<>", "<>", 0)
    parts = [part for whole in text.split("<>") for part in whole.split("true")]
    last = parts.pop()
    return (*parts, *last.split("0"))


PIECES = _pieces()
