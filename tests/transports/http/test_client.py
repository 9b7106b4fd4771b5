from __future__ import annotations

import select
import socket
import threading
from contextlib import suppress

import pytest

from filebridge import _version
from filebridge.envelope import request
from filebridge.errors import ActionError, ConfigError, PeerClosed, StartError, TransportError

OK = b"200 OK\n\nx=1"
STEP = request("POST", "/step", [("Content-Type", "text/plain")], b"left")


def fixed(size, status="200 OK"):
    """Return a whole answer with a body of so many bytes."""
    return f"HTTP/1.1 {status}\r\nContent-Length: {size}\r\n\r\n".encode() + b"x" * size


class TestRequests:
    def test_a_request_as_it_goes_over_the_wire(self, serve, call):
        site = serve(lambda talk: talk.answer())
        client = call(site.url + "/api/", headers=(("X-Seat", "3"),), secrets=(("Authorization", "Bearer s3cr3t"),))
        assert client.ask() == OK
        site.finish()
        assert site.heard == [(
            f"POST /api/step HTTP/1.1\r\nHost: localhost:{site.port}\r\nUser-Agent: filebridge/{_version.VERSION}\r\n"
            "Accept: */*\r\nAccept-Encoding: identity\r\nX-Seat: 3\r\nAuthorization: Bearer s3cr3t\r\n"
            "Content-Type: text/plain\r\nContent-Length: 4\r\n\r\nleft"
        ).encode()]

    def test_what_has_no_body_names_no_length_but_where_one_is_expected(self, serve, call):
        def talk(talk):
            for _ in range(4):
                talk.answer()

        site = serve(talk)
        client = call(site.url)
        for method in ("GET", "DELETE", "POST", "PUT"):
            assert client.ask(request(method, "/", [], b"")) == OK
        site.finish()
        assert [b"Content-Length: 0" in each for each in site.heard] == [False, False, True, True]

    def test_a_request_may_replace_what_all_have(self, serve, call):
        site = serve(lambda talk: talk.answer())
        client = call(site.url, headers=(("x-seat", "3"), ("Accept", "a/b")))
        client.ask(request("GET", "x", [("X-Seat", "4"), ("Host", "other")], b""))
        site.finish()
        assert site.heard[0].split(b"\r\n")[:1] == [b"GET /x HTTP/1.1"]
        assert sorted(site.heard[0].split(b"\r\n")[1:-2]) == sorted([
            b"Host: other", f"User-Agent: filebridge/{_version.VERSION}".encode(), b"Accept: a/b",
            b"Accept-Encoding: identity", b"X-Seat: 4",
        ])

    def test_each_target_and_body_is_its_own(self, serve, call):
        def talk(talk):
            for _ in range(600):
                body = talk.request().rpartition(b"\r\n\r\n")[2]
                talk.say(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))

        site = serve(talk)
        client = call(site.url)
        for number in range(600):
            body = b"%d" % number * (number % 7)
            assert client.ask(request("POST", f"/{number}", [], body)) == b"200 OK\n\n" + body
        site.finish()
        assert [each.split()[1] for each in site.heard] == [b"/%d" % number for number in range(600)]

    def test_neither_proxies_nor_redirects_are_followed(self, serve, call, monkeypatch):
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, "http://127.0.0.1:9")
        site = serve(lambda talk: talk.answer(b"", "Location: http://127.0.0.1:9/there", status="302 Found"))
        client = call(site.url)
        assert client.ask() == b"302 Found\nLocation: http://127.0.0.1:9/there\n\n"
        site.finish()
        assert len(site.heard) == 1

    @pytest.mark.parametrize("name", ["Content-Length", "transfer-encoding", "Connection", "Expect"])
    def test_what_frames_a_request_is_not_the_users(self, call, name):
        text = (
            f"the header field {name} is not to be chosen\n  found: {name}: '5'\n"
            "  cure: leave it out: filebridge sends what it needs of it"
        )
        with pytest.raises(ConfigError) as caught:
            call("http://127.0.0.1:9", opened=False, headers=((name, "5"),))
        assert str(caught.value) == text
        client = call("http://127.0.0.1:9", opened=False)
        with pytest.raises(ConfigError) as caught:
            client.http.write(request("GET", "/", [(name, "5")], b""))
        assert str(caught.value) == text

    def test_what_can_stand_in_no_head_is_the_callers_error(self, call):
        client = call("http://127.0.0.1:9", opened=False, secrets=(("Key", "s3cr3t!"),))
        for envelope, found in (
            (request("HEAD", "/", [], b""), "the method HEAD"),
            (b"GET /\nX: a\rb\n\n", "b'a\\rb'"),
        ):
            with pytest.raises(ActionError, match="the request cannot be sent") as caught:
                client.http.write(envelope)
            assert found in str(caught.value)
            assert "s3cr3t" not in str(caught.value)


