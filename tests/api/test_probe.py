"""The test of an endpoint: which steps it tells, where it ends, and which dialect it finds."""

import ssl
from pathlib import Path

import pytest
import trustme

from desktop_chat.api import Api
from desktop_chat.domain import errors
from desktop_chat.domain.endpoint import DEMO_ENDPOINT, Dialect, Endpoint, EndpointKind, ProxyMode, Secrets
from desktop_chat.domain.errors import ChatError
from desktop_chat.domain.limits import Limits
from desktop_chat.domain.probe import ProbeResult, ProbeStep, StepKind
from tests.api.conftest import KEY, endpoint_at
from tests.server import Exchange, Script, Server, faults, wire
from tests.server.proxies import PASSWORD, USER, HttpProxy, Proxy, SocksProxy

pytestmark = pytest.mark.anyio
WITH_KEY, LIMITS = Secrets(KEY), Limits()
ALL = [kind for kind in StepKind if kind is not StepKind.PROXY]


class Found:
    """The steps and the result of one probe."""

    def __init__(self, steps: list[ProbeStep | ProbeResult]) -> None:
        last = steps.pop()
        assert isinstance(last, ProbeResult)
        self.result = last
        self.steps = [step for step in steps if isinstance(step, ProbeStep)]
        assert len(self.steps) == len(steps)
        self.kinds = [step.kind for step in self.steps]
        assert len(set(self.kinds)) == len(self.kinds), "each kind comes at most once"
        assert all(0 <= step.seconds < 60 and len(step.detail) <= 300 for step in self.steps)

    def __getitem__(self, kind: StepKind) -> ProbeStep:
        return next(step for step in self.steps if step.kind is kind)

    def failed(self, kind: StepKind, error: type[ChatError]) -> None:
        """The probe ended with this step, and for this reason."""
        last = self.steps[-1]
        assert (last.kind, last.ok) == (kind, False)
        assert type(last.error) is error
        assert self.result.error is last.error
        assert not any(step.ok is False for step in self.steps[:-1])


async def probe(api: Api, endpoint: Endpoint, secrets: Secrets = WITH_KEY, limits: Limits = LIMITS) -> Found:
    return Found([step async for step in api.probe(endpoint, secrets, limits)])


async def test_all_goes_well(server: Server, api: Api) -> None:
    found = await probe(api, endpoint_at(server.url.replace("127.0.0.1", "localhost")))
    assert found.kinds == ALL
    assert {step.kind: step.ok for step in found.steps} == {
        **dict.fromkeys(ALL, True),
        StepKind.TLS: None,
    }
    assert found[StepKind.DNS].detail == "localhost: 127.0.0.1"
    assert found[StepKind.TCP].detail == f"127.0.0.1 port {server.port}"
    assert found[StepKind.TLS].detail == "Not encrypted."
    assert found[StepKind.MODELS].detail == "3 models"
    assert found[StepKind.DIALECT].detail == "Responses"
    assert found[StepKind.TOKEN].detail.startswith("m-1: “The quick brown fox")
    assert found.result.dialect is Dialect.RESPONSES
    assert found.result.models is not None
    assert [model.id for model in found.result.models] == ["m-1", "m-2", "text-embedding-3-small"]
    assert [exchange.target for exchange in server.exchanges] == ["/v1/models", "/v1/responses"]
    assert server.requests[0].json["max_output_tokens"] == 32
    await server.left_alone()  # its connections are its own, and closed at its end


def only_chat(refusal: Script) -> Script:
    answer = wire.answer()

    async def play(exchange: Exchange) -> None:
        await (answer if exchange.chat else refusal)(exchange)

    return play


@pytest.mark.parametrize(
    "refusal",
    [
        faults.status(400, "unknown path"),
        faults.status(404),
        faults.status(405),
        faults.status(500),
        faults.status(501),
        faults.html(404),
        faults.html(200),
        faults.document(200, b"{}"),
        faults.partial(wire.sse({"error": {"message": "no"}})),
        faults.partial(b""),
    ],
)
async def test_a_server_that_does_not_speak_responses(server: Server, api: Api, refusal: Script) -> None:
    server.default = only_chat(refusal)
    found = await probe(api, endpoint_at(server.url))
    assert found.result.dialect is Dialect.CHAT_COMPLETIONS
    assert found.result.error is None
    assert found[StepKind.DIALECT].detail.startswith("Chat Completions; Responses is not spoken (")
    assert found[StepKind.TOKEN].ok is True


