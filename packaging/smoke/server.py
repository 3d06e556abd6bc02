"""A server on the loopback interface that streams answers in both dialects of the API, and remembers what
it was asked."""

import json
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

MODEL = "smoke-1"
PIECE = 6
"""Characters an event."""


class Request(NamedTuple):
    path: str
    authorization: str
    prompt: str


class Server:
    """Answers every question with ``answer``; ``url`` is its base URL."""

    def __init__(self, answer: str, certificate: Path | None = None) -> None:
        """With a ``certificate`` (PEM, key included) for localhost it speaks TLS."""
        self.answer = answer
        self.requests: list[Request] = []
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        scheme = "http"
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            # The handshake would otherwise hold up the thread that accepts connections.
            self._http.socket = context.wrap_socket(
                self._http.socket, server_side=True, do_handshake_on_connect=False
            )
            scheme = "https"
        self.url = f"{scheme}://localhost:{self._http.server_address[1]}/v1"
        self._thread = threading.Thread(target=self._http.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._remember("")
            self._json({"object": "list", "data": [{"id": MODEL, "object": "model", "created": 1}]})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            asked = [m["content"] for m in body.get("messages") or body["input"] if m["role"] == "user"]
            self._remember(json.dumps(asked[-1]))
            chat = self.path.endswith("/chat/completions")
            pieces = [server.answer[at : at + PIECE] for at in range(0, len(server.answer), PIECE)]
            self.send_response(200)
            self.send_header("content-type", "text/event-stream")
            self.send_header("transfer-encoding", "chunked")
            self.end_headers()
            for data in (_chat_events if chat else _responses_events)(pieces):
                self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
            self.wfile.write(b"0\r\n\r\n")

        def _remember(self, prompt: str) -> None:
            key = self.headers.get("authorization", "") or self.headers.get("api-key", "")
            server.requests.append(Request(self.path, key, prompt))

        def _json(self, value: object) -> None:
            data = json.dumps(value).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *arguments: object) -> None:
            """Nothing: the smoke test's output is a line a step."""

    return Handler


def _chat_events(pieces: list[str]) -> list[bytes]:
    """An answer as the API reference tells it for Chat Completions."""

    def chunk(delta: dict[str, Any], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        fields = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": MODEL}
        return _event({**fields, "choices": [choice]})

    first, last = chunk({"role": "assistant", "content": ""}), chunk({}, "stop")
    return [first, *(chunk({"content": piece}) for piece in pieces), last, b"data: [DONE]\n\n"]


def _responses_events(pieces: list[str]) -> list[bytes]:
    """An answer as the API reference tells it for Responses."""
    response = {"id": "r1", "object": "response", "created_at": 1, "model": MODEL, "output": []}
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": {**response, "status": "in_progress"}}
    ]
    place = {"item_id": "m1", "output_index": 0, "content_index": 0}
    events += [{"type": "response.output_text.delta", **place, "delta": piece} for piece in pieces]
    events.append({"type": "response.completed", "response": {**response, "status": "completed"}})
    return [_event({**event, "sequence_number": n}, event["type"]) for n, event in enumerate(events)]


def _event(value: dict[str, Any], name: str = "") -> bytes:
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(value)}\n\n".encode()
