"""Clients from npm, installed outside the source tree, and what they find."""
import contextlib, json, pathlib, random, shutil, subprocess, tempfile

import cases
from service import Client, Service

CLIENTS = pathlib.Path(__file__).resolve().parent / "clients"


@contextlib.contextmanager
def clients(kept=None):
    """Into a temporary folder, or into one that is kept."""
    folder = pathlib.Path(kept or tempfile.mkdtemp(prefix="workprint_npm_"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        for path in CLIENTS.iterdir():
            shutil.copy(path, folder)
        done = subprocess.run(["npm", "install", "--prefer-offline", "--no-audit", "--no-fund", "--silent"], cwd=folder, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError("npm install failed: " + (done.stderr + done.stdout)[-2000:])
        yield folder
    finally:
        if not kept:
            shutil.rmtree(folder, ignore_errors=True)


def node(folder, *arguments):
    done = subprocess.run(["node", *map(str, arguments)], cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, (done.stderr + done.stdout)[-1500:]
    return done.stdout.strip()


def judged(bench, folder, document, answers):
    with bench.case("an OpenAPI validator and ajv judge the document and every answer") as note:
        note(node(folder, "judge.mjs", document, answers))


def streams(bench, folder, program, root, seed):
    """EventSource of npm against a service that is killed under it."""
    service, film, random_, kills = Service(program, root), "followed", random.Random(seed), 0
    port, seen = service.port, []
    base = "http://127.0.0.1:%d" % port
    cases.start_film(Client(service, bench.document, bench.record), film)
    with bench.case("EventSource comes back by itself across kill -9, and misses nothing") as note:
        follower = subprocess.Popen(["node", "stream.mjs", base, film, "follow"], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        budget = random_.randint(2, 6)
        for line in follower.stdout:
            seen.append(json.loads(line))
            budget -= 1
            if budget <= 0 and kills < 3 and seen[-1][2] != "WORKFLOW_COMPLETED":
                service.kill()
                kills, budget = kills + 1, random_.randint(2, 6)
                service = Service(program, root, port)
        assert follower.wait(120) == 0, follower.stderr.read()
        whole = [[name, event["type"]] for name, event in cases.durable(cases.finished(service, film))]
        cases.eq("ids and types", [[name, kind] for name, _, kind in seen], whole[:len(seen)])
        cases.eq("last", seen[-1][2], "WORKFLOW_COMPLETED")
        assert kills >= 1, "the film was complete before the service was killed"
        note("%d events, %d kills" % (len(seen), kills))
    with bench.case("EventSource cut at random, and back with Last-Event-ID: the union is the whole") as note:
        note(node(folder, "stream.mjs", base, film, "cut", seed, 10))
    service.stop()
