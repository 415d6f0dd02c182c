"""Runs the service."""

from collections.abc import Sequence
from typing import Any

from echo_agent.errors import MissingExtraError
from echo_agent.inspector import Inspector


def build(
    inspector: Inspector,
    *,
    keys: Sequence[str],
    per_minute: int,
    hosts: frozenset[str] | None = None,
    page: bool = False,
    password: str | None = None,
) -> Any:
    """Builds the service's ASGI application.

    Args:
        inspector: What it inspects with.
        keys: Keys that let a request in.
        per_minute: Requests a minute of one key or address.
        hosts: Names by which service and page may be asked for; None for any, without a page.
        page: Whether to show the page for the line under ``/ui``.
        password: The page's password.

    Raises:
        MissingExtraError: The extra ``serve`` is not installed, or for the page ``ui``.
    """
    try:
        from echo_agent.serve.app import build_app
        from echo_agent.serve.service import Service
    except ImportError as error:
        raise MissingExtraError(error.name or "fastapi", "serve") from error
    app = build_app(Service(inspector), keys=keys, per_minute=per_minute, hosts=hosts)
    if page:
        from echo_agent.ui.controller import Controller
        from echo_agent.ui.serving import mount

        app = mount(Controller(inspector), app, "/ui", password, hosts or frozenset())
    return app


def run(app: Any, host: str, port: int) -> None:
    """Serves until Ctrl-C or SIGTERM; requests that run are finished."""
    import uvicorn

    uvicorn.run(
        app, host=host, port=port, log_level="warning", server_header=False, timeout_graceful_shutdown=30
    )
