"""Real workers, a real PostgreSQL and a gate between them, for drills: everything on loopback and in one folder.

Nothing here waits for a fixed time to pass where something can be waited for: processes say when they are ready, films say
when they are complete.
"""
import collections, hashlib, json, os, pathlib, pwd, queue, select, shutil, signal, socket, subprocess, threading, time, urllib.error, urllib.request

POSTGRES = pathlib.Path("/usr/lib/postgresql/15/bin")


class Failure(Exception):
    pass


def check(condition, message):
    if not condition:
        raise Failure(message)


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Postgres:
    """A cluster of its own, as an unprivileged user where this runs as root."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.data = self.folder / "data"
        self.port = free_port()
        self.user = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
        check((POSTGRES / "initdb").exists(), "PostgreSQL 15 is not installed (tools/setup installs it)")
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.user:
            os.chown(self.folder, self.user.pw_uid, self.user.pw_gid)
            for parent in [self.folder, *self.folder.parents]:
                if parent.owner() == "root" and str(parent).startswith("/tmp/"):
                    os.chmod(parent, 0o755)
        self.run("initdb", "-D", self.data, "-A", "trust", "-U", "workprint", "-E", "UTF8", "--no-sync", "--no-instructions")
        with open(self.data / "postgresql.conf", "a") as conf:
            conf.write("listen_addresses='127.0.0.1'\nport=%d\nunix_socket_directories='%s'\nshared_buffers=32MB\nmax_connections=60\n"
                       "log_min_messages=fatal\n" % (self.port, self.folder))
        self.start()

    def run(self, program, *arguments, ok=True):
        done = subprocess.run([str(POSTGRES / program), *map(str, arguments)], capture_output=True, text=True, timeout=120,
                              **({"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []} if self.user else {}),
                              cwd=self.folder)
        check(done.returncode == 0 or not ok, "%s: %s%s" % (program, done.stdout[-500:], done.stderr[-500:]))
        return done

    def start(self):
        self.run("pg_ctl", "-D", self.data, "-l", self.folder / "log", "-w", "-t", "60", "start")

    def stop(self, mode="immediate"):
        self.run("pg_ctl", "-D", self.data, "-m", mode, "-w", "-t", "60", "stop", ok=False)

    def sql(self, text):
        return self.run("psql", "-h", self.folder, "-p", self.port, "-U", "workprint", "-d", "postgres", "-qAtc", text).stdout.strip()

    def processes(self):
        main = int((self.data / "postmaster.pid").read_text().split()[0])
        children = pathlib.Path("/proc/%d/task/%d/children" % (main, main)).read_text().split()
        return [main] + [int(one) for one in children]

    def freeze(self):
        """SIGSTOP to all of the server: it accepts, and never answers."""
        held = self.processes()
        for pid in held:
            os.kill(pid, signal.SIGSTOP)
        return held

    @staticmethod
    def thaw(held):
        for pid in held:
            try:
                os.kill(pid, signal.SIGCONT)
            except ProcessLookupError:
                pass

    def backup(self, to):
        """A cold copy. The server is up again afterwards."""
        self.stop("fast")
        shutil.rmtree(to, ignore_errors=True)
        subprocess.run(["cp", "-a", str(self.data), str(to)], check=True)
        self.start()

    def restore(self, backup):
        self.stop()
        shutil.rmtree(self.data)
        subprocess.run(["cp", "-a", str(backup), str(self.data)], check=True)
        self.start()

    def location(self, port=None):
        return "postgres://workprint@127.0.0.1:%d/postgres" % (port or self.port)


class Gate:
    """TCP between workers and the server: passes, cuts, delays, or lets only one direction through."""

    def __init__(self, target):
        self.target, self.mode, self.lock, self.pairs = target, "pass", threading.Lock(), set()
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            if self.mode == "cut":
                near.close()
                continue
            try:
                far = socket.create_connection(("127.0.0.1", self.target), timeout=5)
                far.settimeout(None)  # of connecting: a connection may be idle for as long as it likes
            except OSError:
                near.close()
                continue
            with self.lock:
                self.pairs.add((near, far))
            for one, other, way in ((near, far, "in"), (far, near, "out")):
                threading.Thread(target=self.pump, args=(one, other, way), daemon=True).start()

    def pump(self, one, other, way):
        try:
            while True:
                bytes_ = one.recv(65536)
                if not bytes_:
                    break
                while self.mode == "hold" or (self.mode == "half" and way == "out"):
                    select.select([], [], [], 0.02)
                if self.mode == "cut":
                    break
                other.sendall(bytes_)
        except OSError:
            pass
        for side in (one, other):
            try:
                side.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def set(self, mode):
        self.mode = mode
        if mode == "cut":
            with self.lock:
                for pair in self.pairs:
                    for side in pair:
                        try:
                            side.shutdown(socket.SHUT_RDWR)
                        except OSError:
                            pass
                self.pairs.clear()


class Process:
    """One `workprint` that stays; its events are read as they come."""

    def __init__(self, fleet, name, arguments, env=None):
        self.name, self.events, self.fleet = name, [], fleet
        self.child = subprocess.Popen([fleet.program, "--root", str(fleet.root), *arguments, "--json"], stdout=subprocess.PIPE,
                                      stderr=open(fleet.folder / (name + ".err"), "ab"), text=True, bufsize=1,
                                      env={**os.environ, "WORKPRINT_LEASE_TERM_MS": str(fleet.term_ms), **(env or {})})
        self.address = None
        self.ready = threading.Event()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        check(self.ready.wait(60), "%s does not start" % name)

    def read(self):
        log = open(self.fleet.folder / (self.name + ".log"), "a")
        for line in self.child.stdout:
            log.write(line)
            log.flush()
            try:
                event = json.loads(line)
            except ValueError:
                continue  # the line that was being written when the process died
            event["from"] = self.name
            if event["type"] == "log":
                if "listening on" in event["message"]:
                    self.address = event["message"].split()[-1].rstrip("/")
                if "films in" in event["message"] or event["message"].startswith("worker "):
                    self.ready.set()
            with self.fleet.news:
                self.fleet.events.append(event)
                self.fleet.news.notify_all()
        self.ready.set()

    def kill(self, how=signal.SIGKILL):
        if self.child.poll() is None:
            self.child.send_signal(how)
        self.child.wait(timeout=120)
        self.reader.join(timeout=30)


class Fleet:
    def __init__(self, program, folder, store, term_ms=1500, films=2, objects=None):
        self.program = str(pathlib.Path(program).resolve())
        self.folder, self.term_ms, self.films = pathlib.Path(folder), term_ms, films
        self.root = self.folder / "root"
        self.root.mkdir(parents=True, exist_ok=True)
        self.store, self.objects = store, objects
        self.events, self.news = [], threading.Condition()
        self.count = 0
        self.workers = {}
        self.api = None

    def common(self):
        return ["--store", self.store, "--picture", "320x180@12", "--parallel-films", str(self.films)] + (["--objects", self.objects] if self.objects else [])

    def serve(self):
        self.api = Process(self, "serve", ["serve", "--no-worker", "--listen", "127.0.0.1:0"] + self.common())
        return self.api

    def worker(self):
        self.count += 1
        name = "worker%d" % self.count
        self.workers[name] = Process(self, name, ["worker"] + self.common())
        return self.workers[name]

    def ask(self, method, path, body=None, patience=60):
        """Asks until it is answered: 503 and no answer are what an outage looks like."""
        until = time.monotonic() + patience
        while True:
            try:
                request = urllib.request.Request(self.api.address + path, method=method, data=None if body is None else json.dumps(body).encode())
                with urllib.request.urlopen(request, timeout=30) as answer:
                    return json.loads(answer.read())
            except urllib.error.HTTPError as error:
                said = error.read().decode(errors="replace")
                if error.code not in (429, 503) or time.monotonic() > until:
                    raise Failure("%s %s: %d %s" % (method, path, error.code, said[:300]))
            except (urllib.error.URLError, OSError) as error:
                if time.monotonic() > until:
                    raise Failure("%s %s: %s" % (method, path, error))
            select.select([], [], [], 0.1)

    def start(self, film, prompt, scenes, seed=7):
        return self.ask("POST", "/api/video/start", {"projectId": film, "creativePrompt": prompt, "maxScenes": scenes, "seed": seed, "commandId": "start"})

    def until(self, holds, seconds, what):
        end = time.monotonic() + seconds
        with self.news:
            while True:
                found = holds(self.events)
                if found:
                    return found
                left = end - time.monotonic()
                check(left > 0, "not within %d s: %s" % (seconds, what))
                self.news.wait(min(left, 1.0))

    def until_complete(self, film, seconds=180):
        """By what the API says: whoever finished it may have died before it could say so."""
        end = time.monotonic() + seconds
        while True:
            state = self.ask("GET", "/api/video/%s/state" % film, patience=seconds)
            if state["status"] == "complete":
                return state
            check(state["status"] != "paused" or not state["state"].get("halted"), "%s was halted" % film)
            check(time.monotonic() < end, "%s is not complete within %d s: %s at %s" % (film, seconds, state["status"], state["provenance"]))
            with self.news:
                self.news.wait(0.5)

    def of(self, film, kind=None):
        with self.news:
            return [e for e in self.events if e.get("film") == film and (kind is None or e["type"] == kind)]

    def stop(self):
        for one in [*self.workers.values(), *([self.api] if self.api else [])]:
            if one.child.poll() is None:
                one.child.kill()
                one.child.wait()


def normal(value, name=""):
    """Without times, writers, commit numbers; commands are the test's own."""
    if isinstance(value, dict):
        return {k: normal(v, k) for k, v in value.items() if k not in ("$workprint", "commands", "createdAt", "verifiedAt", "timestamp", "openedAt")}
    return [normal(v) for v in value] if isinstance(value, list) else value


