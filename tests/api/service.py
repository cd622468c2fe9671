"""`workprint serve` under test, and clients of it from Python's standard library. Every answer that comes through `Client.ask`
is compared with the document."""
import atexit, http.client, json, os, pathlib, re, signal, socket, subprocess, sys, threading

PICTURE = "320x180@12"

# None outlives the tests, however they end.
running = []
atexit.register(lambda: [process.kill() for process in running if process.poll() is None])
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


def is_free_of_settings(name):
    return not name.startswith("WORKPRINT_") and name not in ("POSTGRES_URL", "GCP_BUCKET_NAME", "PORT", "LLM_PROVIDER")


class Service:
    """`root` may hold films of an earlier one. `port` 0: any."""

    def __init__(self, program, root, port=0, listen="127.0.0.1", arguments=(), environment=None, picture=PICTURE):
        self.root = pathlib.Path(root)
        self.root.mkdir(parents=True, exist_ok=True)
        env = {name: value for name, value in os.environ.items() if is_free_of_settings(name)}
        # Who was killed is succeeded after the term of its lease.
        env.update({"WORKPRINT_LEASE_TERM_MS": "1500", **(environment or {})})
        self.log = open(self.root / "serve.log", "ab")
        self.process = subprocess.Popen([program, "--root", str(self.root), "serve", "--listen", "%s:%d" % (listen, port), "--picture", picture, *arguments],
                                        stdout=subprocess.PIPE, stderr=self.log, env=env)
        running.append(self.process)
        self.port = None
        for line in self.process.stdout:
            self.log.write(line)
            found = re.search(rb"listening on http://\S+?:(\d+)/", line)
            if found:
                self.port = int(found[1])
                break
        if self.port is None:
            self.process.wait()
            raise RuntimeError("serve does not start: " + self.said()[-500:])
        # Its output must be read for as long as it runs.
        self.reader = threading.Thread(target=self.drain, daemon=True)
        self.reader.start()

    def drain(self):
        for line in self.process.stdout:
            self.log.write(line)

    def said(self):
        if not self.log.closed:
            self.log.flush()
        return (self.root / "serve.log").read_text(errors="replace")

    def end(self, number):
        if self.process.poll() is None:
            self.process.send_signal(number)
        status = self.process.wait(60)
        if self.port is not None:
            self.reader.join()
        self.process.stdout.close()
        self.log.close()
        return status

    def stop(self):
        return self.end(signal.SIGTERM)

    def kill(self):
        return self.end(signal.SIGKILL)

    def is_alive(self):
        return self.process.poll() is None


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body
        self.json = None
        if (headers.get("content-type") or "").split(";")[0] == "application/json" and body:
            self.json = json.loads(body)

    def __repr__(self):
        return "%d %s" % (self.status, self.body[:300])


class Client:
    def __init__(self, service, document, record, token=None):
        self.service, self.document, self.record, self.token = service, document, record, token

    def ask(self, method, target, body=None, headers=None, judged=True):
        """One request on a connection of its own; the target goes out byte by byte as it is given."""
        sent = {"Host": "127.0.0.1:%d" % self.service.port, **({"Authorization": "Bearer " + self.token} if self.token else {}), **(headers or {})}
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
        if isinstance(body, str):
            body = body.encode()
        if body is not None and "Content-Length" not in sent:
            sent["Content-Length"] = str(len(body))
        lines = ["%s %s HTTP/1.1" % (method, target)] + ["%s: %s" % pair for pair in sent.items() if pair[1] is not None] + ["Connection: close", "", ""]
        with socket.create_connection(("127.0.0.1", self.service.port), 60) as connection:
            try:
                connection.sendall("\r\n".join(lines).encode("latin-1") + (body or b""))
            except (BrokenPipeError, ConnectionResetError):
                pass  # refused before it was all sent: the answer is there
            answer = http.client.HTTPResponse(connection, method=method)
            answer.begin()
            got = Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
        if judged:
            problems, place = self.document.judge(method, target, got.status, got.headers.get("content-type"), got.json)
            if got.status in (429, 503) and "retry-after" not in got.headers:
                problems.append("no Retry-After with %d" % got.status)
            if problems:
                raise AssertionError("%s %s: %s; %r" % (method, target[:120], "; ".join(problems[:5]), got))
            if place:
                self.record(place, got.json)
        return got

    def get(self, target, **more):
        return self.ask("GET", target, **more)

    def post(self, target, body=None, **more):
        return self.ask("POST", target, body if body is not None else {}, **more)


class Stream:
    """An event stream, read line by line as the HTML standard says. `after`: Last-Event-ID."""

    def __init__(self, service, film, after=None, query="deltas=1", token=None):
        self.connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=60)
        headers = {"Accept": "text/event-stream"}
        if after is not None:
            headers["Last-Event-ID"] = after
        if token:
            headers["Authorization"] = "Bearer " + token
        self.connection.request("GET", "/api/events/%s?%s" % (film, query), headers=headers)
        self.answer = self.connection.getresponse()
        assert self.answer.status == 200, self.answer.read()
        assert self.answer.headers["content-type"].startswith("text/event-stream"), self.answer.headers["content-type"]

    def events(self):
        """(id or None, event) until the stream ends."""
        name, data = None, []
        while True:
            try:
                line = self.answer.readline()
            except (OSError, http.client.HTTPException, ValueError):
                return
            if not line.endswith(b"\n"):
                return
            text = line.decode().rstrip("\r\n")
            if text.startswith("id:"):
                name = text[3:].strip()
            elif text.startswith("data:"):
                data.append(text[5:].removeprefix(" "))
            elif not text and data:
                yield name, json.loads("\n".join(data))
                name, data = None, []

    def close(self):
        if self.connection.sock:
            self.connection.sock.close()
        self.answer.close()
        self.connection.close()
