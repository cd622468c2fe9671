"""A small HTTP/1.1 server for fakes, on bare sockets: so that it can break a connection at any byte.

A fake gives `Server` a function `answer(request) -> Answer`. Faults are set over HTTP itself:
  POST /_control/faults    a JSON array of faults, added to those that are set (see Fault); [] removes all
  GET  /_control/log       a JSON array of the requests since the last look, oldest first: method, target, headers, act,
                           status, connection, when it was whole (`at`, seconds), body's bytes, and what the fake noted
  POST /_control/held      waits until `count` requests are held, at most `patience` s; the notes of those that are
  POST /_control/release   carries out all that is held, as if it had come only now; their log entries
  POST /_control/settings  a JSON object handed to the fake's `settings`
"""
import itertools
import json
import re
import socket
import ssl
import struct
import sys
import threading
import time
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit


@dataclass
class Request:
    method: str
    target: str
    headers: dict  # names in lower case
    body: bytes = b""
    note: dict = field(default_factory=dict)  # what the fake wants to be read in the log

    def __post_init__(self):
        parts = urlsplit(self.target)
        self.path = parts.path
        self.query = dict(parse_qsl(parts.query, keep_blank_values=True))
        self.segments = [unquote(s) for s in self.path.split("/")[1:]]

    def json(self):
        return json.loads(self.body) if self.body else {}


@dataclass
class Answer:
    status: int = 200
    body: bytes = b""
    headers: dict = field(default_factory=dict)


def json_answer(value, status=200, **headers):
    return Answer(status, json.dumps(value).encode(), {"Content-Type": "application/json; charset=UTF-8", **headers})


@dataclass
class Fault:
    """Strikes requests whose method, target and name fit: after `skip` of them, `times` times.

    `name` is held against the name of the object, which is known when the whole request is in.

    act, before anything is done:  status (with `status`, `headers`, `body`), reset_before, reset_mid_request (after
    `bytes` of the body), reset_after_request, stall, corrupt_request (one bit of the body's byte `at`), keep_less (a
    resumable chunk's first `bytes` only), forget_session, hold (until /_control/release: a request that is late)
    act, after it is done: commit_then_reset, reset_mid_answer and truncate (after `bytes` of the body), corrupt_answer,
    drip (a byte every `interval` s), commit_then_status, commit_then_stall
    """
    act: str
    method: str = ""
    target: str = ""
    name: str = ""
    skip: int = 0
    times: int = 1
    status: int = 503
    headers: dict = field(default_factory=dict)
    body: str = ""
    bytes: int = 0
    at: int = -1
    interval: float = 0.05

    def strikes(self, request, name):
        if bool(self.name) != (name is not None):
            return False
        if self.name and not re.search(self.name, name):
            return False
        if self.method and self.method != request.method:
            return False
        if self.target and not re.search(self.target, request.target):
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        if self.times <= 0:
            return False
        self.times -= 1
        return True


class Gone(Exception):
    """The connection is over."""


def flipped(body, at):
    if not body:
        return body
    changed = bytearray(body)
    changed[at % len(changed)] ^= 1
    return bytes(changed)