def difference(a, b, at=""):
    if type(a) is not type(b):
        return "%s: %r / %r" % (at, str(a)[:80], str(b)[:80])
    if isinstance(a, dict):
        for k in sorted(set(a) | set(b)):
            if k not in a or k not in b:
                return "%s.%s is only in %s" % (at, k, "the reference" if k in a else "the film")
            found = difference(a[k], b[k], at + "." + k)
            if found:
                return found
        return None
    return None if a == b else "%s: %r / %r" % (at, str(a)[:80], str(b)[:80])


def renamed(value, film, to="FILM"):
    """A state with another film's name in its paths, so that two films can be compared."""
    return json.loads(json.dumps(value).replace('"%s/' % film, '"%s/' % to))


def movie(fleet, film):
    return hashlib.sha256((fleet.root / "films" / film / "final" / "movie.mp4").read_bytes()).hexdigest()


def calls(events):
    """How often each effect's call was begun, and how often its result became durable."""
    begun, ended = collections.Counter(), collections.Counter()
    for e in events:
        if e["type"] == "effect" and e["payload"]["what"] == "executing":
            begun[e["payload"]["key"]] += 1
        if e["type"] == "effect" and e["payload"]["what"] == "done":
            ended[e["payload"]["key"]] += 1
    return begun, ended


