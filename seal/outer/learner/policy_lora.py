"""The PEFT adapter that fine-tunes a policy."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyLoRA:
    """The shape of the adapter."""

    rank: int
    alpha: float
    targets: tuple[str, ...]
    """Paths of linear layers, or name endings."""


def with_adapter(network: "PreTrainedModel", lora: PolicyLoRA, seed: int) -> "PeftModel":
    """The network with a new adapter. The seed draws its initial weights."""
    from peft import LoraConfig, get_peft_model
    from transformers import set_seed

    config = LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha,  # type: ignore[arg-type]  # PEFT takes any number
        target_modules=list(lora.targets),
        task_type="CAUSAL_LM",
    )
    set_seed(seed % 2**32)  # the initial weights of an adapter are random
    return get_peft_model(network, config)
