"""``echo-agent demo``: real solar cells, registered and judged, with a page to look at."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from echo_agent.cli.progress import progress_bar

if TYPE_CHECKING:
    from echo_agent.memory.product import ProductRecord
    from echo_agent.report.entry import Entry

app = typer.Typer()

PRODUCT = "solar-cell"


@app.command()
def demo(
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the memory and the page.")] = Path(
        "demo"
    ),
    seed: Annotated[int, typer.Option(help="Seed of the choice of cells.")] = 0,
) -> None:
    """See Echo judge real solar cells."""
    from rich.console import Console

    from echo_agent.evaluation.solar_cells import LICENCE, choose, data_folder
    from echo_agent.inspector import Inspector
    from echo_agent.report.entry import Entry
    from echo_agent.report.page import write_page
    from echo_agent.report.table import verdict_table

    console = Console()
    choice = choose(data_folder(), seed=seed)
    inspector = Inspector.open(out / "memory")
    if _known(inspector.memory.products(), choice.references):
        console.print(
            f"{len(choice.references)} normal cells are registered in {out / 'memory'} from before."
        )
    else:
        with progress_bar(f"Registering {len(choice.references)} normal cells") as progress:
            inspector.register(PRODUCT, choice.references, replace=True, progress=progress)
    entries: list[Entry] = []
    with progress_bar(f"Inspecting {len(choice.unseen)} unseen cells") as progress:
        for done, cell in enumerate(choice.unseen, start=1):
            verdict = inspector.inspect(cell.path, product=PRODUCT)
            entries.append(Entry.of(cell.path, verdict, inspector.memory, truth=cell.truth))
            progress(done, len(choice.unseen))
    about = (
        f"{len(choice.references)} electroluminescence photographs of good solar cells were shown to Echo; "
        "it had not seen the cells below. What experts said of each stands beside the verdict."
    )
    page = out / "index.html"
    write_page(page, entries, title="Echo inspects solar cells", about=about, licence=LICENCE)
    table = verdict_table([(entry.name, entry.verdict, entry.truth) for entry in entries])
    console.print(table, soft_wrap=True)
    console.print()
    console.print(
        f"{agreement(entries)} The page with pictures and maps: {page}", soft_wrap=True, highlight=False
    )
    console.print(LICENCE, style="dim", soft_wrap=True, highlight=False)


def _known(products: "Sequence[ProductRecord]", references: Sequence[Path]) -> bool:
    """Tells whether the product is registered with just these photographs."""
    digests = {hashlib.sha256(path.read_bytes()).hexdigest() for path in references}
    return any(
        record.name == PRODUCT and {reference.sha256 for reference in record.references} == digests
        for record in products
    )


def agreement(entries: list["Entry"]) -> str:
    """Counts how the verdicts stand to the truth, in one sentence."""
    right = sum(entry.verdict.label == entry.truth for entry in entries)
    review = sum(entry.verdict.label == "review" for entry in entries)
    return f"{right} of {len(entries)} verdicts agree with the experts; {review} are left to a person."
