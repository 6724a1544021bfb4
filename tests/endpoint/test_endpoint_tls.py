"""Endpoints over TLS: a real server with certificates made for the test. Who cannot prove its name is told nothing."""

import shutil
import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from seal.endpoint import Question, Reply
from seal.endpoint.keys import refuse_to_tell_everybody
from seal.errors import ConfigError, RunError
from seal.types import Sampling
from tests.servers import endpoint, says, scripted

GREEDY = Sampling(temperature=0.0, top_p=1.0, max_new_tokens=4)
QUESTION = [Question(prompt="a")]
HERE, ELSEWHERE = "127.0.0.1", "127.0.0.2"
"""Both are this machine; only the first is asked past any proxy, by a client of our own making."""

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl to make certificates with")


def openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ca.pem, and with a certificate it issued for each of two addresses."""
    folder = tmp_path_factory.mktemp("tls")
    new = ("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2")
    openssl(folder, *new, "-subj", "/CN=our authority", "-keyout", "ca.key", "-out", "ca.pem")
    for host in (HERE, ELSEWHERE):
        issued = ("-CA", "ca.pem", "-CAkey", "ca.key", "-addext", f"subjectAltName=IP:{host}")
        no_authority = ("-addext", "basicConstraints=critical,CA:FALSE")
        files = ("-keyout", f"{host}.key", "-out", f"{host}.pem")
        openssl(folder, *new, "-subj", "/CN=server", *issued, *no_authority, *files)
    openssl(
        folder,
        *new,
        "-subj",
        "/CN=self",
        "-addext",
        f"subjectAltName=IP:{HERE}",
        "-keyout",
        "self.key",
        "-out",
        "self.pem",
    )
    return folder


@pytest.fixture
def shown(authority: Path) -> Callable[[str], ssl.SSLContext]:
    """What a server shows that has this certificate."""

    def context(name: str) -> ssl.SSLContext:
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.load_cert_chain(authority / f"{name}.pem", authority / f"{name}.key")
        return made

    return context


@pytest.fixture(autouse=True)
def no_authorities_but_the_usual(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEAL_TEST_KEY", "planted-key")
    for variable in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(variable, raising=False)


@pytest.mark.parametrize(
    ("certificate", "host"),
    [("self", HERE), (HERE, HERE), (ELSEWHERE, ELSEWHERE)],
    ids=["self", "private", "elsewhere"],
)
def test_a_certificate_of_nobody_known_is_refused_before_the_key_is_told(
    shown: Callable[[str], ssl.SSLContext], certificate: str, host: str
) -> None:
    with scripted(lambda *_: says("x"), host=host, tls=shown(certificate)) as server:
        with pytest.raises(
            RunError, match=r"TLS certificate is not trusted \(.*\): give .* as SSL_CERT_FILE"
        ) as raised:
            endpoint(server.url).ask(QUESTION, GREEDY)
        assert server.url in str(raised.value)
        assert (server.requests, server.keys) == ([], set())


@pytest.mark.parametrize("host", [HERE, ELSEWHERE])
def test_an_authority_of_our_own_is_trusted_where_the_environment_names_it(
    shown: Callable[[str], ssl.SSLContext], authority: Path, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority / "ca.pem"))
    with scripted(lambda *_: says("x"), host=host, tls=shown(host)) as server:
        [reply] = endpoint(server.url).ask(QUESTION, GREEDY)
    assert isinstance(reply, Reply)
    assert server.keys == {"Bearer planted-key"}


def test_a_trusted_certificate_for_another_address_is_refused(
    shown: Callable[[str], ssl.SSLContext], authority: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority / "ca.pem"))
    with (
        scripted(lambda *_: says("x"), host=HERE, tls=shown(ELSEWHERE)) as server,
        pytest.raises(RunError, match=r"IP address mismatch.*or use the name that it was issued for"),
    ):
        endpoint(server.url).ask(QUESTION, GREEDY)
    assert server.keys == set()


@pytest.mark.parametrize("host", ["judge.example.com", "8.8.8.8", "[2001:4860:4860::8888]"])
def test_a_key_does_not_travel_unencrypted_through_the_internet(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"http://{host}/v1"
    with pytest.raises(ConfigError, match=r"the key in SEAL_TEST_KEY would travel unencrypted: use https://"):
        endpoint(url).ask(QUESTION, GREEDY)
    refuse_to_tell_everybody(f"https://{host}/v1", "SEAL_TEST_KEY")
    monkeypatch.delenv("SEAL_TEST_KEY")
    refuse_to_tell_everybody(url, "SEAL_TEST_KEY")


@pytest.mark.parametrize("host", ["localhost", "node17", "10.0.0.7", "192.168.1.2", "[fd00::1]", "judge.internal"])
def test_in_the_own_network_it_may(host: str) -> None:
    refuse_to_tell_everybody(f"http://{host}:8000/v1", "SEAL_TEST_KEY")
