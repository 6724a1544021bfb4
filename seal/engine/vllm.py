"""Generation by vLLM (arXiv 2309.06180) in this process: `vllm.LLM`, one policy at a time, an adapter a request."""

from collections.abc import Mapping
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
    """vLLM as a library, in the same Python environment."""

    requests_together: PositiveInt
    """How many requests are handed over at once; records are written so many at once."""
    extra_arguments: Mapping[str, Any]
    """Further arguments of `vllm.LLM`, as they are."""

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