@pytest.mark.parametrize(
    ("refusal", "kind"),
    [
        (faults.status(401), errors.KeyRejected),
        (faults.status(429), errors.RateLimited),
        (faults.close_before_head, errors.ConnectionLost),
    ],
)
async def test_what_no_other_dialect_would_mend(
    server: Server, api: Api, refusal: Script, kind: type[ChatError]
) -> None:
    server.default = refusal
    found = await probe(api, endpoint_at(server.url))
    found.failed(StepKind.TOKEN, kind)
    assert len(server.requests) == 1


async def test_neither_dialect(server: Server, api: Api) -> None:
    async def play(exchange: Exchange) -> None:
        await faults.status(400 if exchange.chat else 404, "no such model")(exchange)

    server.default = play
    found = await probe(api, endpoint_at(server.url, default_model="gone"))
    assert found.steps[-1].kind is StepKind.TOKEN
    assert (found.steps[-1].detail, found.result.dialect) == ("gone", None)
    assert found.result.error is not None
    assert {sent.json["model"] for sent in server.requests} == {"gone"}


@pytest.mark.parametrize(
    ("listing", "kind"),
    [
        (faults.status(401), errors.KeyRejected),
        (faults.status(429), errors.RateLimited),
        (faults.status(503), errors.Overloaded),
        (faults.close_before_head, errors.ConnectionLost),
        (faults.no_answer, errors.NoAnswer),
    ],
)
async def test_the_key_or_the_server_is_not_right(
    server: Server, api: Api, listing: Script, kind: type[ChatError]
) -> None:
    server.script(listing)
    found = await probe(api, endpoint_at(server.url), limits=Limits(first_event=0.3))
    found.failed(StepKind.AUTH, kind)
    assert found.result.models is None


@pytest.mark.parametrize("listing", [faults.status(404), faults.status(403), faults.html(200)])
async def test_a_server_without_a_list(server: Server, api: Api, listing: Script) -> None:
    server.script(listing)
    found = await probe(api, endpoint_at(server.url, default_model="mine"))
    assert (found[StepKind.AUTH].ok, found[StepKind.MODELS].ok) == (None, None)
    assert found[StepKind.TOKEN].ok is True
    assert (found.result.dialect, found.result.models) == (Dialect.RESPONSES, None)
    server.script(listing)
    unnamed = await probe(api, endpoint_at(server.url))
    assert (unnamed[StepKind.TOKEN].ok, unnamed.result) == (None, ProbeResult(None))


@pytest.mark.parametrize(
    ("listed", "asked"),
    [
        (["gpt-image", "big", "quick-mini"], "quick-mini"),
        (["big", "text-embedding-3-small"], "big"),
    ],
)
async def test_a_small_model_is_asked(server: Server, api: Api, listed: list[str], asked: str) -> None:
    import json

    server.script(faults.document(200, json.dumps({"data": [{"id": name} for name in listed]}).encode()))
    assert (await probe(api, endpoint_at(server.url))).result.dialect is not None
    assert server.requests[0].json["model"] == asked


async def test_azure_is_asked_for_a_deployment_that_is_named(server: Server, api: Api) -> None:
    azure = endpoint_at(server.url[:-3], kind=EndpointKind.AZURE, api_version="2025-01-01")
    assert (await probe(api, azure))[StepKind.TOKEN].ok is None
    assert server.requests == []


async def test_nothing_listens(api: Api) -> None:
    found = await probe(api, endpoint_at("http://127.0.0.1:1/v1"))
    found.failed(StepKind.TCP, errors.ConnectionRefused)
    assert found[StepKind.DNS].ok is None


async def test_a_name_without_an_address(api: Api) -> None:
    found = await probe(api, endpoint_at("https://nowhere.invalid/v1"))
    found.failed(StepKind.DNS, errors.HostNotFound)
    assert found.kinds == [StepKind.DNS]


class Place:
    """A server with TLS, the file of its authority, and an endpoint that trusts it."""

    def __init__(self, folder: Path, host: str = "127.0.0.1") -> None:
        authority = trustme.CA(organization_name="Example Trust")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(host, organization_name="Example").configure_cert(context)
        self.server = Server(tls=context)
        self.ca = str(folder / "ca.pem")
        authority.cert_pem.write_to_path(self.ca)


