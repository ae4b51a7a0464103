"""Which of some labels a model finds likeliest as its whole answer, exactly, without reading them all.

Labels form a trie of tokens, each ending in the stop token, so that a label can begin as another does. The
log-probability of a path bounds that of everything below it: the best leaf that is reached before every other open path
is the arg-max. Each round reads, for all rows together, the paths to the best open nodes and what follows them
without a choice. Where all log-probabilities are asked for the whole trie is read in one pass.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tunewright.backends.local_batches import stacks
from tunewright.backends.local_reader import Reader, Tail
from tunewright.errors import Cancelled

Ids = tuple[int, ...]

_LOGITS = 48_000_000  # numbers of one pass over whole tries
# Tokens read for a row in the first round and in those after it. A model that knows the answer ends with the first;
# with one that is undecided nearly all is read in the end, and small passes would cost more than some needless tokens.
_FIRST_TOKENS, _MORE_TOKENS = 4, 12


@dataclass(frozen=True, slots=True)
class LabelTrie:
    """Labels as a trie; node 0 is the prompt, and the nodes below it stand in depth-first order.

    Attributes:
        tokens, parents, depths: of each node; the root has token -1, parent -1, depth 0.
        children: node by token, for each node.
        label: number of the label that ends at a node, -1 for none. Leaves alone end labels.
    """

    tokens: tuple[int, ...]
    parents: tuple[int, ...]
    depths: tuple[int, ...]
    children: tuple[dict[int, int], ...]
    label: tuple[int, ...]
    labels: tuple[Ids, ...]

    @classmethod
    def of(cls, labels: Sequence[Ids]) -> LabelTrie:
        """The trie of labels, none of which is the beginning of another (their stop tokens see to that)."""
        tokens, parents, depths = [-1], [-1], [0]
        children: list[dict[int, int]] = [{}]
        ends: dict[int, int] = {}
        for number in sorted(range(len(labels)), key=lambda number: labels[number]):
            node = 0
            for token in labels[number]:
                if token not in children[node]:
                    children[node][token] = len(tokens)
                    tokens.append(token)
                    parents.append(node)
                    depths.append(depths[node] + 1)
                    children.append({})
                node = children[node][token]
            ends[node] = number
        found = tuple(ends.get(node, -1) for node in range(len(tokens)))
        return cls(tuple(tokens), tuple(parents), tuple(depths), tuple(children), found, tuple(labels))

    @property
    def read(self) -> tuple[int, ...]:
        """Nodes that must be read to score all labels: those that something follows, without the root."""
        return tuple(node for node in range(1, len(self.tokens)) if self.children[node])

    def path(self, node: int) -> list[int]:
        """Nodes from below the root down to a node."""
        found: list[int] = []
        while node > 0:
            found.append(node)
            node = self.parents[node]
        return found[::-1]

    def onward(self, node: int) -> list[int]:
        """What follows a node without a choice, as far as it must be read."""
        found: list[int] = []
        while len(self.children[node]) == 1:
            (node,) = self.children[node].values()
            if not self.children[node]:
                break
            found.append(node)
        return found


@dataclass(frozen=True, slots=True)
class Choice:
    """The likeliest label of one row with its log-probability; ``all`` holds those of all labels where asked for."""

    row: int
    label: int
    logprob: float
    all: NDArray[np.float64] | None = None


def best_labels(
    make_reader: Callable[[int], Reader],
    rows: Sequence[Ids],
    prefix: int,
    trie: LabelTrie,
    at_once: int,
    cancelled: Callable[[], bool],
    *,
    every: bool = False,
) -> Iterator[Choice]:
    """The label of each row, in stacks of rows of like length.

    Args:
        make_reader: a new reader behind the prefix for so many rows.
        rows: token ids of whole prompts; their first ``prefix`` tokens are those of the reader.
        at_once: the most rows in a pass.
        every: score all labels.

    Raises:
        Cancelled: asked to stop, between two passes.
    """
    order = sorted(range(len(rows)), key=lambda row: len(rows[row]))
    for part in stacks([len(rows[row]) - prefix for row in order], prefix):
        for start in range(part.start, part.stop, at_once):
            numbers = order[start : min(start + at_once, part.stop)]
            if cancelled():
                raise Cancelled
            reader = make_reader(len(numbers))
            logits = reader.add([rows[row][prefix:] for row in numbers])
            yield from (_score_all if every else _search)(reader, logits, numbers, trie, cancelled)


class _Open:
    """The open paths of one row, best first; ``reached`` is the log-probability of nodes that were taken."""

    def __init__(self, row: int, trie: LabelTrie) -> None:
        self.row = row
        self._trie = trie
        self.reached: dict[int, float] = {}
        self._heap: list[tuple[float, int]] = []

    def add(self, node: int, reached: float, scores: Tensor) -> None:
        """Open what follows a node, given log-probabilities of the next token there (``children`` in order)."""
        for child, score in zip(self._trie.children[node].values(), scores.tolist(), strict=True):
            heapq.heappush(self._heap, (-(reached + score), child))

    def best(self) -> tuple[float, int] | None:
        """The label's node that nothing open can beat any more, with its log-probability; None while there is none."""
        score, node = self._heap[0]
        return (-score, node) if self._trie.label[node] >= 0 else None

    def take(self, most: int) -> list[int]:
        """The best open nodes that something follows, taken out: as many as need ``most`` tokens to be read, at least
        one, and none that is beaten by a label already reached."""
        found: list[int] = []
        reading: set[int] = set()
        while self._heap and self._trie.label[self._heap[0][1]] < 0:
            score, node = self._heap[0]
            grown = reading.union(self._trie.path(node), self._trie.onward(node))
            if found and len(grown) > most:
                break
            heapq.heappop(self._heap)
            self.reached[node] = -score
            reading = grown
            found.append(node)
        return found


