"""The ways of comparing that are held against each other, each by what it changes."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from benchmarks.trials import (
    Nearest,
    drawn_by,
    like_its_neighbours,
    mean_of_three,
    refined,
)
from echo_agent.vision.comparison import patch_distances
from echo_agent.vision.coreset import MAX_PATCHES
from echo_agent.vision.dinov2_small import WORKING_SIDE
from echo_agent.vision.features import ALONE, FeatureLayer, Features

Change = Callable[[Features], Features]


def as_it_is(features: Features) -> Features:
    """Changes nothing."""
    return features


def _set(layer: FeatureLayer, **settings: Any) -> FeatureLayer:
    return replace(layer, use=replace(layer.use, **settings))


def using(**settings: Any) -> Change:
    """The layers with other settings, the same for all of them, those of the global branch included."""
    return lambda features: replace(
        features,
        layers=tuple(_set(layer, **settings) for layer in features.layers),
        global_branch=tuple(_set(layer, **settings) for layer in features.global_branch),
    )


def _weighing(*weights: float) -> Change:
    """The layers with these weights, fine to coarse."""
    return lambda features: replace(
        features,
        layers=tuple(
            _set(layer, weight=weight) for layer, weight in zip(features.layers, weights, strict=True)
        ),
    )


def _global_branch_weighing(weight: float) -> Change:
    """The layers of the global branch with this weight."""
    return lambda features: replace(
        features, global_branch=tuple(_set(layer, weight=weight) for layer in features.global_branch)
    )


def _only(index: int) -> Change:
    """One layer alone, counted from the finest (0) or from the coarsest (-1), without the global branch."""
    return lambda features: replace(
        features, layers=(_set(features.layers[index], on_map=True),), global_branch=()
    )


def _drawn_from(*indices: int) -> Change:
    """The map drawn from these layers."""
    return lambda features: replace(
        features,
        layers=tuple(_set(layer, on_map=index in indices) for index, layer in enumerate(features.layers)),
    )


def _joined(features: Features) -> Features:
    return replace(features, layers=(FeatureLayer(features.patches, ALONE),), global_branch=())


def _unguided(features: Features) -> Features:
    return replace(features, guide=None)


@dataclass(frozen=True)
class Comparing:
    """How one encoder holds an image against the references; the defaults are Echo's.

    Attributes:
        taken: What of an image's features is compared: what the banks hold.
        counted: How it counts. What changes here alone shares its banks and distances with the others.
        turning: Whether rotated copies may serve as references.
        scale: Multiple of the encoder's working resolution.
        nearest: How far the patches lie from a bank.
        shifts: Pixels by which the tests are shifted at the working resolution, both ways along both axes; their
            features are averaged. 0 where they are not.
        bank: Most patches of a bank.
    """

    taken: Change = as_it_is
    counted: Change = as_it_is
    turning: bool = True
    scale: float = 1.0
    nearest: Nearest = patch_distances
    shifts: int = 0
    bank: int = MAX_PATCHES


@dataclass(frozen=True)
class Variant:
    """One way of comparing; a side that is None does not look.

    Attributes:
        first: How the first encoder compares.
        second: How the second encoder does.
        weight: Weight of the second encoder's score in the geometric mean of both.
        map_weight: Weight of the second encoder's map in the mean of both; None for their geometric mean.
        beside: Another look of the second encoder, averaged with its first.
        agreeing: Weight of what both see at one place in the geometric mean with the scores of both: the worst patches
            of the geometric mean of their maps.
        usual_unit: Whether maps are joined in the unit of the left-out references' 99th percentile, not their highest.
    """

    first: Comparing | None = Comparing()
    second: Comparing | None = None
    weight: float = 1.0
    map_weight: float | None = 0.5
    beside: Comparing | None = None
    agreeing: float = 0.0
    usual_unit: bool = False


def _first(counted: Change = as_it_is, **settings: Any) -> Variant:
    return Variant(Comparing(counted=counted, **settings))


def _both(counted: Change = as_it_is, **settings: Any) -> Variant:
    return Variant(second=Comparing(counted=counted, **settings))


def _at(*sides: int) -> Variant:
    """Both encoders, the second at two working sides, averaged."""
    beside, second = (Comparing(scale=side / WORKING_SIDE) for side in sides)
    return Variant(second=second, beside=beside)


_PLAIN = using(rarity=0.0, surroundings=0.0, top_k_share=0.01)

FIRST_ALONE = "the first encoder alone"
BOTH = "both encoders"

VARIANTS: dict[str, Variant] = {
    FIRST_ALONE: Variant(),
    "layers joined on one grid": _first(taken=_joined),
    "the finest layer alone": _first(taken=_only(0)),
    "the middle layer alone": _first(taken=_only(1)),
    "the coarsest layer alone": _first(taken=_only(-1)),
    "without the global branch": _first(_global_branch_weighing(0.0)),
    "the global branch alone": _first(_weighing(0.0, 0.0, 0.0)),
    "the global branch with weight 1": _first(_global_branch_weighing(1.0)),
    "the global branch with weight 3": _first(_global_branch_weighing(3.0)),
    "the middle layer with twice the weight": _first(_weighing(1.0, 2.0, 1.0)),
    "without the surroundings": _first(using(surroundings=0.0)),
    "half of the surroundings at every layer": _first(using(surroundings=0.5)),
    "directions alone, without the lengths": _first(taken=using(length=0.0)),
    "without the rarity in the image": _first(using(rarity=0.0)),
    "worst 1 %": _first(using(top_k_share=0.01)),
    "worst 10 %": _first(using(top_k_share=0.1)),
    "no rotated copies": _first(turning=False),
    "map of the middle layer": _first(_drawn_from(1)),
    "map of all layers": _first(_drawn_from(0, 1, 2)),
    "map without the strength of the answer": _first(using(strength=0.0)),
    "map without the edges of the image": _first(_unguided),
    "at 1.25 times the resolution": _first(scale=1.25),
    BOTH: _both(),
    "the second encoder alone": Variant(None, Comparing()),
    "the second encoder alone, plain distances, worst 1 %": Variant(None, Comparing(counted=_PLAIN)),
    "both, no rotated copies": Variant(Comparing(turning=False), Comparing(turning=False)),
    "both, the first at 1.25 times the resolution": Variant(Comparing(scale=1.25), Comparing()),
    "both, the first's worst 1 %": Variant(Comparing(counted=using(top_k_share=0.01)), Comparing()),
    "both, the first without the global branch": Variant(
        Comparing(counted=_global_branch_weighing(0.0)), Comparing()
    ),
    "both, the second without the rarity": _both(using(rarity=0.0)),
    "both, the second with rarity 1.4": _both(using(rarity=1.4)),
    "both, the second without the surroundings": _both(using(surroundings=0.0)),
    "both, three quarters of the second's surroundings": _both(using(surroundings=0.75)),
    "both, the second's worst patch": _both(using(top_k_share=0.0)),
    "both, the second's worst 1 %": _both(using(top_k_share=0.01)),
    "both, the second's worst 3 %": _both(using(top_k_share=0.03)),
    "both, the second's plain distances, worst 1 %": _both(_PLAIN),
    "both, the second with half the weight": Variant(second=Comparing(), weight=0.5),
    "both, the second with twice the weight": Variant(second=Comparing(), weight=2.0),
    "both, map by the geometric mean": Variant(second=Comparing(), map_weight=None),
    "both, the second with a quarter of the map": Variant(second=Comparing(), map_weight=0.25),
    "both, map of the first alone": Variant(second=Comparing(), map_weight=0.0),
    "both, map of the second alone": Variant(second=Comparing(), map_weight=1.0),
    "both, the second with three quarters of the map": Variant(second=Comparing(), map_weight=0.75),
    "both, and where both agree": Variant(second=Comparing(), agreeing=1.0),
    "both, and where both agree, half the weight": Variant(second=Comparing(), agreeing=0.5),
    "both, and where both agree, twice the weight": Variant(second=Comparing(), agreeing=2.0),
    "both, maps in the unit of usual places": Variant(second=Comparing(), usual_unit=True),
    "both, the second's nearest patch alone": _both(nearest=drawn_by(1)),
    "both, the second's five nearest": _both(nearest=drawn_by(5)),
    "both, the second's twenty nearest": _both(nearest=drawn_by(20)),
    "both, the second's distances over the references' own": _both(nearest=like_its_neighbours),
    "both, the second's references refined to the image": _both(nearest=refined),
    "both, the first's three nearest": Variant(Comparing(nearest=mean_of_three), Comparing()),
    "both, the second's features averaged over shifts": _both(shifts=4),
    "both, the second's bank of 4,096 patches": _both(bank=4096),
    "both, the second at 252 pixels": _both(scale=0.75),
    "both, the second at 420 pixels": _both(scale=1.25),
    "both, the second at 168 and 336 pixels": _at(168, 336),
    "both, the second at 252 and 336 pixels": _at(252, 336),
    "both, the second at 336 and 420 pixels": _at(420, 336),
}
"""Those of the first encoder alone differ from the first one in one thing, those of both from ``BOTH``."""
