"""An inner method of one's own: prefix tuning (arXiv 2101.00190), by PEFT."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from peft import PrefixTuningConfig, get_peft_model, get_peft_model_state_dict, set_peft_model_state_dict

from seal.inner import Adapted
from seal.inner.full import Full
from seal.nn.adaptation import Adaptation
from seal.nn.supervised import Row, fit
from seal.settings import option
from seal.types import Training


@dataclass(frozen=True, eq=False)
class Prefix(Adaptation):
    """Trained keys and values before each prompt."""

    values: dict[str, Any]
    n_tokens: int

    @classmethod
    @contextmanager
    def attached(cls, model: Any, group: Sequence["Prefix"]) -> Iterator[None]:
        [prefix] = group
        network, own = network_of(model, prefix.n_tokens), model.generate
        set_peft_model_state_dict(network, prefix.values)

        def generate(**settings: Any) -> Any:
            model.generate = own  # which the network calls
            try:
                return network.generate(**settings)
            finally:
                model.generate = generate

        model.generate = generate
        try:
            yield
        finally:
            del model.generate


@option
class PrefixTuning(Full):
    """The settings of a training are those of full fine-tuning; what is trained is the prefix."""

    n_tokens: int
    """Of the prefix."""

    def adapt(self, backbone: Any, plans: Any, seeds: Any, starts: Any = None) -> list[Any]:
        return [self._trained(backbone, plan, seed) for plan, seed in zip(plans, seeds, strict=True)]

    def _trained(self, backbone: Any, plan: Any, seed: int) -> Adapted:
        network = network_of(backbone.model, self.n_tokens)
        rows = [Row(tokens=tokens) for tokens in self.examples(backbone, plan)]
        course = self.overridden(plan.settings).course
        losses = fit(network, rows, course, pad_id=backbone.pad_id, device=backbone.device, seed=seed)
        values = {name: value.detach().clone() for name, value in get_peft_model_state_dict(network).items()}
        n_tokens = sum(row.tokens.n_trained for row in rows)
        seen = round(n_tokens * len(losses) / course.steps_per_epoch(len(rows)))
        training = Training(n_sequences=len(rows), n_tokens=n_tokens, losses=losses, trained_tokens=seen)
        return Adapted(adapter=Prefix(values, self.n_tokens), training=training)


def network_of(model: Any, n_tokens: int) -> Any:
    return get_peft_model(model, PrefixTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=n_tokens))
