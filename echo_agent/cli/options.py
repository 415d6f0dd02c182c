"""Options that several commands share."""

import ipaddress
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from echo_agent.cli.printing import say
from echo_agent.context import Encoders, Expert, Profile
from echo_agent.errors import EchoError
from echo_agent.settings import process_settings

if TYPE_CHECKING:
    from echo_agent.evaluation.category import Category
    from echo_agent.memory.product import ProductRecord


def _memory_folder(ctx: typer.Context, given: Path | None) -> Path:
    """Returns the memory folder: the command's option, else that before the command, else ECHO_MEMORY."""
    asked: Any = ctx
    while given is None and asked is not None:
        given, asked = asked.params.get("memory"), asked.parent
    place = given or process_settings().memory
    from echo_agent.memory.published import Copy

    copy = Copy.at(place)
    if copy is None:
        return place
    copy.open()
    return copy.folder


MemoryOption = Annotated[
    Path,
    typer.Option(
        "--memory",
        help="Folder of the memory, or where it was published (default: ECHO_MEMORY, else ./echo-memory).",
        callback=_memory_folder,
        show_default=False,
    ),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print JSON on one line, and nothing else, on stdout.")
]
CategoriesArgument = Annotated[
    list[Path], typer.Argument(metavar="DIR...", help="Categories, folders of them, or CSV files.")
]
CategoryArgument = Annotated[Path, typer.Argument(metavar="DIR", help="A category, or a CSV file.")]
LabelsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--label",
        metavar="WORD=good|defective",
        help="What a label means that Echo does not know; may be given again.",
    ),
]
EncoderOption = Annotated[str | None, typer.Option(help="Image encoder; the embedded one if not given.")]
AllowedHostOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME",
        help="A further name by which it may be asked for, such as that of a proxy; repeat for several.",
        show_default=False,
    ),
]
MllmOption = Annotated[str | None, typer.Option(help="Decision Maker (default: ECHO_MLLM, else measured).")]

RecursiveOption = Annotated[
    bool, typer.Option("--recursive", help="Take the photographs in the folders below too.")
]
RecordOption = Annotated[
    bool, typer.Option(" /--no-record", help="Leave no record of what is inspected in the memory.")
]


def _secret(setting: str) -> Callable[[str | None], str | None]:
    """Returns what was given, else the secret that the settings hold."""

    def given(value: str | None) -> str | None:
        kept = getattr(process_settings(), setting)
        return value or (kept.get_secret_value() if kept is not None else None)

    return given


PasswordOption = Annotated[
    str | None,
    typer.Option(
        help="Password of the page's user 'echo' (default: ECHO_UI_PASSWORD).",
        callback=_secret("ui_password"),
        show_default=False,
    ),
]
KeysOption = Annotated[
    str | None,
    typer.Option(
        "--key",
        help="Keys for the header X-API-Key, with commas between; better given by ECHO_SERVE_KEYS.",
        callback=_secret("serve_keys"),
        show_default=False,
    ),
]
MaxFalseRejectOption = Annotated[
    float | None,
    typer.Option(
        min=0.0001,
        max=0.9999,
        help="Share of good parts that may be called defective (default: the product's setting, its card, "
        "ECHO_MAX_FALSE_REJECT, 0.1).",
    ),
]
MaxEscapeOption = Annotated[
    float | None,
    typer.Option(
        min=0.0001,
        max=0.9999,
        help="Share of defective parts that may be called normal, once enough are known (default: likewise, 0.1).",
    ),
]
MinConfidenceOption = Annotated[
    float | None,
    typer.Option(min=0.5, max=1, help="Less sure than this is review (default: likewise, 0.55)."),
]

MEMORY_OF_THE_SETTINGS: Path = None  # type: ignore[assignment]
"""Default of a ``MemoryOption``: the option's callback puts the folder in its place."""

ProfileOption = Annotated[Profile, typer.Option(help="When the Reasoning Expert is asked.")]
EncodersOption = Annotated[
    Encoders,
    typer.Option(help="When a product's second encoder looks: in the retry, at once, never, or alone."),
]
ExpertsOption = Annotated[str, typer.Option("--experts", help="Experts that take part, with commas.")]

