"""An engine that writes what a test says, whoever asks."""

from collections.abc import Callable, Sequence

from seal.engine import Engine, Generator, Request, Spend
from seal.nn.backbone import Backbones
from seal.settings import option
from seal.types import Completion, Policy, Sampling


class Writer:
    """Writes by number of the request, and remembers all of them."""

    def __init__(self, write: Callable[[int], Completion]) -> None:
        self.write, self.requests = write, list[Request]()

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> list[Completion]:
        self.requests.extend(requests)
        return [self.write(number) for number, _ in enumerate(requests)]


@option
class Scripted(Engine):
    writer: Writer

    @property
    def batch_size(self) -> int:
        return 100

    def generator(self, policy: Policy, backbones: Backbones, spend: Spend) -> Generator:
        return self.writer


def says(*texts: str) -> Scripted:
    """An engine that writes these texts, again and again."""
    return Scripted(writer=Writer(lambda number: Completion(text=texts[number % len(texts)], finished=True)))
