"""MCP on the LangGraph server: tools give JSON, and their errors keep their sentence, which the server alone cuts."""

import json
from functools import lru_cache
from typing import Any

from langgraph_sdk import get_client
from langgraph_sdk.client import LangGraphClient
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from echo_agent.json_text import parse_json


class ToolCalls:
    """Answers ``tools/call``; all else, and a tool that it does not know, is the server's.

    Args:
        app: The server.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http" or scope["method"] != "POST" or not scope["path"].endswith("/mcp"):
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        body = await request.body()
        answered = await _answered(request, body)
        if answered is not None:
            await answered(scope, receive, send)
            return
        waiting = [{"type": "http.request", "body": body, "more_body": False}]

        async def again() -> Message:
            return waiting.pop() if waiting else await receive()

        await self._app(scope, again, send)


async def _answered(request: Request, body: bytes) -> JSONResponse | None:
    try:
        asked: Any = parse_json(body.decode())
        called: Any = asked["params"] if asked["method"] == "tools/call" else None
        number, name = asked["id"], called["name"]
    except (ValueError, KeyError, TypeError):
        return None
    if not isinstance(name, str):
        return _refused(number, f"name is {str(name)[:40]!r}: give the name of a tool as text")
    arguments, context = called.get("arguments") or {}, called.get("context") or {}
    for given, of in ((arguments, "arguments"), (context, "context")):
        if not isinstance(given, dict):
            return _refused(number, f"{of} is {str(given)[:40]!r}: give an object")
    headers = dict(request.headers)
    found = await _client().assistants.search(name=name, headers=headers)
    tools = [one for one in found if one["name"] == name]
    if len(tools) != 1:
        return None
    value = await _client().runs.wait(
        None,
        tools[0]["assistant_id"],
        input=arguments,
        context=context,
        headers=headers,
        raise_error=False,
    )
    return JSONResponse({"jsonrpc": "2.0", "id": number, "result": _result(value)})


def _refused(number: Any, told: str) -> JSONResponse:
    """The answer to a call that is none, by JSON-RPC's code of invalid parameters."""
    return JSONResponse({"jsonrpc": "2.0", "id": number, "error": {"code": -32602, "message": told}})


def _result(value: Any) -> dict[str, Any]:
    error = value.get("__error__") if isinstance(value, dict) else None
    if error is None:
        return {"content": [{"type": "text", "text": json.dumps(value)}]}
    return {"isError": True, "content": [{"type": "text", "text": f"{error['error']}: {error['message']}"}]}


@lru_cache(maxsize=1)
def _client() -> LangGraphClient:
    """A client of the server that this process is."""
    return get_client(url=None)


app = Starlette(middleware=[Middleware(ToolCalls)])
"""What LangGraph's server adds its own routes to."""
