"""``echo-agent threshold``: what a product's references allow, and what a choice costs on labelled parts."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from echo_agent.errors import DatasetError
from echo_agent.evaluation.category import Category
from echo_agent.memory import calibration
from echo_agent.memory.product import SetBy
from echo_agent.state import EscapeGuarantee, Guarantee, ImageRef, Progress, Value
from echo_agent.strictness import Strictness

if TYPE_CHECKING:
    from echo_agent.memory.memory import Memory

RATES = (0.10, 0.05, 0.02, 0.01)
"""False-reject rates that are shown beside the wanted one."""


class Counted(Value):
    """How often something happened on the labelled parts.

    Attributes:
        count: How often.
        of: Among how many parts.
        bound_95: Upper 95 % bound of the rate.
    """

    count: int
    of: int
    bound_95: float


class Reject(Value):
    """The threshold above which a part stands out, for one wanted false-reject rate.

    Attributes:
        wanted: The wanted expected rate.
        threshold: Score above which a part stands out; None with a single reference.
        guarantee: What the references promise of it.
        false_rejects: Labelled good parts above it; None without such.
        escapes: Labelled defective parts at or below it; None without such.
    """

    wanted: float
    threshold: float | None
    guarantee: Guarantee
    false_rejects: Counted | None = None
    escapes: Counted | None = None

    @property
    def contradicted(self) -> bool:
        """Whether more labelled good parts stand out than the references' promise allows, beyond chance."""
        counted, bound = self.false_rejects, self.guarantee.bound_95
        if counted is None or bound is None:
            return False
        return calibration.contradicts(counted.count, counted.of, bound)


class Pass(Value):
    """The threshold below which a part may be called normal, from labelled defective parts.

    Attributes:
        wanted: The wanted expected escape rate.
        threshold: Score below which a part may be called normal.
        guarantee: What the defective parts promise of it.
        good_passed: Labelled good parts below it; None without such.
    """

    wanted: float
    threshold: float
    guarantee: EscapeGuarantee
    good_passed: Counted | None = None


class Zones(Value):
    """Where the labelled parts fall with both thresholds: ``normal`` below both, ``defective`` above the upper one.

    Attributes:
        normal_below: Score below which a part is ``normal``.
        defective_above: Score above which it is ``defective``; between the two it is ``review``.
        good: Labelled good parts that are normal, review and defective.
        defective: Labelled defective parts that are normal, review and defective.
    """

    normal_below: float
    defective_above: float
    good: tuple[int, int, int]
    defective: tuple[int, int, int]


class Labelled(Value):
    """Scores of labelled parts at the first look; references are not among them.

    Attributes:
        good: Of the good parts, one a part: the highest of its photographs.
        defective: Of the defective parts, one a part: the lowest of its photographs.
        photographs: How many photographs show them; those that repeat each other show one part.
    """

    good: tuple[float, ...] = ()
    defective: tuple[float, ...] = ()
    photographs: int | None = None


class ThresholdChoice(Value):
    """Everything that ``echo-agent threshold --json`` prints.

    Attributes:
        product: Name of the product.
        version: Version of its memory.
        encoder: Id of the encoder.
        strictness: How strict the product is inspected, and which place says so.
        strictness_by: Who set the product's own settings last, and when; None where nobody did.
        normal_scores: Scores of the references, each against the others.
        labelled: Scores of the labelled parts.
        rejects: A threshold a false-reject rate, the wanted one first.
        passes: The threshold for the wanted escape rate; None without labelled defective parts.
        zones: Both thresholds together; None without labelled defective parts or calibration.
    """

    product: str
    version: int
    encoder: str
    strictness: Strictness
    strictness_by: SetBy | None = None
    normal_scores: tuple[float, ...]
    labelled: Labelled
    rejects: tuple[Reject, ...]
    passes: Pass | None = None
    zones: Zones | None = None


