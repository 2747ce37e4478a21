"""Fit which side of a talk a turn sounds like (``simulator/roles/guards/sides.json``) on labelled turns.

    python benchmarks/sides.py [--write]

Learned from are the user's turns of turns.jsonl, turns_sides.jsonl and turns_model.jsonl, and both sides of the talks that they stand
in: what an assistant said is what a user who falls out of the part says. Talks of turns_held.jsonl and
turns_unseen.jsonl are left out. The table
is by cross-validation: a talk's turns are judged by weights that were fitted on other talks.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from turn_cases import rows, scene_at, talks

from simulator.models.base import derive_seed
from simulator.roles.guards.acts import read
from simulator.roles.guards.flip import SURE
from simulator.roles.guards.scene import Scene
from simulator.roles.guards.sides import features
from simulator.roles.guards.words import sentences

HELD = ("turns_held.jsonl", "turns_unseen.jsonl")
FILES = ("turns.jsonl", "turns_sides.jsonl", "turns_model.jsonl")
TARGET = Path(__file__).parent.parent / "simulator/roles/guards/sides.json"
BROKEN = frozenset(
    [
        "stutter",
        "wrong_language",
        "leaked_reasoning",
        "fourth_wall",
        "cut_sentence",
        "empty_turn",
        "placeholder",
        "example_copied",
        "boilerplate",
        "repeats_other",
        "instructions_quoted",
        "stage_direction",
    ]
)
"""Turns with these faults are no examples of how a user sounds."""

FOLDS = 8
KNOWN = 5
"""Talks in which a word or a feature must occur."""

OF_A_TALK = 0.7
"""Weight of a turn of a talk; one that is labelled counts 1."""

LASSO, RIDGE = 0.3, 0.6
STEPS = 200

BIAS = "bias"


@dataclass(frozen=True)
class Example:
    """A turn at the user's place; ``flipped`` when the other side's would be there."""

    kind: str
    talk: str
    scene: Scene
    turn: str
    flipped: bool
    weight: float = 1.0


def examples() -> list[Example]:
    """Return all that is learned from."""
    kept_out = {row["scene"] for file in HELD for row in rows(file)}
    known = {name: talk for name, talk in talks().items() if name not in kept_out}
    found = [one for file in FILES for row in rows(file) for one in _labelled(file, row, known)]
    found += [one for name, talk in known.items() for one in _sides(name, talk)]
    return [one for one in found if not one.scene.among_people]


def _labelled(file: str, row: dict[str, Any], known: dict[str, Any]) -> Iterator[Example]:
    faults, maybe = frozenset(row["faults"]), frozenset(row.get("maybe", ()))
    talk = known[row["scene"]] if isinstance(row["scene"], str) else row["scene"]
    if row["at"] % 2:
        if row["at"] > 2 and not faults | maybe:
            yield Example("sides", talk["persona"], scene_at(talk, row["at"] - 1), row["turn"], True, OF_A_TALK)
        return
    flipped = "role_flip" in faults
    if "role_flip" not in maybe and (flipped or not faults & BROKEN):
        yield Example(file.removesuffix(".jsonl"), talk["persona"], scene_at(talk, row["at"]), row["turn"], flipped)


def _sides(name: str, talk: dict[str, Any]) -> Iterator[Example]:
    for place, turn in enumerate(talk["history"]):
        if place % 2 == 0:
            yield Example("sides", talk["persona"], scene_at(talk, place), turn, False, OF_A_TALK)
        elif place > 2:
            yield Example("sides", talk["persona"], scene_at(talk, place - 1), turn, True, OF_A_TALK)


def vocabulary(learned: Sequence[Example]) -> frozenset[str]:
    """Return the words that stand for themselves: those of at least ``KNOWN`` talks."""
    where = defaultdict[str, set[str]](set)
    for one in learned:
        for sentence in sentences(one.turn):
            for word in read(sentence).words:
                where[word].add(one.talk)
    return frozenset(
        word for word, talks_ in where.items() if len(talks_) >= KNOWN and word.isascii() and not word[0].isdigit()
    )


@dataclass(frozen=True)
class Table:
    """A sparse matrix of features, by the places of its values."""

    row: np.ndarray
    column: np.ndarray
    value: np.ndarray
    shape: tuple[int, int]

    @classmethod
    def of(cls, found: Sequence[dict[str, float]], columns: dict[str, int]) -> Table:
        """Lay out ``found`` by ``columns``; features that have none are left out."""
        there = [
            (i, columns[name], value) for i, one in enumerate(found) for name, value in one.items() if name in columns
        ]
        row, column, value = (np.array(part) for part in zip(*there, strict=True))
        return cls(row, column, value, (len(found), len(columns)))

    def times(self, weights: np.ndarray) -> np.ndarray:
        """Return the score of each row."""
        return np.bincount(self.row, self.value * weights[self.column], self.shape[0])

    def back(self, scores: np.ndarray) -> np.ndarray:
        """Return the sum of each column, rows weighted by ``scores``."""
        return np.bincount(self.column, self.value * scores[self.row], self.shape[1])


def fit(table: Table, flipped: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return the weights of a logistic regression with an elastic net, by FISTA (Beck and Teboulle, 2009)."""
    probe = np.ones(table.shape[1])
    for _ in range(30):  # power iteration: the largest curvature bounds the step
        probe = table.back(weight * table.times(probe))
        size = float(np.linalg.norm(probe))
        probe /= size
    step, pace = 1 / (0.25 * size + RIDGE), 1.0
    held = np.arange(table.shape[1]) > 0  # the bias, which stands first, may be as large as it likes
    ahead = last = np.zeros(table.shape[1])
    for _ in range(STEPS):
        error = weight * (1 / (1 + np.exp(-table.times(ahead))) - flipped)
        moved = ahead - step * (table.back(error) + RIDGE * held * ahead)
        moved = np.where(held, np.sign(moved) * np.maximum(np.abs(moved) - step * LASSO, 0), moved)
        pace, old = (1 + (1 + 4 * pace * pace) ** 0.5) / 2, pace
        ahead, last = moved + (old - 1) / pace * (moved - last), moved
    return last


