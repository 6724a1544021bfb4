"""Keys of endpoints: where they are found, and whom they must not be sent to."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from seal.base.redaction import variable
from seal.errors import ConfigError


def refuse_to_tell_everybody(base_url: str, key_variable: str) -> None:
    """Without TLS a key is read by everybody on the way, which must not be the internet.

    Raises:
        ConfigError: it would be.
    """
    parts = urlsplit(base_url)
    if parts.scheme == "http" and not is_near(parts.hostname or "") and api_key(key_variable):
        raise ConfigError(
            f"{base_url} is asked without TLS, and the key in {key_variable} would travel unencrypted: use https://, or"
            " where the server needs no key name a variable that is not set with key_variable"
        )


def is_near(host: str) -> bool:
    """On this machine or in the own network, by address or by a name that the internet does not know."""
    try:
        return ip_address(host).is_private
    except ValueError:
        return "." not in host or host.endswith((".local", ".internal", ".lan", ".cluster"))


def api_key(name: str) -> str | None:
    """The key from the environment, or from a file `.env` in the current folder.

    Raises:
        ConfigError: the file cannot be read, or what it holds can be no key.
    """
    try:
        key = variable(name)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f".env cannot be read: {error}") from error
    if key and not (key.isascii() and key.isprintable()):
        raise ConfigError(f"{name}: what it holds is no key: it has characters that no header of HTTP can carry")
    return key
