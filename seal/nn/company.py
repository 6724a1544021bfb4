"""With whom a sequence goes through a model that trains: with as many as its numbers do not notice.

Each kind of company is tried out before it is kept; see `seal.nn.probing`.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from seal.nn.course import Course
from seal.nn.packing import Pass, Segment, attending_within_segments, in_rows, packed
from seal.nn.probing import Compared, Rows, alike, rows, states, unequal
from seal.nn.reading import alone, check_learning, check_reading, name_of
from seal.nn.rotary import forget_lengths

if TYPE_CHECKING:
    from seal.nn.backbone import Backbone


class Company(StrEnum):
    """Who goes through a model together."""

    PACKED = "one behind the other in one row"
    PADDED = "side by side, padded to one length"
    EQUAL = "side by side where they have one length"
    ALONE = "one at a time"


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How sequences go through a model."""

    company: Company
    forgets: bool
    """Whether rotary scaling has to forget before each pass how long others were."""

    def attending(self, backbone: "Backbone") -> AbstractContextManager[None]:
        """While open, the model takes the passes of this way."""
        is_packed = self.company is Company.PACKED
        return attending_within_segments(backbone.model) if is_packed else nullcontext()

    def passes(self, backbone: "Backbone", batches: Sequence[Sequence[Segment]]) -> Iterator[Pass]:
        """The segments of each adapter, [A][…], in as many passes as it takes; each ends as the next comes."""
        for together in self._together(batches):
            if self.forgets:
                forget_lengths(backbone.model)
            if self.company is Company.PACKED:
                yield packed(together, backbone.device)
            else:
                yield in_rows(together, backbone.device, pad_id=backbone.pad_id)

    def _together(self, batches: Sequence[Sequence[Segment]]) -> Iterator[Sequence[Sequence[Segment]]]:
        if self.company in (Company.PACKED, Company.PADDED):
            yield batches
        elif self.company is Company.EQUAL:
            for shape in sorted({_shape(segment) for batch in batches for segment in batch}):
                yield [[segment for segment in batch if _shape(segment) == shape] for batch in batches]
        else:
            for owner, batch in enumerate(batches):
                for segment in batch:
                    yield [[segment] if number == owner else [] for number in range(len(batches))]


def _shape(segment: Segment) -> tuple[int, int, int]:
    """What segments of one length have in common: padding of their own too, and where it ends."""
    return len(segment), segment.n_padding, int(segment.positions.max())


def way_of_training(backbone: "Backbone", n_tokens: int, *, learns_padding: bool = False) -> Way:
    """How sequences of at most so many tokens are trained on; `learns_padding` if some have padding of their own.

    Raises:
        ModelError: not even one at a time: see `seal.nn.reading`.
    """
    check_learning(backbone)
    forgets = check_reading(backbone, n_tokens)
    with_padding = ", with padding that is learned" if learns_padding else ""
    for company, compare in _COMPARED.items():
        if alike(backbone, company + with_padding, n_tokens, partial(compare, backbone, forgets, learns_padding)):
            break
    else:
        company = Company.ALONE
    if company in (Company.EQUAL, Company.ALONE):
        backbone.probes.say(
            f"{name_of(backbone)} is trained on sequences {company}: it notices what others are padded with"
        )
    return Way(company=company, forgets=forgets)


def course_apart(backbone: "Backbone", course: Course, lengths: Sequence[int]) -> Course:
    """The course of a training by transformers' Trainer, which pads rows on the right and masks the padding.

    Where a model notices that, rows of so many tokens each go through it one at a time.

    Raises:
        ModelError: see `seal.nn.reading`.
    """
    check_learning(backbone)
    forgets = check_reading(backbone, max(lengths))
    at_once = min(course.micro_batch_size or course.batch_size or len(lengths), len(lengths))
    compare = partial(_masked, backbone, forgets)
    if at_once > 1 and not alike(backbone, "padded behind a mask", max(lengths), compare):
        backbone.probes.say(f"{name_of(backbone)} is fine-tuned on rows {Company.ALONE}: it notices padding")
        course = replace(course, micro_batch_size=1)
    return replace(course, forgets=forgets)


def _packed(backbone: "Backbone", forgets: bool, learns_padding: bool, n_tokens: int, seed: int) -> Compared:
    segments = _segments(unequal(backbone, n_tokens, seed), learns_padding)
    with attending_within_segments(backbone.model):
        [whole] = states(backbone.model, **packed([segments], backbone.device).inputs)
    return whole.split([len(segment) for segment in segments]), _each_alone(backbone, segments, forgets)


def _padded(backbone: "Backbone", forgets: bool, learns_padding: bool, n_tokens: int, seed: int) -> Compared:
    return _in_rows(backbone, _segments(unequal(backbone, n_tokens, seed), learns_padding), forgets)


def _equal(backbone: "Backbone", forgets: bool, learns_padding: bool, n_tokens: int, seed: int) -> Compared:
    return _in_rows(backbone, _segments(rows(backbone, (n_tokens, n_tokens), seed), learns_padding), forgets)


_COMPARED = {Company.PACKED: _packed, Company.PADDED: _padded, Company.EQUAL: _equal}


def _in_rows(backbone: "Backbone", segments: Sequence[Segment], forgets: bool) -> Compared:
    if forgets:
        forget_lengths(backbone.model)
    whole = states(backbone.model, **in_rows([segments], backbone.device, pad_id=backbone.pad_id).inputs)
    found = [row[: len(segment)] for row, segment in zip(whole, segments, strict=True)]
    return found, _each_alone(backbone, segments, forgets)


def _each_alone(backbone: "Backbone", segments: Sequence[Segment], forgets: bool) -> list[Tensor]:
    passes = Way(company=Company.ALONE, forgets=forgets).passes(backbone, [segments])
    return [states(backbone.model, **one_pass.inputs)[0] for one_pass in passes]


def _masked(backbone: "Backbone", forgets: bool, n_tokens: int, seed: int) -> Compared:
    texts = unequal(backbone, n_tokens, seed)
    one_pass = in_rows([_segments(texts, False)], backbone.device, pad_id=backbone.pad_id)
    lengths = torch.tensor([len(text) for text in texts])
    mask = (torch.arange(int(lengths.max())) < lengths[:, None]).long().to(backbone.device)
    if forgets:
        forget_lengths(backbone.model)
    whole = states(backbone.model, **one_pass.inputs, attention_mask=mask)
    found = [row[: len(text)] for row, text in zip(whole, texts, strict=True)]
    return found, [alone(backbone, text, forgets=forgets) for text in texts]


def _segments(texts: Rows, learns_padding: bool) -> list[Segment]:
    """The second has padding of its own, if any has."""
    return [
        Segment(
            ids=text,
            labels=text,
            positions=torch.arange(len(text)),
            weights=torch.ones(len(text)),
            n_padding=2 if learns_padding and number == 1 else 0,
        )
        for number, text in enumerate(texts)
    ]
