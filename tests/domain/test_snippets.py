"""A request as a command line and as a program: both are run, and must send what was sent."""

import asyncio
import inspect
import json
import os
import shutil
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest
from openai.resources.chat.completions import Completions
from openai.resources.responses import Responses

from desktop_chat.domain.evidence import Content, Evidence
from desktop_chat.domain.redaction import REDACTED
from desktop_chat.domain.snippets import ARGUMENTS, curl, python
from tests.server import Exchange, Server
from tests.server.wire import answer, response

pytestmark = pytest.mark.anyio

SHELLS = [shell for shell in ("sh", "bash", "dash", "zsh") if shutil.which(shell)]
NASTY = (
    "it's \"q\" $HOME `id` $(id) \\ \\n \n\r\n\tJSON\nJSON\n'''\x00\x1b\x7f é 🙂 \u2028 \u202e % ! # <<EOF"
)
SECRETS = {"OPENAI_API_KEY": "sk-1", "AZURE_OPENAI_API_KEY": "az-1", "X_GATEWAY": "gate-1"}
PLAIN = (
    ("Host", "example.com"),
    ("Authorization", f"Bearer {REDACTED}"),
    ("Content-Type", "application/json"),
    ("Content-Length", "3"),
    ("X-Stainless-Lang", "python"),
    ("User-Agent", "desktop-chat"),
)
RESPONSES: dict[str, Any] = {
    "model": "m-1",
    "input": [
        {"role": "user", "content": [{"type": "input_text", "text": NASTY}]},
        {
            "role": "user",
            "content": [{"type": "input_image", "image_url": Content("h1", "data:image/png;base64,")}],
        },
    ],
    "stream": True,
    "store": False,
    "temperature": 0.1,
    "reasoning": {"effort": "low", "summary": None},
    "text": {"format": {"type": "json_schema", "name": "a", "schema": {"type": "object"}, "strict": True}},
    "metadata": {"it's": 'a "name"'},
    "top_k": 5,
    "not a name": {NASTY: [1, -2.5e-10, 2**70, True, None, [], {}, ""]},
}
CHAT: dict[str, Any] = {
    "model": "m-1",
    "messages": [{"role": "user", "content": NASTY}],
    "stream": False,
    "n": 2,
    "stop": ["\n", "'"],
    "logit_bias": {"50256": -100},
    "response_format": {"type": "json_object"},
    "timeout": 3,
    "extra_body": {"of": "the body"},
}
CONTENTS = {"h1": "QUJD" * 100_000}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with Server(reply) as server:
        yield server


async def reply(exchange: Exchange) -> None:
    """A stream where one is asked for, else a whole answer that both dialects can be read from."""
    if isinstance(exchange.json, dict) and exchange.json.get("stream"):
        await answer()(exchange)
    else:
        choice = {"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}
        await exchange.document(200, json.dumps({**response(), "choices": [choice]}).encode())


def filled(value: Any) -> Any:
    """What arrives of a body with attachments."""
    if isinstance(value, Content):
        return value.prefix + CONTENTS[value.hash]
    if isinstance(value, dict):
        return {name: filled(member) for name, member in value.items()}
    return [filled(member) for member in value] if isinstance(value, list) else value


async def run(server: Server, text: str, *command: str) -> Exchange:
    """Run ``text`` from a file of its own, as one who pasted it would; what it sent."""
    kept = {
        name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH") if name in os.environ
    }
    before = len(server.exchanges)
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**kept, **SECRETS, "PYTHONUTF8": "1", "HOME": os.devnull, "CURL_HOME": os.devnull},
    )
    out, err = await process.communicate(text.encode())
    assert process.returncode == 0, err.decode()
    assert len(server.exchanges) == before + 1, (out, err)
    return server.exchanges[-1]


async def run_curl(server: Server, evidence: Evidence, shell: str = "sh") -> Exchange:
    return await run(server, curl(evidence, CONTENTS), shell, "-s")


async def run_python(server: Server, evidence: Evidence) -> Exchange:
    return await run(server, python(evidence, CONTENTS), sys.executable, "-I", "-")


def asked(server: Server, path: str, body: Any, *more: tuple[str, str]) -> Evidence:
    return Evidence("POST", server.url + path, (*PLAIN, *more), body)


def test_the_names_are_those_of_the_sdk() -> None:
    own = {"self", "extra_headers", "extra_query", "extra_body", "timeout"}
    for resource, create in (("responses", Responses.create), ("chat.completions", Completions.create)):
        assert ARGUMENTS[resource] == set(inspect.signature(create).parameters) - own


@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
@pytest.mark.parametrize("shell", SHELLS)
async def test_curl_sends_the_same(server: Server, shell: str) -> None:
    headers = (("X-Odd", 'it\'s "q" $HOME `id` ! \\'), ("X-Empty", ""), ("X-Gateway", REDACTED))
    got = await run_curl(server, asked(server, "/responses?a=1&b=%20$x'", RESPONSES, *headers), shell)
    assert got.json == filled(RESPONSES)
    assert got.target == "/v1/responses?a=1&b=%20$x'"
    assert got.headers["authorization"] == "Bearer sk-1"
    assert got.headers["content-type"] == "application/json"
    assert got.headers["x-odd"] == 'it\'s "q" $HOME `id` ! \\'
    assert got.headers["x-empty"] == ""
    assert got.headers["x-gateway"] == "gate-1"
    assert "x-stainless-lang" not in got.headers


