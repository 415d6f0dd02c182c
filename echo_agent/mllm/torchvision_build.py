"""Whether torchvision, where it is installed, fits torch: transformers breaks beside one that does not."""

from importlib import import_module
from importlib.util import find_spec


def torchvision_problem() -> str | None:
    """Returns what is wrong with torchvision, with the remedy; None where it works or is not installed.

    Without torchvision the Qwen-VL families read photographs all the same: it serves their video half, which Echo
    never uses.
    """
    if find_spec("torchvision") is None:
        return None
    try:
        import_module("torchvision")
    except (ImportError, OSError, RuntimeError) as error:
        return (
            f"torchvision does not fit the installed torch ({str(error).splitlines()[0]}): run pip uninstall "
            f"torchvision, which Echo does not need, or install the build for this torch"
        )
    return None
