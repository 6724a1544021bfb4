"""Any causal language model of transformers, from a folder or from the hub."""

from seal.model import Model
from seal.settings import option


@option
class HuggingFace(Model):
    """Any causal language model that `transformers.AutoModelForCausalLM` can read."""