def score_labelled(
    memory: "Memory", product: str, category: Category, *, progress: Progress | None = None
) -> Labelled:
    """Scores the tests of a category at the first look; none of them may be a reference of the product.

    Photographs that repeat each other are one part, as references and confirmed defects are.

    Args:
        memory: The memory.
        product: Registered product.
        category: Labelled photographs of it.
        progress: Called with the images done and their number.

    Raises:
        DatasetError: An image got no score.
        ProductError: The product is unknown.
    """
    scores: dict[bool, dict[ImageRef, float]] = {False: {}, True: {}}
    for done, test in enumerate(category.tests, start=1):
        image = memory.store_image(test.path, product)
        found = memory.evidence(image, product)
        if found.score is None:
            raise DatasetError(f"{test.path} got no score: register {product} again")
        scores[test.defective][image] = found.score
        if progress is not None:
            progress(done, len(category.tests))
    good, defective = (
        calibration.one_a_part(memory.parts(product, tuple(found)), found.values(), severest)
        for found, severest in ((scores[False], max), (scores[True], min))
    )
    return Labelled(good=good, defective=defective, photographs=len(category.tests))


def choose_thresholds(
    memory: "Memory",
    product: str,
    *,
    strictness: Strictness,
    labelled: Labelled | None = None,
) -> ThresholdChoice:
    """Chooses thresholds for the wanted rates, and counts what they cost on the labelled parts.

    Args:
        memory: The memory.
        product: Registered product.
        strictness: Wanted expected rates; that of escapes is used where labelled defective parts are given.
        labelled: Scores of labelled parts.

    Raises:
        ProductError: The product is unknown.
    """
    record = memory.product(product)
    normals, given = memory.normal_scores(product), labelled or Labelled()
    wanted = strictness.max_false_reject
    rates = (wanted, *(rate for rate in RATES if rate != wanted))
    rejects = tuple(_reject(normals, len(record.references), rate, given) for rate in rates)
    passes = _pass(given, strictness.max_escape)
    return ThresholdChoice(
        product=record.name,
        version=record.version,
        encoder=record.encoder,
        strictness=strictness,
        strictness_by=record.strictness_by,
        normal_scores=normals,
        labelled=given,
        rejects=rejects,
        passes=passes,
        zones=_zones(rejects[0].threshold, passes, given),
    )


def _reject(normals: Sequence[float], references: int, wanted: float, labelled: Labelled) -> Reject:
    limit = calibration.threshold(normals, wanted)
    return Reject(
        wanted=wanted,
        threshold=limit,
        guarantee=calibration.guarantee(max(1, len(normals)), wanted, references),
        false_rejects=None if limit is None else _counted([score > limit for score in labelled.good]),
        escapes=None if limit is None else _counted([score <= limit for score in labelled.defective]),
    )


def _pass(labelled: Labelled, wanted: float) -> Pass | None:
    limit = calibration.pass_threshold(labelled.defective, wanted)
    if limit is None:
        return None
    return Pass(
        wanted=wanted,
        threshold=limit,
        guarantee=calibration.escape_guarantee(len(labelled.defective), wanted),
        good_passed=_counted([score < limit for score in labelled.good]),
    )


def _zones(reject: float | None, passes: Pass | None, labelled: Labelled) -> Zones | None:
    if reject is None or passes is None:
        return None
    below = min(passes.threshold, reject)

    def fall(scores: Sequence[float]) -> tuple[int, int, int]:
        normal, defective = sum(score < below for score in scores), sum(score > reject for score in scores)
        return normal, len(scores) - normal - defective, defective

    return Zones(
        normal_below=below,
        defective_above=reject,
        good=fall(labelled.good),
        defective=fall(labelled.defective),
    )


def _counted(happened: Sequence[bool]) -> Counted | None:
    if not happened:
        return None
    count = sum(happened)
    return Counted(count=count, of=len(happened), bound_95=calibration.rate_bound(count, len(happened)))
