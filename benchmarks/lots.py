"""Lots whose parts judge each other, beside the same parts judged alone: ``python -m benchmarks.lots``."""

import random
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.program import JsonOption, program, tell
from echo_agent.cli.options import CategoriesArgument, EncodersOption
from echo_agent.context import Context
from echo_agent.decision.lot import judged_by_lot
from echo_agent.evaluation.category import Category, LabelledImage
from echo_agent.evaluation.folder_layout import read_categories
from echo_agent.inspector import Inspector
from echo_agent.report.table import markdown_rows
from echo_agent.state import Label, Value, Verdict


class LotResult(Value):
    """Verdicts of one lot, without and with the lot's word.

    Attributes:
        product: The category.
        share: Share of defective parts that was wanted.
        good: Good parts, defective ones.
        reviews: Reviews without and with the lot.
        escapes: Defective parts called normal, likewise.
        rejects: Good parts called defective, likewise.
        declined: Why the lot said nothing; empty where it did.
    """

    product: str
    share: float
    parts: tuple[int, int]
    reviews: tuple[int, int]
    escapes: tuple[int, int]
    rejects: tuple[int, int]
    declined: str = ""


def benchmark_lots(
    category: Category, shares: Sequence[float], *, shots: int, seed: int, parts: int, context: Context
) -> list[LotResult]:
    """Judges lots with several shares of defective parts, each part alone and beside the others."""
    references = category.references(shots, seed)
    tests = list(category.tests_beside(references))
    random.Random(seed).shuffle(tests)
    with tempfile.TemporaryDirectory() as folder:
        inspector = Inspector.open(folder, context=context, record=False)
        inspector.register(category.name, references, tell=lambda _: None)
        alone: dict[Path, Verdict] = {}
        results = []
        for share in shares:
            lot = _lot(tests, share, parts)
            for one in lot:
                if one.path not in alone:
                    alone[one.path] = inspector.inspect(one.path, product=category.name)
            stored = [inspector.memory.store_image(one.path) for one in lot]
            said = inspector.memory.judge_lot(stored, category.name, encoders=context.encoders)
            before = [alone[one.path].label for one in lot]
            after = []
            for one, image in zip(lot, stored, strict=True):
                verdict = alone[one.path]
                evidence = verdict.evidence
                assert evidence is not None
                beside = evidence.model_copy(update={"lot": said[image.sha256]})
                (*_, last) = (verdict.attempts[-1], *judged_by_lot(verdict.attempts[-1], beside))
                after.append(last.label)
            declined = next(iter(said.values())).declined
            results.append(_counted(category.name, share, lot, (before, after), declined))
    return results


def _lot(tests: Sequence[LabelledImage], share: float, parts: int) -> list[LabelledImage]:
    """The first good and defective parts, as many as give the share, and no more of either than there are."""
    good = [one for one in tests if not one.defective]
    bad = [one for one in tests if one.defective]
    size = min(parts, int(len(good) / max(1 - share, 1e-9)), int(len(bad) / share) if share else parts)
    defective = round(share * size)
    return [*good[: size - defective], *bad[:defective]]


def _counted(
    product: str,
    share: float,
    lot: Sequence[LabelledImage],
    labels: tuple[Sequence[Label], Sequence[Label]],
    declined: str,
) -> LotResult:
    def both(label: Label, defective: bool | None) -> tuple[int, int]:
        first, second = (
            sum(
                found == label and defective in {None, one.defective}
                for one, found in zip(lot, some, strict=True)
            )
            for some in labels
        )
        return first, second

    bad = sum(one.defective for one in lot)
    return LotResult(
        product=product,
        share=share,
        parts=(len(lot) - bad, bad),
        reviews=both("review", None),
        escapes=both("normal", True),
        rejects=both("defective", False),
        declined=declined,
    )


def lots(
    categories: CategoriesArgument,
    shots: Annotated[int, typer.Option(min=1, help="References.")] = 4,
    seed: Annotated[int, typer.Option(help="Chooses references and parts.")] = 0,
    shares: Annotated[str, typer.Option(help="Shares of defective parts, with commas.")] = "0,0.05,0.3,0.6",
    *,
    parts: Annotated[int, typer.Option(min=2, help="Parts of a lot at most.")] = 24,
    encoders: EncodersOption = "retry",
    as_json: JsonOption = False,
) -> None:
    """Reviews, escapes and false rejects of lots with several shares of defective parts, without and with --lot."""
    wanted = [float(one) for one in shares.split(",")]
    found = [
        result
        for category in read_categories(categories)
        for result in benchmark_lots(
            category, wanted, shots=shots, seed=seed, parts=parts, context=Context(encoders=encoders)
        )
    ]
    head = ["product", "defective", "parts", "reviews", "escapes", "false rejects", "declined"]
    cells = [
        [
            row.product,
            f"{100 * row.share:.0f} %",
            f"{row.parts[0]} good, {row.parts[1]} bad",
            *(f"{before} → {after}" for before, after in (row.reviews, row.escapes, row.rejects)),
            row.declined or "no",
        ]
        for row in found
    ]
    tell(found, markdown_rows(head, cells), as_json)


app = program(lots)

if __name__ == "__main__":
    app()
