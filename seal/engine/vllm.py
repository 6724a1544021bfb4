"""Generation by vLLM (arXiv 2309.06180) in this process: `vllm.LLM`, one policy at a time, an adapter a request."""

from collections.abc import Mapping
from dataclasses import field
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from pydantic import PositiveInt

from seal.engine import Generator, Spend
from seal.engine.vllm_settings import VLLMSettings
from seal.errors import ConfigError
from seal.settings import option
from seal.types import Policy

if TYPE_CHECKING:
    from seal.nn.backbone import Backbones

NOT_INSTALLED = (
    "vLLM is not installed here: pip install 'seal-lm[vllm]' (it needs a CUDA GPU), or choose engine=vllm_server with "
    "an engine.command of another environment, or engine=transformers"
)


@option
class VLLM(VLLMSettings):
    """Generation by vLLM in this process (`vllm.LLM`). Needs the extra `vllm` and a CUDA GPU.

    Memory: the inner loop trains on the same GPU. vLLM takes `gpu_memory_utilization` of the whole GPU (weights,
    adapters and cache) when it starts. That much must be free then. The inner loop needs the rest: the weights once
    more, its adapters with their optimizer, and activations. These grow with `inner.parallel`. We have not measured it:
    begin with 0.4, and lower `inner.parallel` where training runs out of memory. vLLM gives all of it back while the
    policy itself is fine-tuned.
    """

    requests_together: PositiveInt = 256
    """Requests that are handed over at once. As many texts are recorded together."""
    extra_arguments: Mapping[str, Any] = field(default_factory=dict)
    """Further arguments of `vllm.LLM`, for example `+engine.extra_arguments.quantization=fp8`."""

    @property
    def batch_size(self) -> int:
        return self.requests_together

    @property
    def is_installed(self) -> bool:
        return find_spec("vllm") is not None

    def ready(self) -> None:
        if not self.is_installed:
            raise ConfigError(f"engine: {NOT_INSTALLED}")

    def generator(self, policy: Policy, backbones: "Backbones", spend: Spend) -> Generator:
        from seal.engine.vllm_library import LoadedPolicy

        arguments = {**self.arguments(backbones.model), **self.extra_arguments}
        return backbones.guest(self, policy, lambda: LoadedPolicy(self, arguments, backbones.stored(policy)))