def check_history(fleet, film):
    """What the processes said they committed, against each other: one writer an epoch, epochs never going back."""
    newest = {}
    by_epoch = {}
    for e in fleet.of(film, "commit"):
        writer = by_epoch.setdefault(e["epoch"], e["from"])
        check(writer == e["from"], "%s: two writers in epoch %d: %s and %s" % (film, e["epoch"], writer, e["from"]))
        last = newest.get(e["from"], (0, 0))
        check((e["epoch"], e["seq"]) > last, "%s: %s went back from %s to %s" % (film, e["from"], last, (e["epoch"], e["seq"])))
        newest[e["from"]] = (e["epoch"], e["seq"])
    told = collections.defaultdict(set)
    for e in fleet.of(film, "commit"):
        told[(e["epoch"], e["seq"])].add(e["from"])
    check(all(len(who) == 1 for who in told.values()), "%s: one seq of one epoch was committed twice" % film)
    return len(told)


def check_stored(fleet, film):
    """What the store holds: every seq once, in order, epochs not going back."""
    before, epochs, seqs = 1 << 53, [], []
    while True:
        page = fleet.ask("GET", "/api/video/%s/history?limit=200&before=%d" % (film, before))
        if not page:
            break
        seqs += [c["seq"] for c in page]
        epochs += [c["epoch"] for c in page]
        before = page[-1]["seq"]
    check(seqs == sorted(set(seqs), reverse=True), "%s: the store's commits are not in order" % film)
    check(epochs == sorted(epochs, reverse=True), "%s: an epoch goes back in the store" % film)
    return len(seqs)
