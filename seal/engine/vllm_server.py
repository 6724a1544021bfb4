"""Generation by a vLLM server that is started for the policy, and given adapters while it runs.

In a process of its own vLLM may have an environment of its own: another virtual environment, or a container.
"""

import shutil
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt

from seal.endpoint import Endpoint
from seal.engine import Generator, Spend
from seal.engine.vllm_settings import VLLMSettings
from seal.errors import ConfigError
from seal.settings import PathOrName, option
from seal.types import Policy

if TYPE_CHECKING:
    from seal.nn.backbone import Backbones

KEY_VARIABLE = "VLLM_API_KEY"
"""Where vLLM's server finds the key that it asks for, if it asks for one."""


@option
class VLLMServer(VLLMSettings):
    """Generation by a vLLM server (`vllm serve`) that SEAL starts for the policy and stops again. Adapters are loaded
    and unloaded while it runs. Its log lies in the run's folder, engine/server_N.log.

    Memory: the inner loop trains on the same GPU unless `gpus` names another. vLLM takes `gpu_memory_utilization` of
    the whole GPU (weights, adapters and cache) when it starts. That much must be free then, or the log says so. The
    inner loop needs the rest: the weights once more, its adapters with their optimizer, and activations. These grow
    with `inner.parallel`. We have not measured it: begin with 0.4, and lower `inner.parallel` where training runs out
    of memory. The server is gone while the policy itself is fine-tuned.
    """

    repeats_batches: ClassVar[bool] = False

    command: Annotated[tuple[PathOrName, ...], Field(min_length=1)] = ("vllm", "serve")
    """What starts a server; the model's folder and the options follow. vLLM may live in another environment or a
    container: `[/opt/vllm/bin/vllm, serve]`, or `[apptainer, exec, --nv, --bind, /dev/shm, vllm.sif, vllm, serve]`. A
    container must see the model's folder, the run's and `adapter_folder`, and pass VLLM_ALLOW_RUNTIME_LORA_UPDATING
    on."""
    extra_arguments: tuple[str, ...] = ()
    """Further options of `vllm serve`, for example `[--tensor-parallel-size, "2"]`."""
    gpus: str | None = None
    """`CUDA_VISIBLE_DEVICES` of the server, for example `"1"`; null is what this process sees."""
    start_timeout_s: PositiveFloat = 900.0
    """How long it may take to come up."""
    concurrency: PositiveInt = 128
    """Requests under way at the same time. As many texts are recorded together."""
    timeout_s: PositiveFloat = 600.0
    """Of one request."""
    max_retries: NonNegativeInt = 2
    """Further tries of a request that fails, with exponential backoff."""
    give_up_after: PositiveInt = 8
    """So many requests in a row without a reply, and the rest of a batch is not asked."""

    @property
    def batch_size(self) -> int:
        return self.concurrency

    def ready(self) -> None:
        program = self.command[0]
        if shutil.which(program) is None:
            raise ConfigError(
                f"engine.command: there is no program '{program}' here: install vLLM (pip install 'seal-lm[vllm]'), or "
                "say how it is started, for example engine.command=[/path/to/venv/bin/vllm,serve]"
            )

    def generator(self, policy: Policy, backbones: "Backbones", spend: Spend) -> Generator:
        from seal.engine.vllm_serving import ServedPolicy, Start

        def serve() -> ServedPolicy:
            stored = backbones.stored(policy)
            start = Start(
                command=self.command,
                arguments=self.arguments(backbones.model),
                extra_arguments=self.extra_arguments,
                gpus=self.gpus,
                timeout_s=self.start_timeout_s,
                endpoint=self.endpoint,
            )
            return ServedPolicy(self, start, stored, log_folder=backbones.run_folder / "engine")

        return backbones.guest(self, policy, serve)

    def endpoint(self, port: int, served_name: str) -> Endpoint:
        """How a server on this machine is asked."""
        return Endpoint(
            base_url=f"http://127.0.0.1:{port}/v1",
            model=served_name,
            api="completions",
            key_variable=KEY_VARIABLE,
            concurrency=self.concurrency,
            timeout_s=self.timeout_s,
            max_retries=self.max_retries,
            give_up_after=self.give_up_after,
            usd_per_million_prompt_tokens=0.0,
            usd_per_million_completion_tokens=0.0,
        )