@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
async def test_curl_asks_without_a_body(server: Server) -> None:
    got = await run_curl(server, Evidence("GET", f"{server.url}/models?q=[a]{{b}}", PLAIN))
    assert (got.method, got.target) == ("GET", "/v1/models?q=[a]{b}")


@pytest.mark.parametrize(("path", "body"), [("/responses", RESPONSES), ("/chat/completions", CHAT)])
async def test_python_sends_the_same(server: Server, path: str, body: dict[str, Any]) -> None:
    more = (
        ("OpenAI-Organization", "org-1"),
        ("OpenAI-Project", "it's"),
        ("X-Odd", "a'b\"c"),
        ("X-Gateway", f"Token {REDACTED}"),
    )
    got = await run_python(server, asked(server, f"{path}?tenant=a+b", body, *more))
    assert got.json == filled(body)
    assert got.target == f"/v1{path}?tenant=a+b"
    assert got.headers["authorization"] == "Bearer sk-1"
    assert got.headers["openai-organization"] == "org-1"
    assert got.headers["openai-project"] == "it's"
    assert got.headers["x-odd"] == "a'b\"c"
    assert got.headers["x-gateway"] == "Token gate-1"


async def test_python_is_as_one_would_write_it(server: Server) -> None:
    text = python(asked(server, "/responses", {"model": "m", "input": "Hi", "top_k": 1}), {})
    assert text == (
        "import os\n\nfrom openai import OpenAI\n\n"
        f'client = OpenAI(\n    base_url="{server.url}",\n    api_key=os.environ["OPENAI_API_KEY"],\n)\n'
        'answer = client.responses.create(\n    model="m",\n    input="Hi",\n'
        '    extra_body={\n        "top_k": 1,\n    },\n)\nprint(answer.output_text)\n'
    )


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/openai/deployments/m-1/chat/completions", CHAT),
        ("/openai/deployments/other/chat/completions", CHAT),
        ("/openai/responses", RESPONSES),
    ],
)
@pytest.mark.parametrize("header", ["api-key", "Authorization"])
async def test_python_for_azure(server: Server, path: str, body: dict[str, Any], header: str) -> None:
    url = f"{server.url}{path}?api-version=2026-01-01"
    given = (header, f"Bearer {REDACTED}" if header == "Authorization" else REDACTED)
    evidence = Evidence("POST", url, (given, ("Content-Type", "application/json")), body)
    assert "AzureOpenAI(" in python(evidence, {})
    got = await run_python(server, evidence)
    assert got.json == filled(body)
    assert got.target == f"/v1{path}?api-version=2026-01-01"
    assert got.headers[header.lower()] == ("Bearer sk-1" if header == "Authorization" else "az-1")
    if shutil.which("curl"):
        assert (await run_curl(server, evidence)).headers[header.lower()] == got.headers[header.lower()]


async def test_a_server_without_a_key(server: Server) -> None:
    evidence = Evidence("POST", f"{server.url}/chat/completions", (), CHAT)
    text = python(evidence, {})
    assert "os" not in text.partition("client")[0].replace("openai", "")
    assert (await run_python(server, evidence)).json == CHAT
    kept = Evidence("POST", evidence.url, (("Authorization", "Bearer not-needed"),), CHAT)
    assert python(kept, {}) == text


@pytest.mark.parametrize("body", [{"prompt": NASTY}, {"messages": []}, [1, "a"]])
async def test_python_for_what_the_sdk_has_no_name_for(server: Server, body: Any) -> None:
    for path in ("/odd/thing", "/chat/completions"):
        got = await run_python(server, asked(server, path, body))
        assert (got.json, got.target) == (body, f"/v1{path}")
    assert (await run_python(server, Evidence("GET", f"{server.url}/models", PLAIN))).method == "GET"


async def test_deep_and_lone(server: Server) -> None:
    deep: Any = "end"
    for _ in range(300):
        deep = [deep]
    body = {"model": "m", "input": "x", "deep": deep}
    assert (await run_python(server, asked(server, "/responses", body))).json == body
    lone = asked(server, "/responses", {"model": "m", "input": "\ud83d"})
    assert curl(lone, {}).encode()
    assert python(lone, {}).encode()


async def test_no_secret_is_ever_in_it(server: Server) -> None:
    headers = (("authorization", "Bearer sk-secret"), ("api-key", "sk-secret"), ("Cookie", "a=sk-secret"))
    evidence = Evidence("POST", f"{server.url}/responses", headers, {"model": "m", "input": "x"})
    assert "sk-secret" not in curl(evidence, {}) + python(evidence, {})


def test_an_attachment_that_is_gone_is_told() -> None:
    evidence = Evidence("POST", "https://h/v1/responses", (), {"input": Content("0123456789abcdef")})
    for made in (curl(evidence, {}), python(evidence, {})):
        assert "[the attachment 0123456789ab is gone]" in made


def test_the_body_of_curl_is_json() -> None:
    evidence = Evidence("POST", "https://h/v1/responses", (), RESPONSES)
    body = curl(evidence, CONTENTS).partition("<<'JSON'\n")[2].removesuffix("\nJSON\n")
    assert json.loads(body) == filled(RESPONSES)
