"""Builds the page and serves it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from echo_agent.errors import MissingExtraError
from echo_agent.ui.access import Access, said_hosts
from echo_agent.ui.controller import Controller
from echo_agent.ui.page import Page
from echo_agent.ui.streams import Streams

STYLE = Path(__file__).with_name("page.css")


def build_page(controller: Controller) -> Any:
    """Builds the page.

    Args:
        controller: What it works on.

    Returns:
        Gradio's ``Blocks``; see ``serve``.

    Raises:
        MissingExtraError: The extra ``ui`` is not installed.
    """
    return Page(controller, _gradio()).blocks


def serve(
    controller: Controller,
    *,
    host: str,
    port: int,
    password: str | None,
    allowed_hosts: Sequence[str] = (),
    open_browser: bool,
    block: bool = True,
) -> Any:
    """Serves the page.

    Args:
        controller: What it works on.
        host: Address to listen at.
        port: Port.
        password: Password of the user ``echo``; None for no password.
        allowed_hosts: Names under which it may be asked for, beside ``host``.
        open_browser: Whether to open a browser.
        block: Whether to wait until the page is closed.

    Returns:
        Gradio's ``Blocks``, running.
    """
    page = build_page(controller)
    page.launch(
        server_name=host,
        server_port=port,
        inbrowser=open_browser,
        share=False,
        quiet=True,
        prevent_thread_lock=not block,
        **_looks(password, said_hosts(host, allowed_hosts)),
    )
    return page


def mount(controller: Controller, app: Any, path: str, password: str | None, hosts: frozenset[str]) -> Any:
    """Shows the page in another web application.

    Args:
        controller: What it works on.
        app: A FastAPI application.
        path: Where in it.
        password: Password of the user ``echo``; None for no password.
        hosts: Names under which it may be asked for; see ``said_hosts``.

    Returns:
        The application.
    """
    page = build_page(controller)
    return _gradio().mount_gradio_app(app, page, path, **_looks(password, hosts))


def _looks(password: str | None, hosts: frozenset[str]) -> dict[str, Any]:
    """What holds for the page wherever it is served."""
    from starlette.middleware import Middleware

    theme = _gradio().themes.Default(
        primary_hue="teal", font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"]
    )
    return {
        "auth": ("echo", password) if password else None,
        "app_kwargs": {"middleware": [Middleware(Access, hosts=hosts), Middleware(Streams)]},
        "max_file_size": "25mb",
        "ssr_mode": False,
        "css_paths": [STYLE],
        "theme": theme,
    }


def _gradio() -> Any:
    import os

    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    try:
        import gradio
    except ImportError as error:
        raise MissingExtraError("gradio", "ui") from error
    return gradio
