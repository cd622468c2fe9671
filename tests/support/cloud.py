"""Google Cloud Storage as a drill wants it: the emulator in a process of its own, its log, its faults, and films in it.

The emulator refuses a second write of one name within a second, as Google does.
"""
import collections, json, os, pathlib, signal, subprocess, sys, threading, urllib.error, urllib.parse, urllib.request

from support.fleet import Failure, Gate, calls, check, difference, normal  # noqa: F401: drills take all of it from here

BUCKET = "drill"
# Google Cloud Storage pricing page, standard storage, single region (us-central1), list prices as known when this was written.
USD_CLASS_A, USD_CLASS_B, USD_GIB_MONTH = 0.05 / 10_000, 0.004 / 10_000, 0.020
CLASS_A = ("insert", "open", "list", "post", "patch", "put")  # a chunk belongs to the operation that opened it; deletes are free
CLASS_B = ("get", "media")


class Emulator:
    def __init__(self):
        script = pathlib.Path(__file__).resolve().parent / "fake_gcs.py"
        self.child = subprocess.Popen([sys.executable, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(self.child.stdout.readline())
        self.gate = Gate(self.port)  # what programs are told; the drill itself asks past it
        self.control("settings", {"bucket": BUCKET, "rate_limit": True})

    def control(self, what, value=None):
        request = urllib.request.Request("http://127.0.0.1:%d/_control/%s" % (self.port, what), method="POST", data=json.dumps(value).encode())
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.loads(answer.read())

    def log(self):
        """The requests since the last look."""
        return self.control("log")

    def fail_with(self, *faults):
        self.control("faults", list(faults))

    def heal(self):
        self.control("faults", [])

    def held(self, count, patience):
        return self.control("held", {"count": count, "patience": patience})

    def release(self):
        return self.control("release")

    def object(self, name):
        """The bytes; None: there is no such object."""
        where = "http://127.0.0.1:%d/storage/v1/b/%s/o/%s?alt=media" % (self.port, BUCKET, urllib.parse.quote(name, safe=""))
        try:
            with urllib.request.urlopen(where, timeout=60) as answer:
                return answer.read()
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise

    def names(self, prefix):
        names, token = [], ""
        while True:
            query = urllib.parse.urlencode({"prefix": prefix, **({"pageToken": token} if token else {})})
            with urllib.request.urlopen("http://127.0.0.1:%d/storage/v1/b/%s/o?%s" % (self.port, BUCKET, query), timeout=60) as answer:
                page = json.loads(answer.read())
            names += [one["name"] for one in page.get("items", [])]
            token = page.get("nextPageToken", "")
            if not token:
                return names

    def stop(self):
        self.child.stdin.close()
        self.child.wait(timeout=30)


class Life:
    """One process that works on a film; its events are read as they come."""

    def __init__(self, film, arguments, env):
        self.film, self.events, self.news = film, [], threading.Condition()
        self.child = subprocess.Popen([film.program, *film.common(), *arguments, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                      env={**film.environment(), **{k: str(v) for k, v in env.items()}})
        self.words = ""
        self.readers = [threading.Thread(target=self.read, daemon=True), threading.Thread(target=self.listen, daemon=True)]
        for reader in self.readers:
            reader.start()

    def read(self):
        for line in self.child.stdout:
            try:
                event = json.loads(line)
            except ValueError:
                continue  # the line that was being written when the process died
            with self.news:
                self.events.append(event)
                self.news.notify_all()
        with self.news:
            self.events.append({"type": "gone", "payload": {}})
            self.news.notify_all()

    def listen(self):
        self.words = self.child.stderr.read()

    def until(self, holds, seconds, what):
        """Waits for an event; returns it. Nothing: the process ended without one."""
        seen = 0
        with self.news:
            while True:
                for event in self.events[seen:]:
                    if holds(event):
                        return event
                    if event["type"] == "gone":
                        return None
                seen = len(self.events)
                check(self.news.wait(seconds), "not within %d s: %s" % (seconds, what))

    def send(self, how):
        self.child.send_signal(how)

    def end(self, seconds=300):
        """Waits for the end; the exit status."""
        status = self.child.wait(timeout=seconds)
        for reader in self.readers:
            reader.join(timeout=60)
        with self.news:
            self.film.events += [e for e in self.events if e["type"] != "gone"]
            if status < 0:
                self.film.events.append({"type": "killed", "payload": {}})
        return status

    def kill(self):
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGCONT)
            self.child.kill()
        return self.end()


class CloudFilm:
    """A film with a place of its own in the database and in the bucket, so that all films may have one id and can be compared."""

    def __init__(self, program, folder, postgres, emulator, place, shape, picture, term_ms=None):
        self.program, self.place, self.film = str(pathlib.Path(program).resolve()), place, "drill"
        self.shape, self.picture, self.term_ms = shape, picture, term_ms
        self.postgres, self.emulator, self.root = postgres, emulator, pathlib.Path(folder) / place
        self.store = "%s?schema=%s" % (postgres.location(), place)
        self.objects = "gs://%s/%s" % (BUCKET, place)
        self.events = []  # of all lives that ended
        self.lives = []

    def environment(self):
        env = {**os.environ, "STORAGE_EMULATOR_HOST": "http://127.0.0.1:%d" % self.emulator.gate.port}
        return {**env, "WORKPRINT_LEASE_TERM_MS": str(self.term_ms)} if self.term_ms else env

    def common(self):
        return ["--root", str(self.root), "--store", self.store, "--objects", self.objects, "--picture", self.picture]

    def begin(self, **env):
        return self.live(["run", "--id", self.film, *self.shape], env)

    def resume(self, **env):
        return self.live(["resume", self.film], env)

    def live(self, arguments, env):
        self.lives.append(Life(self, arguments, env))
        return self.lives[-1]

    def ask(self, *arguments, ok=True):
        """One command that ends by itself: its words and its exit status."""
        done = subprocess.run([self.program, *self.common(), *arguments], capture_output=True, text=True, timeout=300, env=self.environment())
        check(done.returncode == 0 or not ok, "%s: exit %d: %s" % (arguments[0], done.returncode, done.stderr.strip()))
        return done

    def state(self):
        return normal(json.loads(self.ask("state", self.film).stdout))

    def movie(self):
        return self.emulator.object("%s/%s/final/movie.mp4" % (self.place, self.film))

    def published(self):
        """The document in the bucket: state.json."""
        return json.loads(self.emulator.object("%s/%s/state.json" % (self.place, self.film)))

    def stop(self):
        for life in self.lives:
            if life.child.poll() is None:
                life.kill()


def paid_once(events, cut_off):
    """A call whose result is durable is never begun again; others only when something cut them off, of which there are
    `cut_off`. How many were begun again."""
    begun, durable = calls(events)
    twice = {k: n for k, n in durable.items() if n > 1}
    check(not twice, "calls whose result was durable were made again: %s" % twice)
    again = sum(n - 1 for n in begun.values())
    check(again <= cut_off, "calls begun again without having been interrupted: %s" % {k: n for k, n in begun.items() if n > 1})
    return again


def costs(log):
    """What a log of requests costs: counts by class, bytes sent, dollars."""
    operations = collections.Counter(e["operation"] for e in log if e.get("operation") and e["status"])
    a = sum(n for o, n in operations.items() if o in CLASS_A)
    b = sum(n for o, n in operations.items() if o in CLASS_B)
    return {"operations": operations, "a": a, "b": b, "uploaded": sum(e.get("stored", 0) for e in log), "usd": a * USD_CLASS_A + b * USD_CLASS_B}
