"""What a policy learned from, as its update notes it; and the next policy, read back from its folder."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from seal.config import loading
from seal.errors import RunError
from seal.folder.store import Store
from seal.nn.backbone import Backbone, save
from seal.nn.readback import Measured, logits
from seal.outer.learner import Example, Learned, Learner
from seal.task import Contexts
from seal.types import Policy, Update, Weighted
from seal.work.fulfilling import fulfil
from seal.work.lab import Lab
from seal.work.learning import Learning, Lesson, signed_weights
from tests.values import attempt

IDS = (5, 6, 7)


@dataclass(frozen=True)
class Writing(Learner):
    """Writes the policy as it was, and says that it had computed something, or the same."""

    honest: bool

    def learn(self, backbone: Backbone, examples: Sequence[Example], folder: Path, seed: int) -> Learned:
        found = logits(backbone.model, IDS)
        measured = Measured(ids=IDS, adapted=found if self.honest else found.flip(1), unadapted=found)
        return Learned(losses=(1.0,), sha256=save(backbone.model, backbone.tokenizer, folder), measured=measured)


@pytest.mark.parametrize("honest", [True, False])
def test_a_policy_that_is_not_what_was_learned_ends_the_run(tmp_path: Path, honest: bool) -> None:
    run, _ = loading.load(["experiment=tiny", "model.device=cpu", "outer.must_beat_unadapted=false"])
    run = replace(run, outer=replace(run.outer, learner=Writing(honest=honest)))
    contexts = Contexts(train=(), held_out=())
    lesson = Lesson(attempts=(attempt("a", 0, 1.0),))
    with closing(Lab(run=run, store=Store(tmp_path), contexts=contexts, log=lambda _: None)) as lab:
        learning = Learning(policy=Policy(round=0), title="learning")
        if honest:
            [update] = fulfil(lab, learning, [lesson])
            assert update.weights == "policies/round_1"
        else:
            with pytest.raises(RunError, match="its logits are not those of what was learned"):
                fulfil(lab, learning, [lesson])
            assert not (tmp_path / "updates.jsonl").exists()


def weighted(*weights: float) -> list[Weighted]:
    return [Weighted(attempt=attempt("a", index, 1.0), weight=weight) for index, weight in enumerate(weights)]


def update(signed: dict[str, float], *kept: str) -> Update:
    return Update(round=1, kept=kept, losses=(0.5,), weights="policies/round_1", sha256="0", signed=signed)


def test_weights_are_noted_unless_each_is_1() -> None:
    assert signed_weights(weighted(1.0, 1.0)) == {}
    assert signed_weights(weighted(0.5, -0.25)) == {"a/0": 0.5, "a/1": -0.25}
    assert signed_weights(weighted(2.0, 1.0)) == {"a/0": 2.0, "a/1": 1.0}


def test_a_self_edit_that_stands_twice_has_the_sum_of_its_weights() -> None:
    [twice] = weighted(0.5)
    assert signed_weights([twice, twice]) == {"a/0": 1.0} or signed_weights([twice, twice]) == {}


def test_an_update_says_what_was_reinforced_and_what_suppressed() -> None:
    found = update({"a/0": 0.5, "a/1": -0.25}, "a/0")
    assert found.suppressed == ("a/1",)
    assert found.learned == {"a/0": 0.5, "a/1": -0.25}
    assert update({}, "a/2").learned == {"a/2": 1.0}