async def test_who_signed_the_certificate(api: Api, tmp_path: Path) -> None:
    place = Place(tmp_path)
    async with place.server as server:
        found = await probe(api, endpoint_at(server.url, ca_bundle=place.ca))
        assert found.kinds == ALL
        told = found[StepKind.TLS]
        assert told.ok is True
        assert told.detail == "TLSv1.3, signed by Example Trust, for 127.0.0.1, until 3000-01-01"
        assert found.result.dialect is Dialect.RESPONSES
        distrusting = await probe(api, endpoint_at(server.url))
        distrusting.failed(StepKind.TLS, errors.TlsFailed)
        assert distrusting.kinds == [StepKind.DNS, StepKind.TCP, StepKind.TLS]


async def test_a_file_that_is_not_right_comes_before_everything(api: Api) -> None:
    found = await probe(api, endpoint_at("https://127.0.0.1:1/v1", ca_bundle="/no/such.pem"))
    found.failed(StepKind.TLS, errors.TlsFailed)
    assert len(found.steps) == 1
    bad_proxy = endpoint_at("https://127.0.0.1:1/v1", proxy=ProxyMode.MANUAL, proxy_url="ftp://x")
    (await probe(api, bad_proxy)).failed(StepKind.PROXY, errors.ProxyFailed)


@pytest.mark.parametrize("kind", [HttpProxy, SocksProxy])
async def test_through_a_proxy(api: Api, tmp_path: Path, kind: type[Proxy]) -> None:
    place = Place(tmp_path, "api.example.invalid")
    async with place.server as server, kind(server.port) as proxy:
        endpoint = endpoint_at(
            "https://api.example.invalid/v1",
            ca_bundle=place.ca,
            proxy=ProxyMode.MANUAL,
            proxy_url=proxy.url,
            proxy_user=USER,
        )
        found = await probe(api, endpoint, Secrets(KEY, proxy_password=PASSWORD))
        assert found.kinds == list(StepKind)
        assert found[StepKind.PROXY].ok is True
        assert "for api.example.invalid" in found[StepKind.TLS].detail
        assert found.result.dialect is Dialect.RESPONSES
        wrong = await probe(api, endpoint, Secrets(KEY, proxy_password="wrong-canary"))
        wrong.failed(StepKind.PROXY, errors.ProxyFailed)
        assert "canary" not in repr(wrong.steps)


async def test_through_a_proxy_without_a_tunnel(server: Server, api: Api) -> None:
    endpoint = endpoint_at("http://api.example.invalid/v1", proxy=ProxyMode.MANUAL, proxy_url=server.url[:-3])
    found = await probe(api, endpoint)
    assert set(found.kinds) == set(StepKind)
    assert found[StepKind.PROXY].ok is True
    server.queue.append(faults.document(407, b""))
    (await probe(api, endpoint)).failed(StepKind.PROXY, errors.ProxyFailed)


async def test_a_proxy_that_is_not_there(api: Api) -> None:
    endpoint = endpoint_at(
        "https://api.example.invalid/v1", proxy=ProxyMode.MANUAL, proxy_url="http://127.0.0.1:1"
    )
    (await probe(api, endpoint)).failed(StepKind.TCP, errors.ProxyFailed)


async def test_a_token_that_is_renewed_at_once(server: Server, api: Api) -> None:
    async def renew() -> Secrets:
        return Secrets("new")

    server.script(faults.status(401))
    found = await probe(api, endpoint_at(server.url), Secrets("old", renew=renew))
    assert found.result.dialect is Dialect.RESPONSES
    assert [sent.headers["authorization"] for sent in server.exchanges] == [
        "Bearer old",
        "Bearer new",
        "Bearer new",
    ]


async def test_the_demo_model(api: Api) -> None:
    found = await probe(api, DEMO_ENDPOINT, Secrets())
    assert found.kinds == [StepKind.AUTH, StepKind.MODELS, StepKind.DIALECT, StepKind.TOKEN]
    assert found.result.dialect is Dialect.RESPONSES


async def test_a_probe_that_is_dropped_closes_what_it_opened(server: Server, api: Api) -> None:
    server.default = faults.stall_after_head
    steps = api.probe(endpoint_at(server.url), Secrets(KEY), Limits())
    async for step in steps:
        if isinstance(step, ProbeStep) and step.kind is StepKind.MODELS:
            break
    await steps.aclose()
    await server.left_alone()