EXPERTS = "reference,knowledge,reasoning"
"""Experts as they are named on the command line: all of them."""


def read_told(
    places: Sequence[Path],
    label: Sequence[str] | None,
    *,
    one: bool = False,
    product: "ProductRecord | None" = None,
) -> "list[Category]":
    """Reads labelled photographs, and tells on stderr what a measurement on them rests on.

    Args:
        places: Categories, folders of them, or CSV files.
        label: What was said with ``--label``.
        one: Whether there may be one category only.
        product: The product that they are of, where it is registered: its references are no tests.

    Raises:
        DatasetError: They cannot be read, or a label is not known.
    """
    from echo_agent.evaluation.folder_layout import read_categories, read_one_category
    from echo_agent.evaluation.labels import Labels

    labels = Labels.read(label or ())
    read = [read_one_category(places[0], labels)] if one else read_categories(places, labels)
    registered = [Path(image.uri) for image in product.references] if product is not None else []
    categories = [category.apart(registered) for category in read]
    for category in categories:
        for line in category.checked():
            say(line, err=True)
    return categories


def alone(option: str, beside: Mapping[str, object], instead: str = "leave out what is beside it") -> None:
    """Refuses what an option takes no notice of, so that nothing that was asked is dropped in silence.

    Args:
        option: The option, as it is typed.
        beside: What else was given, by the name under which it is typed; what is false or None was not given.
        instead: The remedy.

    Raises:
        BadParameter: Something was given beside it.
    """
    given = [name for name, value in beside.items() if value]
    if given:
        raise typer.BadParameter(f"it goes without {', '.join(given)}: {instead}", param_hint=option)


def only_with(companion: str, there: object, given: Mapping[str, object]) -> None:
    """Refuses options that say something of another one, where that is not there.

    Raises:
        BadParameter: Something was given without it.
    """
    if not there:
        for name in (name for name, value in given.items() if value):
            raise typer.BadParameter(f"it belongs to {companion}: give that too", param_hint=name)


def experts_named(text: str) -> tuple[Expert, ...]:
    """Reads experts' names with commas between.

    Raises:
        BadParameter: A name is no expert's.
    """
    known = get_args(Expert)
    named = [name.strip() for name in text.split(",") if name.strip()]
    unknown = [name for name in named if name not in known]
    if unknown:
        raise typer.BadParameter(f"{unknown[0]} is no expert: name some of {', '.join(known)}")
    return tuple(name for name in known if name in named)


def number_list(text: str, *, least: int = 0) -> list[int]:
    """Reads numbers and ranges between commas, without repeats, in their order.

    Args:
        text: Such as ``4,16`` or ``0-4``; a range holds both of its ends.
        least: Smallest number that is allowed.

    Raises:
        typer.BadParameter: A part is no number or range, or a number is smaller than ``least``.
    """
    numbers: list[int] = []
    for part in text.split(","):
        ends = [end.strip() for end in part.split("-")]
        if len(ends) > 2 or not all(end.isdecimal() for end in ends) or int(ends[0]) > int(ends[-1]):
            raise typer.BadParameter(f"{part.strip()!r} is no number and no range such as 0-4")
        numbers += range(int(ends[0]), int(ends[-1]) + 1)
    if min(numbers) < least:
        raise typer.BadParameter(f"{min(numbers)} is too small: give {least} or more")
    return list(dict.fromkeys(numbers))


def allowed_hosts(host: str, names: list[str] | None) -> list[str]:
    """The names under which a page may be asked for, beside the address that it listens at.

    Raises:
        EchoError: It listens at all addresses, and no name was said.
    """
    if host in {"0.0.0.0", "::"} and not names:
        raise EchoError(
            f"{host} has no name that a browser could ask for: say the one in use, such as --allowed-host line-3"
        )
    return names or []


def is_this_machine(host: str) -> bool:
    """Whether what listens at this address is reached by this machine alone."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
