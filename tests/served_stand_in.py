"""An OpenAI-compatible server that plays a script, over real HTTP."""

import json
import math
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class FakeServer:
    """An OpenAI-compatible server on this machine that plays a script of answers and keeps the requests."""

    def __init__(self) -> None:
        self.requests: list[dict] = []
        self.statuses: list[int] = []
        self.logprobs: dict[str, float] | None = {"defective": 0.9, "normal": 0.1}
        self.refuses_logprobs = False
        self.content: str | None = None
        self.held = threading.Event()
        self.holds = False
        self.drops = 0
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                fake.requests.append(body)
                if fake.drops > 0:
                    fake.drops -= 1
                    self.close_connection = True
                    return
                if fake.holds:
                    fake.held.wait(10)
                    return
                status = fake.statuses.pop(0) if fake.statuses else 200
                if status == 200 and fake.refuses_logprobs and body.get("logprobs"):
                    status, answer = 400, {"error": {"message": "logprobs are not supported"}}
                else:
                    answer = fake.answer(body) if status == 200 else {"error": {"message": f"fault {status}"}}
                data = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.send_header("retry-after-ms", "1")
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/v1"

    def answer(self, body: dict) -> dict:
        """Answers like a model that knows the options by their words, wherever they stand."""
        end = body["messages"][-1]["content"]
        text = end if isinstance(end, str) else end[-1]["text"]
        labels = {line[0]: line for line in text.split("\n") if line[1:3] == ". "}
        choice = {
            "message": {"role": "assistant", "content": self.content},
            "index": 0,
            "finish_reason": "stop",
        }
        best = next((label for label, line in labels.items() if '"defective' in line), "A")
        if self.content is None:
            structured = "response_format" in body
            choice["message"]["content"] = json.dumps({"choice": best}) if structured else best
        if body.get("logprobs") and self.logprobs is not None:
            top = [
                {
                    "token": label,
                    "logprob": math.log(self.logprobs["defective" if label == best else "normal"]),
                }
                for label in labels
            ]
            choice["logprobs"] = {"content": [{**top[0], "top_logprobs": top}]}
        return {
            "id": "1",
            "object": "chat.completion",
            "created": 1,
            "model": body["model"],
            "choices": [choice],
            "usage": {"prompt_tokens": 40, "completion_tokens": 1, "total_tokens": 41},
        }

    def close(self) -> None:
        self.held.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
