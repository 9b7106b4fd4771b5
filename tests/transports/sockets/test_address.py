import socket

import pytest

from filebridge.errors import ConfigError, StartError
from filebridge.transports.sockets.address import is_loopback, parse, resolved, shown, unix_path


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:5000", ("127.0.0.1", 5000)),
        ("localhost:1", ("localhost", 1)),
        ("[::1]:65535", ("::1", 65535)),
        ("0.0.0.0:80", ("0.0.0.0", 80)),
    ],
)
def test_what_is_written_is_read_and_shown_again(text, address):
    assert parse(text) == address
    assert shown(*address) == text


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("5000", "there is no port"),
        (":5000", "there is no host"),
        ("*:5000", "there is no host"),
        (" host:5000", "there is no host"),
        ("::1:5000", "several colons"),
        ("[::1:5000", "several colons"),
        ("[host]:5000", "'host' in brackets is no IPv6 address"),
        ("host:", "the port is ''"),
        ("host:0", "the port is '0'"),
        ("host:65536", "the port is '65536'"),
        ("host:http", "the port is 'http'"),
        ("host:１", "the port is '１'"),
        ("host:+1", "the port is '+1'"),
    ],
)
def test_anything_else_is_told_with_what_to_write(text, found):
    with pytest.raises(ConfigError) as caught:
        parse(text)
    assert caught.value.what == f"{text!r} is no address of a socket"
    assert caught.value.found == found
    assert caught.value.cure.startswith("write ")


def test_an_address_without_brackets_is_shown_with_them():
    with pytest.raises(ConfigError, match=r"write an IPv6 address in brackets, `\[::1\]:5000`"):
        parse("::1:5000")


@pytest.mark.parametrize(
    ("host", "alone"),
    [
        ("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True), ("LOCALHOST", True),
        ("0.0.0.0", False), ("::", False), ("192.168.1.1", False), ("localhost.example.org", False),
    ],
)  # fmt: skip
def test_only_addresses_of_this_machine_alone_are_loopback(host, alone):
    assert is_loopback(host) is alone


def test_numeric_hosts_are_what_they_are():
    assert resolved("127.0.0.1", 5, "tcp") == ((socket.AF_INET, ("127.0.0.1", 5)),)
    assert resolved("::1", 5, "udp") == ((socket.AF_INET6, ("::1", 5)),)
    assert (socket.AF_INET, ("127.0.0.1", 7)) in resolved("localhost", 7, "tcp")


def test_a_host_that_cannot_be_is_not_known():
    with pytest.raises(StartError, match=r"the host sim\.\.local is not known"):
        resolved("sim..local", 5, "tcp")


def test_paths_are_seen_from_the_folder_and_at_most_107_bytes_long():
    assert unix_path("/run/x", "a/sim.sock") == "/run/x/a/sim.sock"
    assert unix_path("/run/x", "/other.sock") == "/other.sock"
    assert len(unix_path("/" + "d" * 97, "12345678")) == 107
    with pytest.raises(ConfigError) as caught:
        unix_path("/" + "d" * 97, "123456789")
    assert caught.value.what == "the path of the Unix socket 123456789 is too long"
    assert caught.value.found.startswith("108 bytes, /ddd")
    assert "FILEBRIDGE_WORKDIR" in caught.value.cure
    with pytest.raises(ConfigError, match="too long"):
        unix_path("/" + "d" * 90, "é" * 9)  # bytes count, not characters
    with pytest.raises(ConfigError, match="a zero in it"):
        unix_path("/run", "a\0b")