class Connection:
    def __init__(self, server, sock, number):
        self.server = server
        self.sock = sock
        self.number = number
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""

    def receive(self):
        piece = self.sock.recv(1 << 18)
        if not piece:
            raise Gone
        return piece

    def read_line(self):
        while b"\r\n" not in self.buffer:
            self.buffer += self.receive()
        line, self.buffer = self.buffer.split(b"\r\n", 1)
        return line

    def read_exactly(self, count):
        out = bytearray(self.buffer[:count])
        self.buffer = self.buffer[count:]
        while len(out) < count:
            piece = self.receive()
            need = count - len(out)
            out += piece[:need]
            self.buffer = piece[need:]
        return bytes(out)

    def read_head(self):
        method, target, _ = self.read_line().decode().split(" ", 2)
        headers = {}
        while line := self.read_line().decode("latin-1"):
            name, value = line.split(":", 1)
            headers[name.strip().lower()] = value.strip()
        return Request(method, target, headers)

    def read_body(self, request):
        if request.headers.get("expect", "").lower() == "100-continue":
            self.sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        if request.headers.get("transfer-encoding", "").lower() == "chunked":
            body = b""
            while size := int(self.read_line().split(b";")[0], 16):
                body += self.read_exactly(size)
                self.read_line()
            while self.read_line():
                pass
            return body
        return self.read_exactly(int(request.headers.get("content-length", "0")))

    def reset(self):
        # Linger of zero: the peer sees a reset instead of an orderly end.
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()
        raise Gone

    def send(self, request, answer, fault):
        body = b"" if answer.status in (204, 304) else answer.body
        head = {"Date": time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime()), **answer.headers}
        if answer.status != 204:
            head.setdefault("Content-Length", str(len(body)))
        lines = [f"HTTP/1.1 {answer.status} Status"] + [f"{k}: {v}" for k, v in head.items()]
        raw = ("\r\n".join(lines) + "\r\n\r\n").encode()
        if request.method == "HEAD":
            body = b""
        act = fault.act if fault else ""
        if act == "corrupt_answer":
            body = flipped(body, fault.at)
        if act == "commit_then_reset":
            self.reset()
        if act in ("reset_mid_answer", "truncate"):
            self.sock.sendall(raw + body[:fault.bytes])
            if act == "truncate":
                raise Gone
            # A reset throws away what the peer has not read yet, so give the kernel the time to hand it over.
            time.sleep(0.02)
            self.reset()
        if act == "drip":
            for i in range(len(raw + body)):
                self.sock.sendall((raw + body)[i:i + 1])
                time.sleep(fault.interval)
            return
        self.sock.sendall(raw + body)

    def serve_one(self):
        request = self.read_head()
        if request.path.startswith("/_control/"):
            request.body = self.read_body(request)
            self.send(request, self.server.control(request), None)
            return
        fault = self.server.fault_for(request)
        act = fault.act if fault else ""
        entry = self.server.note(request, act, self.number)
        if act == "reset_before":
            self.reset()
        if act == "reset_mid_request":
            self.read_exactly(min(fault.bytes, int(request.headers.get("content-length", "0"))))
            self.reset()
        request.body = self.read_body(request)
        entry["at"], entry["bytes"] = time.time(), len(request.body)
        if not fault:
            fault = self.server.fault_for(request, self.server.name_of(request))
            act = entry["act"] = fault.act if fault else ""
        if act == "hold":
            self.server.hold(entry)
        if act == "reset_after_request":
            self.reset()
        if act == "stall":
            while True:  # until the peer gives up
                self.receive()
        if act == "corrupt_request":
            request.body = flipped(request.body, fault.at)
        if act == "status":
            answer = Answer(fault.status, fault.body.encode(), fault.headers)
        else:
            answer = self.server.answer(request, fault)
            if act == "commit_then_stall":
                while True:  # until the peer gives up, or is no more
                    self.receive()
            if act == "commit_then_status":
                answer = Answer(fault.status, fault.body.encode(), fault.headers)
        self.server.answered(entry, answer.status, request.note)
        self.send(request, answer, fault)

    def serve(self):
        try:
            while True:
                self.serve_one()
        except (Gone, OSError, ValueError):
            pass
        finally:
            self.sock.close()


class Server:
    def __init__(self, fake):
        self.fake = fake
        self.lock = threading.Lock()
        self.faults = []
        self.log = []
        self.held = []
        self.changed = threading.Condition(self.lock)

    def name_of(self, request):
        """What the fake calls the object of a whole request."""
        name_of = getattr(self.fake, "name_of", None)
        return (name_of(request) if name_of else None) or ""

    def fault_for(self, request, name=None):
        with self.lock:
            for fault in self.faults:
                if fault.strikes(request, name):
                    return fault
        return None

    def hold(self, entry):
        with self.lock:
            self.held.append(entry)
            self.changed.notify_all()
            self.changed.wait_for(lambda: not any(one is entry for one in self.held))

    def answered(self, entry, status, note):
        with self.lock:
            entry.update(note)
            entry["status"] = status
            self.changed.notify_all()

    def release(self):
        """With self.lock held."""
        entries, self.held = self.held, []
        self.changed.notify_all()
        self.changed.wait_for(lambda: all(entry["status"] for entry in entries), timeout=60)
        return entries

    def note(self, request, act, connection):
        entry = {"method": request.method, "target": request.target, "act": act, "status": 0, "connection": connection,
                 "headers": {k: v for k, v in request.headers.items() if k != "authorization"}}
        with self.lock:
            self.log.append(entry)
            del self.log[:-20000]
        return entry

    def answer(self, request, fault):
        try:
            return self.fake.answer(request, fault)
        except Exception as problem:  # a fault of the fake must be seen by the test, not hidden in a dead thread
            print(f"fake: {problem!r} at {request.method} {request.target}", file=sys.stderr, flush=True)
            return Answer(599, repr(problem).encode())

    def control(self, request):
        with self.lock:
            if request.path == "/_control/faults":
                wanted = request.json()
                self.faults = self.faults + [Fault(**f) for f in wanted] if wanted else []
                return json_answer({})
            if request.path == "/_control/log":
                log, self.log = self.log, []
                return json_answer(log)
            if request.path == "/_control/held":
                wanted = request.json()
                self.changed.wait_for(lambda: len(self.held) >= wanted["count"], timeout=wanted["patience"])
                return json_answer(self.held)
            if request.path == "/_control/release":
                return json_answer(self.release())
        if request.path == "/_control/settings":
            return json_answer(self.fake.settings(request.json()) or {})
        return Answer(404)


def run(fake):
    """Serves on a free port of this machine, prints it, and ends when standard input does: with the test.

    With two arguments, a certificate and its key, it speaks TLS.
    """
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    server = Server(fake)
    context = None
    if len(sys.argv) == 3:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[1], sys.argv[2])
    print(listener.getsockname()[1], flush=True)

    def serve(sock, number):
        try:
            Connection(server, context.wrap_socket(sock, server_side=True) if context else sock, number).serve()
        except OSError:  # a peer that does not trust the certificate
            sock.close()

    def accept():
        for number in itertools.count(1):
            sock, _ = listener.accept()
            threading.Thread(target=serve, args=(sock, number), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    sys.stdin.read()
