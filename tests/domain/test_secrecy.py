"""What looks like a secret, and what does not."""

import random
import string

import pytest

from desktop_chat.domain import secrecy

WORDS = string.ascii_letters + string.digits
RANDOM = random.Random(7)


def body(length: int, letters: str = WORDS) -> str:
    return "".join(RANDOM.choice(letters) for _ in range(length))


SECRETS = [
    ("an OpenAI key", f"sk-proj-{body(60)}"),
    ("an OpenAI key", f"sk-{body(48)}"),
    ("an Anthropic key", f"sk-ant-api03-{body(60)}"),
    ("an OpenRouter key", f"sk-or-v1-{body(64, 'abcdef0123456789')}"),
    ("a Groq key", f"gsk_{body(52)}"),
    ("an xAI key", f"xai-{body(80)}"),
    ("a Hugging Face token", f"hf_{body(34)}"),
    ("a Google key", f"AIza{body(35)}"),
    ("an AWS access key", f"AKIA{body(16, string.ascii_uppercase + string.digits)}"),
    ("a GitHub token", f"ghp_{body(36)}"),
    ("a GitHub token", f"github_pat_{body(22)}_{body(59)}"),
    ("a GitLab token", f"glpat-{body(20)}"),
    ("a Slack token", f"xoxb-{body(12, string.digits)}-{body(24)}"),
    ("a Stripe key", f"sk_live_{body(24)}"),
    ("a SendGrid key", f"SG.{body(22)}.{body(43)}"),
    ("an npm token", f"npm_{body(36)}"),
    ("a PyPI token", f"pypi-{body(80)}"),
    ("a private key", f"-----BEGIN RSA PRIVATE KEY-----\n{body(64)}"),
    ("a private key", f"-----BEGIN PRIVATE KEY-----\r\n{body(64)}"),
    ("a private key", f"-----BEGIN OPENSSH PRIVATE KEY-----\n{body(64)}"),
]


@pytest.mark.parametrize(("words", "secret"), SECRETS, ids=[secret[:9] for _, secret in SECRETS])
def test_a_secret_is_found_and_never_told_whole(words: str, secret: str) -> None:
    for text in (secret, f'KEY="{secret}"', f"export A={secret}\n", f"Mine is {secret}."):
        ((kind, shown),) = secrecy.find(text)
        assert kind == words
        assert secret.startswith(shown.removesuffix("…"))
        assert len(shown) <= 13


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Set OPENAI_API_KEY to sk-your-key-here-please-and-go-on",
        "sk-" + "x" * 48,
        "AKIAIOSFODNN7EXAMPLE",
        "sk-proj-1234567890abcdefghijklmnop",
        "the risk-proj-team-of-the-whole-of-northern-europe",
        "-----BEGIN PUBLIC KEY-----\nMIIBIjANBg",
        "A file with -----BEGIN RSA PRIVATE KEY----- at its begin holds a key.",
        "https://example.org/hf_a_page_that_is_called_so_for_no_reason",
        body(40_000, string.ascii_lowercase + " "),
    ],
)
def test_what_is_no_secret_is_let_be(text: str) -> None:
    assert secrecy.find(text) == []


def test_a_secret_is_found_wherever_it_stands_in_a_long_text() -> None:
    secret = f"ghp_{body(36)}"
    for place in (0, secrecy._SLICE - 20, secrecy._SLICE - 1, secrecy._SLICE, 3 * secrecy._SLICE - 300):
        text = "." * place + secret + " " * 100_000
        assert secrecy.find(text) == [("a GitHub token", f"{secret[:12]}…")]


def test_of_many_secrets_a_few_are_told_each_once() -> None:
    secrets = [f"ghp_{body(36)}" for _ in range(20)]
    assert len(secrecy.find("\n".join(secrets))) == secrecy.MOST
    assert len(secrecy.find(f"{secrets[0]} {secrets[0]}")) == 1