class TestSecrets:
    @pytest.mark.parametrize("value", ["s3cr3t\r\nX: y", "s3cr3t\n", "s3cr3t\u20ac", " s3cr3t"])
    def test_one_that_cannot_be_sent_is_not_shown(self, call, value):
        with pytest.raises(ConfigError) as caught:
            call("http://127.0.0.1:9", opened=False, secrets=(("Authorization", value),))
        assert str(caught.value) == (
            "the header field 'Authorization' cannot be sent\n  found: a secret value\n"
            "  cure: write a name of letters, digits and `-`, and a value of one line without spaces at its ends"
        )

    def test_one_that_is_answered_is_hidden(self, serve, call):
        site = serve(lambda talk: talk.answer(b"you said Bearer s3cr3t and s3cr3t", status="401 Unauthorized"))
        client = call(site.url, secrets=(("Authorization", "Bearer s3cr3t"), ("X-Short", "1")))
        assert client.ask() == b"401 Unauthorized\n\nyou said ************* and ******"
        assert "s3cr3t" not in repr(client.http)

    def test_a_url_with_a_password_is_refused_unseen(self, call):
        with pytest.raises(ConfigError, match="holds a name or a password") as caught:
            call("http://me:s3cr3t@127.0.0.1:9", opened=False)
        assert "s3cr3t" not in str(caught.value)


class TestAddresses:
    @pytest.mark.parametrize("url", ["127.0.0.1:80", "ftp://a", "http://", "http://a:b", "http://a?x=1", "http://a#b"])
    def test_what_is_no_address_is_refused(self, call, url):
        with pytest.raises(ConfigError, match="the `url` of `http`") as caught:
            call(url, opened=False)
        assert "cure: write `http://HOST:PORT`" in str(caught.value)

    def test_a_host_that_is_not_known(self, call):
        with pytest.raises(StartError, match=r"the host no\.\.host is not known"):
            call("http://no..host:1", opened=False)