def main() -> None:
    """Cross-validate, print the table, and write the weights when asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write the weights of all turns to the package")
    parser.add_argument("--show", action="store_true", help="print the turns that were judged wrongly")
    options = parser.parse_args()
    learned = examples()
    words = vocabulary(learned)
    found = [{BIAS: 1.0, **features(one.turn, one.scene, words)} for one in learned]
    where = defaultdict[str, set[str]](set)
    for one, names in zip(learned, found, strict=True):
        for name in names:
            where[name].add(one.talk)
    columns = {
        name: place
        for place, name in enumerate(
            sorted((n for n, known in where.items() if len(known) >= KNOWN), key=lambda n: (n != BIAS, n))
        )
    }
    flipped = np.array([one.flipped for one in learned], float)
    weight = np.array([one.weight for one in learned])
    score = np.zeros(len(learned))
    fold = np.array([derive_seed("fold", one.talk) % FOLDS for one in learned])
    for number in range(FOLDS):
        inside = np.flatnonzero(fold != number)
        weights = fit(Table.of([found[i] for i in inside], columns), flipped[inside], weight[inside])
        score = np.where(fold == number, Table.of(found, columns).times(weights), score)
    report(learned, score, options.show)
    weights = fit(Table.of(found, columns), flipped, weight)
    kept = {name: round(float(weights[place]), 2) for name, place in columns.items() if abs(weights[place]) >= 0.005}
    print(f"\n{len(learned)} turns, {int(flipped.sum())} of the other side; {len(kept)} weights, {len(words)} words")
    if options.write:
        data = {"bias": kept.pop(BIAS), "vocabulary": " ".join(sorted(words)), "weights": kept}
        TARGET.write_text(json.dumps(data, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")


def report(learned: Sequence[Example], score: np.ndarray, show: bool) -> None:
    """Print precision and recall by kind, at the score from which the detector is sure."""
    print(
        f"| turns (score from {SURE}) | flipped | found | others | false alarms | precision | recall |\n|---|---:|---:|---:|---:|---:|---:|"
    )
    for kind in dict.fromkeys(one.kind for one in learned):
        of_kind = [(one, bool(points >= SURE)) for one, points in zip(learned, score, strict=True) if one.kind == kind]
        count = Counter((one.flipped, said) for one, said in of_kind)
        hits, misses, alarms, rest = count[True, True], count[True, False], count[False, True], count[False, False]
        precision, recall = hits / max(1, hits + alarms), hits / max(1, hits + misses)
        print(f"| {kind} | {hits + misses} | {hits} | {alarms + rest} | {alarms} | {precision:.2f} | {recall:.2f} |")
        for one, said in of_kind if show else ():
            if one.flipped != said:
                print(f"  {'false' if said else 'missed'}: {one.turn!r}")


if __name__ == "__main__":
    main()