def _search(
    reader: Reader, logits: Tensor, numbers: Sequence[int], trie: LabelTrie, cancelled: Callable[[], bool]
) -> Iterator[Choice]:
    active = [_Open(row, trie) for row in numbers]
    for row, own in zip(active, _of_children(logits, [0] * len(numbers), trie), strict=True):
        row.add(0, 0.0, own)
    most = _FIRST_TOKENS
    while active:
        if cancelled():
            raise Cancelled
        for place in reversed(range(len(active))):
            best = active[place].best()
            if best is not None:
                yield Choice(active[place].row, trie.label[best[1]], best[0])
                reader.drop(place)
                active[place] = active[-1]
                active.pop()
        if active:
            _expand(reader, active, [row.take(most) for row in active], trie)
            most = _MORE_TOKENS


def _expand(reader: Reader, active: Sequence[_Open], taken: Sequence[Sequence[int]], trie: LabelTrie) -> None:
    """Read on from the taken nodes of every row to where the next choices are."""
    tails, wanted, spots = [], [], []
    for nodes in taken:
        places = {0: -1}
        for node in nodes:
            for step in (*trie.path(node), *trie.onward(node)):
                places.setdefault(step, len(places) - 1)
        read = [node for node in places if node]
        tails.append(Tail(tuple(trie.tokens[n] for n in read), tuple(places[trie.parents[n]] for n in read)))
        asked = [step for node in nodes for step in (node, *trie.onward(node))]
        wanted.append([places[node] for node in asked])
        spots += asked
    scores = iter(_of_children(reader.look(tails, wanted), spots, trie))
    for row, nodes in zip(active, taken, strict=True):
        for node in nodes:
            reached, last = row.reached[node], node
            for following in trie.onward(node):
                reached += float(next(scores)[0])
                last = following
            row.add(last, reached, next(scores))


def _score_all(
    reader: Reader, logits: Tensor, numbers: Sequence[int], trie: LabelTrie, cancelled: Callable[[], bool]
) -> Iterator[Choice]:
    read = trie.read
    place_of = {node: place for place, node in enumerate(read)}
    tail = Tail(tuple(trie.tokens[node] for node in read), tuple(place_of.get(trie.parents[node], -1) for node in read))
    below: list[dict[int, list[float]]] = [{0: own.tolist()} for own in _of_children(logits, [0] * len(numbers), trie)]
    step = max(1, _LOGITS // (len(numbers) * int(logits.shape[1])))
    for start in range(0, len(read), step):
        if cancelled():
            raise Cancelled
        wanted = list(range(start, min(start + step, len(read))))
        nodes = [read[place] for place in wanted]
        logits = reader.look([tail] * len(numbers), [wanted] * len(numbers))
        scores = iter(_of_children(logits, nodes * len(numbers), trie))
        for known in below:
            known.update((node, next(scores).tolist()) for node in nodes)
    for row, known in zip(numbers, below, strict=True):
        found = _totals(known, trie)
        best = int(found.argmax())
        yield Choice(row, best, float(found[best]), found)


def _totals(below: Mapping[int, Sequence[float]], trie: LabelTrie) -> NDArray[np.float64]:
    """``[labels]`` log-probability of each, from those of each step; a node stands behind its parent."""
    reached = np.zeros(len(trie.tokens))
    found = np.zeros(len(trie.labels))
    for node, children in enumerate(trie.children):
        for child, score in zip(children.values(), below.get(node, ()), strict=True):
            reached[child] = reached[node] + score
        if trie.label[node] >= 0:
            found[trie.label[node]] = reached[node]
    return found


def _of_children(logits: Tensor, nodes: Sequence[int], trie: LabelTrie) -> list[Tensor]:
    """Log-probabilities of what follows each node, from logits ``[len(nodes), V]`` behind it."""
    with torch.inference_mode():
        totals = logits.logsumexp(dim=1)
        rows = [row for row, node in enumerate(nodes) for _ in trie.children[node]]
        tokens = [token for node in nodes for token in trie.children[node]]
        where = torch.tensor(rows, device=logits.device)
        scores = (logits[where, torch.tensor(tokens, device=logits.device)] - totals[where]).double().cpu()
    return list(torch.split(scores, [len(trie.children[node]) for node in nodes]))