class TestConnections:
    def test_one_is_kept_for_all(self, serve, call):
        def talk(talk):
            for _ in range(50):
                talk.answer()

        client = call(serve(talk).url)
        assert [client.ask() for _ in range(50)] == [OK] * 50

    @pytest.mark.parametrize("end", [b"HTTP/1.0 200 OK\r\n\r\nx=1", b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nx=1"])
    def test_one_that_the_service_closes_each_time_is_made_anew(self, serve, call, end):
        def talk(talk):
            talk.request()
            talk.say(end)

        site = serve(*[talk] * 5)
        client = call(site.url)
        number = client.http.fileno()
        assert [client.ask() for _ in range(5)] == [OK] * 5
        assert client.http.fileno() == client.http.write_fileno() == number
        site.finish()
        assert len(site.heard) == 5

    def test_an_end_between_two_requests_is_no_end(self, serve, call):
        site = serve(lambda talk: talk.answer(), lambda talk: talk.answer(b"x=2"))
        client = call(site.url)
        assert client.ask() == OK
        assert client.ready(select.POLLIN)
        assert client.http.read() is None
        assert not client.ready(select.POLLIN, 0)
        assert client.ask() == b"200 OK\n\nx=2"
        site.finish()
        assert len(site.heard) == 2

    def test_an_end_that_was_not_looked_at_is_noticed_before_a_request_is_sent(self, serve, call):
        site = serve(lambda talk: talk.answer(), lambda talk: talk.answer(b"x=2"))
        client = call(site.url)
        assert client.ask() == OK
        assert client.ready(select.POLLIN)
        assert client.ask() == b"200 OK\n\nx=2"
        site.finish()
        assert len(site.heard) == 2

    def test_what_is_said_unasked_answers_nothing(self, serve, call):
        heard = threading.Event()

        def talk(talk):
            talk.answer()
            assert heard.wait(20)
            talk.say(fixed(9, "408 Request Timeout"))
            talk.await_end()

        client = call(serve(talk, lambda talk: talk.answer(b"x=2")).url)
        assert client.ask() == OK
        heard.set()
        assert client.ready(select.POLLIN)
        assert client.ask() == b"200 OK\n\nx=2"

    def test_what_follows_an_answer_at_once_answers_nothing(self, serve, call):
        def talk(talk):
            talk.request()
            talk.say(fixed(2) + fixed(3))
            talk.await_end()

        client = call(serve(talk, lambda known: talk(known.answer(b"xx")), lambda talk: talk.answer(b"x=2")).url)
        assert [client.ask() for _ in range(4)] == [b"200 OK\n\nxx"] * 3 + [b"200 OK\n\nx=2"]

    def test_one_that_takes_no_new_ones_is_told(self, serve, call):
        site = serve(lambda talk: talk.answer(b"x=1", "Connection: close"))
        client = call(site.url)
        assert client.ask() == OK
        site.finish()
        with pytest.raises(PeerClosed) as caught:
            client.ask()
        assert str(caught.value) == (
            "the simulator closed its connection and takes no new one\n"
            f"  found: Connection refused, localhost:{site.port}\n"
            "  cure: see its stderr; a server of one request wants to listen on before it closes"
        )

    def test_closing_twice_is_harmless(self, serve, call):
        client = call(serve(lambda talk: talk.await_end()).url)
        client.http.close()
        client.http.close()
        assert client.http.fileno() == -1
        for act in (client.http.read, lambda: client.http.write(STEP)):
            with pytest.raises(TransportError, match="there is no connection"):
                act()


class TestLargeRequests:
    BIG = request("POST", "/step", [], bytes(range(256)) * (1 << 16))

    def test_one_goes_in_pieces_and_is_taken_once_all_of_it_went(self, serve, call):
        site = serve(lambda talk: talk.answer())
        client = call(site.url)
        client.http.write(self.BIG)
        assert client.ask(self.BIG) == OK
        site.finish()
        assert [each.partition(b"\r\n\r\n")[2] for each in site.heard] == [self.BIG.partition(b"\n\n")[2]]

    def test_one_that_is_refused_on_the_way_is_answered(self, serve, call):
        heard = threading.Event()

        def talk(talk):
            talk.answer()
            talk.connection.recv(1000)
            talk.say(fixed(3, "413 Too Much"))
            assert heard.wait(20)

        client = call(serve(talk, lambda talk: talk.answer(b"x=2")).url)
        assert client.ask() == OK
        assert client.ask(self.BIG) == b"413 Too Much\n\nxxx"
        heard.set()
        assert client.ask() == b"200 OK\n\nx=2"

    def test_a_connection_that_broke_before_all_was_written_is_made_anew_once(self, serve, call):
        def broken(talk):
            talk.answer()
            talk.connection.recv(1000)
            talk.reset()

        site = serve(broken, lambda talk: talk.answer(b"x=2"))
        client = call(site.url)
        assert client.ask() == OK
        assert client.ask(self.BIG) == b"200 OK\n\nx=2"
        site.finish()
        assert len(site.heard) == 2

    def test_twice_is_not_tried(self, serve, call):
        def broken(talk):
            talk.answer()
            talk.connection.recv(1000)
            talk.reset()

        def broken_again(talk):
            talk.connection.recv(1000)
            talk.reset()

        client = call(serve(broken, broken_again).url)
        assert client.ask() == OK
        with pytest.raises(PeerClosed, match="reset its connection"):
            client.ask(self.BIG)

    def test_on_a_new_connection_it_is_not_tried_again(self, serve, call):
        def broken(talk):
            talk.connection.recv(1000)
            talk.reset()

        client = call(serve(broken).url)
        with pytest.raises(PeerClosed, match="reset its connection"):
            client.ask(self.BIG)


class TestNothingIsSentTwice:
    """The request was written whole, so that the action may have been taken."""

    def test_an_end_instead_of_an_answer(self, serve, call):
        def talk(talk):
            talk.answer()
            talk.request()

        site = serve(talk)
        client = call(site.url)
        assert client.ask() == OK
        with pytest.raises(PeerClosed) as caught:
            client.ask()
        assert str(caught.value) == (
            "the simulator closed its connection instead of answering\n"
            "  cure: see its stderr, and what was asked last; where it closes after each answer it is to say so, with"
            " `Connection: close`"
        )
        site.finish()
        assert len(site.heard) == 2

    def test_a_reset_instead_of_an_answer(self, serve, call):
        def talk(talk):
            talk.answer()
            talk.request()
            talk.reset()

        site = serve(talk)
        client = call(site.url)
        assert client.ask() == OK
        with pytest.raises(PeerClosed) as caught:
            client.ask()
        assert str(caught.value) == (
            "the simulator has reset its connection\n"
            f"  found: Connection reset by peer, localhost:{site.port}\n"
            "  cure: see its stderr, and what was asked last"
        )
        site.finish()
        assert len(site.heard) == 2


class TestOpening:
    def test_a_service_that_listens_later_is_called_again(self, serve, call):
        with socket.create_server(("127.0.0.1", 0)) as reserved:
            port = reserved.getsockname()[1]
        client = call(f"http://127.0.0.1:{port}", opened=False)
        opening = client.http.open()
        while opening.awaited() != f"a connection to 127.0.0.1:{port}, where nobody listens":
            assert not opening.advance()
        serve(lambda talk: talk.answer(), port=port)
        client.carry(opening)
        assert client.ask() == OK

    def test_it_is_asked_until_it_is_ready(self, serve, call):
        def starts(talk):
            talk.answer(b"", status="503 Service Unavailable")
            talk.answer(b"", status="404 Not Found")
            talk.answer(b"fine", status="200 OK")
            talk.answer()

        site = serve(starts)
        client = call(site.url + "/v1", ready="/health")
        assert client.ask() == OK
        site.finish()
        assert [each.split()[:2] for each in site.heard] == [[b"GET", b"/v1/health"]] * 3 + [[b"POST", b"/v1/step"]]

    @pytest.mark.parametrize(("first", "met"), [
        (lambda talk: talk.request(), "the simulator closed its connection instead of answering"),
        (lambda talk: (talk.request(), talk.reset()), "the simulator has reset its connection"),
        (lambda talk: (talk.request(), talk.say(b"hello\r\n\r\n")),
         "the simulator's answer is no HTTP that can be read"),
        (lambda talk: talk.answer(b"", "Connection: close", status="500 Oh\x1b no"), "the last answer was 500 Oh? no"),
        (lambda talk: talk.answer(b'{"error": "no\x1b"}\n', "Connection: close", status="401 Unauthorized"),
         "the last answer was 401 Unauthorized: {\"error\": \"no\\x1b\"}"),
    ])
    def test_what_goes_wrong_before_it_is_ready_is_tried_again_and_told(self, serve, call, first, met):
        site = serve(first, lambda talk: talk.answer(b"fine").answer())
        client = call(site.url, opened=False, ready="/health")
        opening = client.http.open()
        told = set()
        while not opening.advance():
            if opening.fileno() < 0:
                told.add(opening.awaited())
        assert f"an answer of 2xx to GET /health; {met}" in told
        assert client.ask() == OK

    def test_silence_is_told(self, serve, call):
        client = call(serve(lambda talk: talk.await_end()).url, opened=False, ready="/health")
        opening = client.http.open()
        while opening.awaited() != "an answer of 2xx to GET /health; it does not answer":
            assert not opening.advance()
        assert opening.events == select.POLLIN
        assert opening.fileno() == client.http.fileno()


class TestTls:
    def test_a_service_that_is_trusted(self, serve, call, trusted):
        def talk(talk):
            talk.answer(b"fine")
            for _ in range(20):
                talk.answer()

        client = call(serve(talk, secure=True).url, ready="/health")
        assert [client.ask() for _ in range(20)] == [OK] * 20

    def test_large_ones_each_way(self, serve, call, trusted):
        def talk(talk):
            talk.request()
            talk.say(fixed(1 << 20))

        client = call(serve(talk, secure=True).url)
        assert len(client.ask(TestLargeRequests.BIG)) == len(b"200 OK\n\n") + (1 << 20)

    def test_a_connection_that_is_closed_is_made_anew(self, serve, call, trusted):
        def talk(talk):
            talk.answer(b"x=1", "Connection: close")
            with suppress(OSError):
                talk.connection.unwrap()

        client = call(serve(*[talk] * 3, secure=True).url)
        assert [client.ask() for _ in range(3)] == [OK] * 3

    def test_an_end_between_two_requests_is_no_end(self, serve, call, trusted):
        site = serve(lambda talk: talk.answer(), lambda talk: talk.answer(b"x=2"), secure=True)
        client = call(site.url)
        assert client.ask() == OK
        while client.ready(select.POLLIN, 0.2):
            assert client.http.read() is None
        assert client.ask() == b"200 OK\n\nx=2"

    def test_a_body_that_ends_with_the_connection_must_end_with_a_farewell(self, serve, call, trusted):
        def talk(talk):
            talk.request()
            talk.say(b"HTTP/1.1 200 OK\r\n\r\nx=1")

        client = call(serve(talk, secure=True).url)
        with pytest.raises(PeerClosed, match="the simulator's TLS connection was cut"):
            client.ask()

    def test_one_that_is_not_trusted_is_refused_at_once(self, serve, call):
        site = serve(lambda talk: None, secure=True)
        with pytest.raises(TransportError) as caught:
            call(site.url)
        assert str(caught.value) == (
            "the certificate of localhost is not trusted\n  found: self-signed certificate\n"
            "  cure: let SSL_CERT_FILE name a file with the certificate that signed it, or correct the host in `url`"
        )

    def test_one_that_is_another_is_refused_at_once(self, serve, call, trusted):
        site = serve(lambda talk: None, secure=True, host="127.0.0.2")
        with pytest.raises(TransportError, match=r"the certificate of 127\.0\.0\.2 is not trusted"):
            call(site.url)

    def test_one_that_speaks_no_tls_is_refused_at_once(self, serve, call):
        site = serve(lambda talk: talk.say(b"HTTP/1.1 400 Bad Request\r\n\r\n").await_end())
        with pytest.raises(TransportError, match="localhost does not speak TLS as it should") as caught:
            call(site.url.replace("http:", "https:"))
        assert "else write `http` in `url`" in str(caught.value)
