"""What the HTTP service must answer: each function is a group of cases."""
import collections, hashlib, json, pathlib, random, re, subprocess, threading, time
from urllib.parse import quote

from service import Client, Service, Stream

PROMPT = "An old lighthouse keeper lights the harbor lamp one last time. Fog rolls in over the moored boats at dusk."
NOBODY = "no_such_film"


def eq(what, got, expected):
    assert got == expected, "%s is %r, expected %r" % (what, got, expected)


def refused(answer, status, code=None, says=""):
    eq("status", answer.status, status)
    if code:
        eq("code", answer.json["code"], code)
    assert says in answer.json["error"], answer
    return answer


def start_film(client, film, **more):
    return client.post("/api/video/start", {"projectId": film, "creativePrompt": PROMPT, "maxScenes": 2, "seed": 1, "commandId": "start_" + film, **more})


def wait_for(service, film, types, after=None, token=None, query="deltas=1"):
    """All events up to the first of one of these types."""
    stream, seen = Stream(service, film, after, query, token), []
    for name, event in stream.events():
        seen.append((name, event))
        if event["type"] in types:
            stream.close()
            return seen
    raise AssertionError("the stream of %s ended after %s" % (film, [one[1]["type"] for one in seen[-5:]]))


def finished(service, film, token=None):
    return wait_for(service, film, ("WORKFLOW_COMPLETED",), "0.0", token)


def document(bench, client, source):
    """The document and the program's own table of routes name the same."""
    with bench.case("the document is the one in the source tree"):
        answer = client.get("/api/openapi.json")
        eq("document", answer.body, source["document"])
    with bench.case("every route of the program is documented, and no other") as note:
        added = set()
        for text in source["routes"]:
            for method, pattern in re.findall(r'add\("([A-Z]+)", "([^"]+)"', text):
                added.add((method, re.sub(r"[:*](\w+)", r"{\1}", pattern)))
        eq("routes", sorted(added ^ {(method, path) for method, path, _ in bench.document.operations()}), [])
        note("%d operations" % len(added))


def film(bench, client, film_id):
    """A film by the API: START, the same again, another one; then every read."""
    with bench.case("start: 202, durable, unknown members named"):
        answer = start_film(client, film_id, colour="red", nothing=None)
        eq("status", answer.status, 202)
        eq("ignored", sorted(answer.json["ignored"]), ["colour", "nothing"])
        eq("projectId", answer.json["projectId"], film_id)
    with bench.case("the same command again: the same answer, one START"):
        eq("id", start_film(client, film_id, colour="red", nothing=None).json["commandId"], "start_" + film_id)
        # What was ignored is no part of the command.
        eq("status", start_film(client, film_id).status, 202)
    with bench.case("the same commandId with another body: 409"):
        refused(start_film(client, film_id, seed=2), 409, "E0203", "another command")
    with bench.case("the same film with another prompt: 409 inputs_differ"):
        refused(start_film(client, film_id, commandId="other", creativePrompt="Another."), 409, says="inputs_differ")
    with bench.case("a stream may be opened as soon as START is accepted"):
        for index in range(3):
            eq("start", start_film(client, "early_%d" % index, maxScenes=1).status, 202)
            stream = Stream(client.service, "early_%d" % index)
            eq("first event", next(stream.events())[1]["type"], "FULL_STATE")
            stream.close()
            read = client.get("/api/video/early_%d/state" % index)
            assert read.status in (200, 503), read
            eq("stop", client.post("/api/video/stop?wait=30", {"projectId": "early_%d" % index}).json["outcome"], "applied")
    with bench.case("stop right after start: applied after it"):
        for index in range(5):
            eq("start", start_film(client, "brief_%d" % index).status, 202)
            eq("stop", client.post("/api/video/stop?wait=30", {"projectId": "brief_%d" % index}).json["outcome"], "applied")
            eq("status", client.get("/api/video/brief_%d/state" % index).json["status"], "paused")
    with bench.case("start without an id: the same commandId is the same film"):
        body = {"creativePrompt": PROMPT, "maxScenes": 1, "commandId": "nameless"}
        first, second = client.post("/api/video/start", body), client.post("/api/video/start", body)
        eq("film", first.json["projectId"], second.json["projectId"])
        assert re.fullmatch(r"film_[0-9a-f]{12}", first.json["projectId"]), first
        Stream(client.service, first.json["projectId"]).close()
        eq("stop", client.post("/api/video/stop?wait=30", {"projectId": first.json["projectId"]}).json["outcome"], "applied")
    with bench.case("the film is made; its events fit the document") as note:
        seen = finished(client.service, film_id)
        for name, event in seen:
            problems = bench.document.fits(event, {"$ref": "#/components/schemas/Event"})
            assert not problems, "%s: %s" % (event["type"], problems[:3])
            bench.record("#/components/schemas/Event", event)
            eq("id", event.get("id"), name)
        types = collections.Counter(event["type"] for _, event in seen)
        for one in ("WORKFLOW_STARTED", "COMMAND_RESULT", "STATE_DELTA", "SCENE_STARTED", "SCENE_PROGRESS", "SCENE_COMPLETED"):
            assert types[one], "no %s in %s" % (one, types)
        eq("started scenes", types["SCENE_STARTED"], 2)
        note("%d events" % len(seen))
    base = "/api/video/" + film_id
    with bench.case("every read fits the document"):
        for read in ("/state", "/state?shape=old", "/state?shape=new", "/state?seq=3", "/recovery", "/receipt", "/history", "/takes", "/scene/1/assets", "/cost", "/commands/start_" + film_id):
            eq(read, client.get(base + read).status, 200)
        for read in ("/api/projects", "/api/health", "/healthz", "/readyz", "/metrics", "/", "/api/openapi.json"):
            eq(read, client.get(read).status, 200)
        eq("status", client.get(base + "/state").json["status"], "complete")
        row = [one for one in client.get("/api/projects").json["films"] if one["id"] == film_id][0]
        eq("tiers", sorted(row["tiers"]), ["checkpoint", "snapshot"])
    with bench.case("states by STATE_DELTA are the states that are read"):
        built = {}
        for _, event in finished(client.service, film_id):
            if event["type"] == "STATE_DELTA":
                merge(built, event["payload"]["patch"])
                read = client.get("%s/state?seq=%d" % (base, event["seq"])).json["state"]
                read.pop("$workprint")
                eq("state at seq %d" % event["seq"], built, read)
    with bench.case("history, page by page, is every commit once") as note:
        seqs, before = [], 1 << 53
        while True:
            page = client.get("%s/history?before=%d&limit=7" % (base, before)).json
            if not page:
                break
            seqs += [one["seq"] for one in page]
            before = seqs[-1]
        eq("seqs", seqs, list(range(seqs[0], 0, -1)))
        note("%d commits" % len(seqs))
    with bench.case("numbers that are none: 400"):
        for bad in ("history?limit=0", "history?limit=201", "history?limit=x", "history?before=0", "history?before=-1", "history?limit=", "history?limit=5x",
                    "state?shape=round", "state?seq=0", "state?seq=1.5", "state?seq=99999999999999999999"):
            refused(client.get(base + "/" + bad), 400, "E0201")
        for bad in ("x", "1.x", "-1.0", ".5", "1.2.3", "99999999999999999999.1", "1.%20"):
            refused(client.get("/api/events/%s?after=%s" % (film_id, bad)), 400, "E0201")
    with bench.case("a seq that was never committed: 404"):
        refused(client.get(base + "/state?seq=999999"), 404, "E0202")


def merge(target, patch):
    for name, value in patch.items():
        if value is None:
            target.pop(name, None)
        elif isinstance(value, dict):
            inner = target.get(name)
            target[name] = inner if isinstance(inner, dict) else {}
            merge(target[name], value)
        else:
            target[name] = value


def commands(bench, client, film_id):
    base = "/api/video/" + film_id
    with bench.case("bodies that are no commands: 400"):
        for body in ("{", "[]", "null", "7", '"x"', "{} {}", '{"sceneId":0,"sceneId":1}', "\xff".encode("latin-1"), '{"sceneId":' + "[" * 100 + "]" * 100 + "}",
                     "{}", '{"sceneId":"x"}', '{"sceneId":-1}', '{"sceneId":1.5}', '{"sceneId":null}', '{"sceneId":0,"promptModification":5}', '{"sceneId":0,"forceRegenerate":"yes"}',
                     '{"sceneId":0,"commandId":7}', '{"sceneId":0,"commandId":""}', '{"sceneId":0,"commandId":"a b"}', '{"sceneId":0,"commandId":"%s"}' % ("x" * 65)):
            refused(client.post(base + "/regenerate-scene", body), 400, "E0201")
        refused(client.post(base + "/regenerate-frame", {"sceneId": 0, "frameType": "middle"}), 400)
        refused(client.post(base + "/resolve-intervention", {"action": "explode"}), 400)
        refused(client.post(base + "/resolve-intervention", {"action": "retry", "revisedParams": []}), 400)
        refused(client.post(base + "/scene/0/asset", {"assetKey": "render_video", "version": 1}), 400)
        refused(client.post(base + "/scene/0/asset", {"assetKey": "scene_video", "version": "1"}), 400)
        refused(client.post("/api/video/stop", {}), 400)
        refused(client.post("/api/video/start", {"creativePrompt": ""}), 400)
        refused(client.post("/api/video/start", {"creativePrompt": "x" * 20_001}), 400)
        refused(client.post("/api/video/start", {"creativePrompt": PROMPT, "picture": "3x3@1"}), 400)
        refused(client.post("/api/video/start", {"creativePrompt": PROMPT, "audioGcsUri": "/etc/passwd"}), 400)
        refused(client.post("/api/video/start", {"creativePrompt": PROMPT, "audioUrl": "http://169.254.169.254/audio/x.ogg"}), 400)
        refused(client.post("/api/video/start", {"projectId": 7, "creativePrompt": PROMPT}), 400)
        refused(client.post("/api/video/start", {"projectId": film_id, "startOver": "yes"}), 400, says="startOver")
    with bench.case("things that are not there: 404"):
        refused(client.post(base + "/regenerate-scene", {"sceneId": 9}), 404, "E0202")
        refused(client.post(base + "/resolve-intervention", {"action": "retry"}), 404)
        refused(client.post(base + "/scene/0/asset", {"assetKey": "scene_video", "version": 99}), 404)
        refused(client.get(base + "/scene/9/assets"), 404)
        refused(client.get(base + "/commands/nothing"), 404)
        for method, path, _ in bench.document.operations():
            if "{id}" in path:
                body = {"sceneId": 0, "frameType": "start", "action": "retry", "assetKey": "scene_video", "version": 1}
                target = path.replace("{id}", NOBODY).replace("{sceneId}", "0").replace("{commandId}", "c")
                refused(client.ask(method, target, body if method == "POST" else None), 404, "E0202")
        refused(client.post("/api/video/stop", {"projectId": NOBODY}), 404)
        refused(client.post("/api/video/start", {"projectId": NOBODY}), 400, says="there is no film")
    with bench.case("another take with wait: 200, applied; the same again with and without wait") as note:
        body = {"sceneId": 0, "promptModification": "closer, slower", "commandId": "again_1"}
        answer = client.post(base + "/regenerate-scene?wait=30", body)
        eq("status", answer.status, 200)
        eq("outcome", answer.json["outcome"], "applied")
        later = client.post(base + "/regenerate-scene?wait=30", body)
        eq("answer", later.json, answer.json)
        eq("status", client.post(base + "/regenerate-scene", body).status, 202)
        refused(client.post(base + "/regenerate-scene", {**body, "promptModification": "wider"}), 409, "E0203")
        status = client.get(base + "/commands/again_1").json
        eq("command", (status["status"], status["seq"]), ("applied", answer.json["seq"]))
        wait_for(client.service, film_id, ("WORKFLOW_COMPLETED",), "%d.0" % answer.json["seq"])
        takes = client.get(base + "/scene/0/assets").json["takes"]["scene_video_0"]
        eq("takes", sorted(takes["items"]), ["1", "2"])
        note("seq %d" % answer.json["seq"])
    with bench.case("circle another take, then the same one: applied, then nothing_to_do"):
        circled = client.get(base + "/takes").json["takes"]["scene_video_0"]["circled"]
        other = 3 - circled
        answer = client.post(base + "/scene/0/asset?wait=30", {"assetKey": "scene_video", "version": other})
        eq("outcome", answer.json["outcome"], "applied")
        eq("circled", client.get(base + "/takes").json["takes"]["scene_video_0"]["circled"], other)
        wait_for(client.service, film_id, ("WORKFLOW_COMPLETED",), "%d.0" % answer.json["seq"])
        eq("outcome", client.post(base + "/scene/0/asset?wait=30", {"assetKey": "scene_video", "version": other}).json["outcome"], "nothing_to_do")
    with bench.case("stop, request-state and resume"):
        eq("stop", client.post("/api/video/stop?wait=30", {"projectId": film_id}).json["outcome"], "applied")
        eq("status", client.get(base + "/state").json["status"], "paused")
        eq("request-state", client.post(base + "/request-state").status, 202)
        eq("resume", client.post(base + "/resume?wait=30", {"fromSceneIndex": 1}).json["ignored"], ["fromSceneIndex"])
        eq("film", client.get(base + "/state").json["status"], "complete")
    with bench.case("request-state reaches an open stream"):
        stream = Stream(client.service, film_id)
        events = stream.events()
        eq("first", next(events)[1]["type"], "FULL_STATE")
        client.post(base + "/request-state")
        eq("then", next(events)[1]["type"], "FULL_STATE")
        stream.close()


HOSTILE = ["..", "%2e%2e", "%2E%2e%2fetc", "..%2f..%2fetc%2fpasswd", "..%5c..%5c", "%00", "a%00b", "x" * 129, "x" * 7000, "%22%27", "'%20OR%201=1--", "%27;DROP%20TABLE%20commits;--", "a%20b", "%0d%0aX-Evil:%201",
           "%ff%fe", "%c0%ae%c0%ae", "%ed%a0%80", "%e2%80%ae", "%f0%9f%8e%ac", "audio", "-", "_.", "a.b", "a:b", "*", "%25", "%", "%zz", "$workprint", "%7Bid%7D", "<script>", "%3Cscript%3E", "con", "~", "."]


def hostile(bench, client):
    """Ids that are none, in every part of every route."""
    films = client.service.root / "films"
    outside = lambda: sorted(path.name for folder in (films, films.parent, films.parent.parent) for path in folder.iterdir() if not path.name.startswith("workprint.db-"))
    before = outside()
    listed = client.get("/api/projects").json["projects"]
    with bench.case("hostile parts of paths: 400 or 404 with the error body, nothing made") as note:
        count = 0
        for method, path, _ in bench.document.operations():
            for name in re.findall(r"{(\w+)}", path):
                for text in HOSTILE:
                    target = path.replace("{%s}" % name, text)
                    for other, fine in (("id", "demo"), ("sceneId", "0"), ("commandId", "start_demo")):
                        target = target.replace("{%s}" % other, fine)
                    body = {"sceneId": 0, "frameType": "start", "action": "retry", "assetKey": "scene_video", "version": 1, "commandId": "hostile"}
                    answer = client.ask(method, target, body if method == "POST" else None, judged=False)
                    assert answer.status in (400, 404), "%s %s: %r" % (method, target[:90], answer)
                    problems = bench.document.fits(answer.json, {"$ref": "#/components/schemas/Error"})
                    assert not problems, "%s: %s" % (target[:90], problems)
                    assert "etc/passwd" not in answer.headers.get("x-evil", ""), answer
                    count += 1
        note("%d requests" % count)
    with bench.case("hostile ids in bodies: 400 or 404, nothing made"):
        for text in ["../x", "/etc/passwd", "a/b", "", "a b", "audio", "x" * 129, "a\nb", ".", "..", "é", "a\0b", "'; DROP TABLE commits; --", {"a": 1}, ["x"], True, 10**30]:
            for target, body in (("/api/video/start", {"projectId": text, "creativePrompt": PROMPT}), ("/api/video/stop", {"projectId": text})):
                assert client.post(target, body).status in (400, 404), (target, text)
    with bench.case("neither the folder nor the list of films has changed"):
        eq("files", outside(), before)
        eq("films", client.get("/api/projects").json["projects"], listed)


def methods(bench, client, film_id):
    with bench.case("other methods: 405 with Allow; OPTIONS says which; unknown ones 501"):
        fill = lambda path: path.replace("{id}", film_id).replace("{sceneId}", "0").replace("{commandId}", "start_" + film_id).replace("{path}", "audio/x.ogg")
        known = collections.defaultdict(set)
        for method, path, _ in bench.document.operations():
            known[path].add(method)
        for path, there in known.items():
            allowed = {"OPTIONS", *there, *(["HEAD"] if "GET" in there else [])}
            eq("Allow of OPTIONS " + path, set(client.ask("OPTIONS", fill(path)).headers["allow"].split(", ")), allowed)
            for method in ("GET", "POST", "PUT", "DELETE", "PATCH"):
                if method not in there:
                    answer = refused(client.ask(method, fill(path), "{}" if method != "GET" else None), 405, "E0126")
                    eq("Allow of " + path, set(answer.headers["allow"].split(", ")), allowed)
            refused(client.ask("BREW", fill(path), judged=False), 501, "E0117")
    with bench.case("HEAD is GET without a body"):
        for path in ("/", "/api/projects", "/api/health", "/metrics", "/healthz", "/api/video/%s/state" % film_id):
            answer = client.ask("HEAD", path)
            eq(path, (answer.status, answer.body), (200, b""))
            assert int(answer.headers["content-length"]) > 0, answer.headers
    with bench.case("addresses that are none: 404"):
        for path in ("/api", "/api/", "/favicon.ico", "/api/video/demo/", "//api/projects", "/api/projects/", "/api/video//state", "/API/projects", "/index.html", "/metrics/x", "/api/objects", "/api/objects/"):
            answer = client.get(path, judged=False)
            assert answer.status in (400, 404), "%s: %r" % (path, answer)
    with bench.case("bodies above the limits: 413, before they are read"):
        refused(client.post("/api/video/start", b"x" * ((1 << 20) + 1)), 413, "E0110")
        refused(client.ask("POST", "/api/video/start", b"", headers={"Content-Length": "9000000000"}), 413, "E0110")
        refused(client.ask("POST", "/api/upload-audio", b"", headers={"Content-Length": str((50 << 20) + (65 << 10)), "Content-Type": "multipart/form-data; boundary=x"}), 413, "E0110")
# Without a length there is no body; a song without one cannot be looked for.
        refused(client.ask("POST", "/api/video/start", None), 400, "E0201", "creativePrompt")
        refused(client.ask("POST", "/api/upload-audio", None, headers={"Content-Type": "multipart/form-data; boundary=x"}), 400, "E0201")


def songs(bench, client, folder, film_id):
    song = folder / "song.wav"
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "sine=220:d=9,volume=0.4", "-ar", "22050", str(song)], check=True)
    curl = lambda *more: json.loads(subprocess.run(["curl", "-sS", "--max-time", "120", *more, "http://127.0.0.1:%d/api/upload-audio" % client.service.port], check=True, capture_output=True).stdout)
    with bench.case("curl -F audio=@song: kept under its hash, twice the same") as note:
        first, second = curl("-F", "audio=@%s;filename=../../evil.wav" % song), curl("-F", "note=x", "-F", "audio=@%s" % song)
        eq("second answer", second, first)
        eq("sha256", first["sha256"], hashlib.sha256(song.read_bytes()).hexdigest())
        assert abs(first["durationSeconds"] - 9) < 0.1, first
        problems, place = bench.document.judge("POST", "/api/upload-audio", 200, "application/json", first)
        eq("document", problems, [])
        bench.record(place, first)
        eq("bytes", client.get(first["audioPublicUri"]).body, song.read_bytes())
        note(first["audioGcsUri"])
    form = lambda name, data: (b"--b\r\nContent-Disposition: form-data; name=\"%s\"; filename=\"x\"\r\n\r\n%s\r\n--b--\r\n" % (name, data))
    upload = lambda body, kind="multipart/form-data; boundary=b": client.ask("POST", "/api/upload-audio", body, headers={"Content-Type": kind})
    with bench.case("uploads that are no songs: 400 or 415, nothing left"):
        refused(upload(b"{}", "application/json"), 415, "E0201")
        refused(upload(form(b"audio", b"this is no song" * 99)), 415, says="audio")
        refused(upload(form(b"audio", b"")), 400, says="empty")
        refused(upload(form(b"video", b"x")), 400)
        refused(upload(b"--b\r\nnonsense"), 400)
        refused(upload(form(b"audio", song.read_bytes()[:5000])), 415)
        eq("songs", [path.name for path in (client.service.root / "films" / "audio").glob("*.wav") if path.name[0] != "."], [first["audioGcsUri"].removeprefix("audio/")])
    with bench.case("a film with the song is as long as the song") as note:
        answer = start_film(client, film_id, audioGcsUri=first["audioGcsUri"])
        eq("status", answer.status, 202)
        live = [event for _, event in wait_for(client.service, film_id, ("WORKFLOW_COMPLETED",), query="")]
        state = client.get("/api/video/%s/state?shape=old" % film_id).json["state"]
        eq("audio", state["audioGcsUri"], first["audioGcsUri"])
        assert abs(state["renderedVideo"]["durationSeconds"] - 9) < 0.2, state["renderedVideo"]
        note("%.2f s" % state["renderedVideo"]["durationSeconds"])
    with bench.case("... and its live stream never goes back, asides and whole states included") as note:
        seqs = [event["seq"] for event in live]
        eq("seqs", seqs, sorted(seqs))
        assert seqs[0] >= 0, seqs  # 0: the whole state of a film that has not begun
        full = [event for event in live if event["type"] == "FULL_STATE"]
        eq("seqs of states", [one["payload"]["provenance"]["seq"] for one in full], [one["seq"] for one in full])
        asides = [event for event in live if "id" not in event and event["type"] != "FULL_STATE"]
        assert len(full) >= 2 and asides, [event["type"] for event in live]
        for event in live:
            bench.record("#/components/schemas/Event", event)
            eq("document", bench.document.fits(event, {"$ref": "#/components/schemas/Event"}), [])
        note("%d whole states, %d asides" % (len(full), len(asides)))


def media(bench, client, film_id):
    movie = client.get("/api/video/%s/state?shape=old" % film_id).json["state"]["renderedVideo"]
    url = movie["publicUri"]
    with bench.case("every publicUri that is told can be fetched") as note:
        told = set()

        def walk(value):
            if isinstance(value, dict):
                if "publicUri" in value:
                    told.add(value["publicUri"])
                value = list(value.values())
            for one in value if isinstance(value, list) else []:
                walk(one)
        walk(client.get("/api/video/%s/takes" % film_id).json)
        walk(client.get("/api/video/%s/state?shape=old" % film_id).json)
        for uri in sorted(told):
            eq(uri, client.get(uri).status, 200)
        assert len(told) > 5, told
        note("%d of them" % len(told))
    with bench.case("a movie: whole, ETag its hash, immutable"):
        whole = client.get(url)
        eq("sha256", hashlib.sha256(whole.body).hexdigest(), movie["sha256"])
        eq("etag", whole.headers["etag"], '"%s"' % movie["sha256"])
        eq("type", whole.headers["content-type"], "video/mp4")
        assert "immutable" in whole.headers["cache-control"], whole.headers
        head = client.ask("HEAD", url)
        eq("HEAD", (head.status, head.headers["content-length"], head.body), (200, str(len(whole.body)), b""))
    size, etag = len(whole.body), whole.headers["etag"]
    part = lambda text, **more: client.get(url, headers={"Range": text, **more})
    with bench.case("ranges: the bytes they name"):
        for text, first, last in (("bytes=0-0", 0, 0), ("bytes=0-99", 0, 99), ("bytes=100-", 100, size - 1), ("bytes=-100", size - 100, size - 1), ("bytes=5-99999999999", 5, size - 1), ("bytes=-99999999999", 0, size - 1)):
            answer = part(text)
            eq(text, (answer.status, answer.headers["content-range"], answer.body == whole.body[first:last + 1]), (206, "bytes %d-%d/%d" % (first, last, size), True))
    with bench.case("ranges past the end: 416; what is no range: the whole"):
        for text in ("bytes=%d-" % size, "bytes=-0", "bytes=99999999999-"):
            answer = refused(part(text), 416, "E0124")
            eq("content-range", answer.headers["content-range"], "bytes */%d" % size)
        for text in ("bytes=x-y", "bytes=", "bytes=9-5", "lines=0-5", "bytes=0-1,3-4", "bytes=99999999999999999999999-"):
            eq(text, (part(text).status, len(part(text).body)), (200, size))
    with bench.case("If-None-Match: 304 without a body; If-Range: a part of the same bytes only"):
        for tags in (etag, "*", '"x", ' + etag, "W/" + etag):
            answer = client.get(url, headers={"If-None-Match": tags})
            eq(tags, (answer.status, answer.body), (304, b""))
        eq("other tag", client.get(url, headers={"If-None-Match": '"x"'}).status, 200)
        eq("304 wins", part("bytes=0-5", **{"If-None-Match": etag}).status, 304)
        eq("If-Range same", part("bytes=0-5", **{"If-Range": etag}).status, 206)
        eq("If-Range other", part("bytes=0-5", **{"If-Range": '"x"'}).status, 200)
    with bench.case("documents and secrets are no media: 404"):
        for path in (film_id + "/state.json", film_id + "/scenes/storyboard.json", film_id + "/final/final_output.json", "../workprint.db", film_id + "/../../workprint.db", film_id + "/commands/c.json", film_id + "/lease.json", "audio/none.ogg", film_id, film_id + "/final"):
            answer = client.get("/api/objects/" + path)
            assert answer.status in (400, 404), "%s: %r" % (path, answer)


def durable(events):
    return [(name, event) for name, event in events if name is not None]


def replay(bench, client, film_id, seed, rounds):
    """Cut streams of a finished film: with the last id that was seen, what follows is what an uninterrupted one had."""
    random_ = random.Random(seed)
    whole = durable(finished(client.service, film_id))
    last = max(index for index, (_, event) in enumerate(whole) if event["type"] == "WORKFLOW_COMPLETED")
    with bench.case("ids are in order and dense within each commit") as note:
        places = [tuple(map(int, name.split("."))) for name, _ in whole]
        eq("order", places, sorted(set(places)))
        for one, following in zip(places, places[1:]):
            assert following[1] == 1 or following == (one[0], one[1] + 1), (one, following)
        note("%d durable events" % len(whole))
    with bench.case("cut anywhere, come back with Last-Event-ID: gapless and the same") as note:
        for _ in range(rounds):
            seen, after = [], "0.0"
            while len(seen) <= last:
                stream, budget = Stream(client.service, film_id, after), random_.randint(1, 12)
                for name, event in stream.events():
                    if name is None:
                        continue
                    seen.append((name, event))
                    after = name
                    budget -= 1
                    if budget == 0 or len(seen) > last:
                        break
                stream.close()
            eq("events", seen[:last + 1], whole[:last + 1])
        note("%d rounds, seed %d" % (rounds, seed))
    with bench.case("every id is a place to go on from; ?after= means the same"):
        for index in range(0, last, max(1, last // 8)):
            for query, header in (("deltas=1", whole[index][0]), ("deltas=1&after=" + whole[index][0], None)):
                stream = Stream(client.service, film_id, header, query)
                name, event = next((name, event) for name, event in stream.events() if name)
                stream.close()
                eq("after " + whole[index][0], (name, event), whole[index + 1])
    with bench.case("?after=<seq>: all after that commit"):
        stream = Stream(client.service, film_id, query="deltas=1&after=1")
        name, _ = next((name, event) for name, event in stream.events() if name)
        stream.close()
        eq("next", name, next(one for one, _ in whole if not one.startswith("1.")))
    with bench.case("an id of another life (above the newest): one FULL_STATE"):
        stream = Stream(client.service, film_id, "999999.1")
        name, event = next(stream.events())
        stream.close()
        eq("event", (name, event["type"]), (None, "FULL_STATE"))
    with bench.case("without ?deltas=1: FULL_STATE in the old shape, no STATE_DELTA"):
        stream = Stream(client.service, film_id, "0.0", query="")
        seen = []
        for name, event in stream.events():
            seen.append(event)
            assert event["type"] != "STATE_DELTA", event
            if event["type"] == "WORKFLOW_COMPLETED":
                break
        stream.close()
        full = [event for event in seen if event["type"] == "FULL_STATE"]
        assert full and all("scenes" in one["payload"]["state"].get("storyboardState", {"scenes": 0}) and "takes" not in one["payload"]["state"] for one in full), full[:1]
        for one in full:
            eq("seq of FULL_STATE", one["seq"], one["payload"]["provenance"]["seq"])


def killed(bench, program, root, seed):
    """kill -9 of the service in the middle of a film, started again on the same root and port; the reader comes back by id."""
    random_ = random.Random(seed)
    service = Service(program, root)
    port, film_id, kills = service.port, "killed", 0
    client = Client(service, bench.document, bench.record)
    start_film(client, film_id)
    seen, after = [], "0.0"
    with bench.case("kill -9 three times: the reader misses nothing, and sees nothing twice") as note:
        budget = random_.randint(2, 8)
        while not (seen and seen[-1][1]["type"] == "WORKFLOW_COMPLETED"):
            stream = Stream(service, film_id, after)
            for name, event in stream.events():
                if name is None:
                    continue
                seen.append((name, event))
                after = name
                budget -= 1
                if event["type"] == "WORKFLOW_COMPLETED" or (budget <= 0 and kills < 3):
                    break
            if seen and seen[-1][1]["type"] != "WORKFLOW_COMPLETED" and kills < 3:
                service.kill()
                stream.close()
                kills, budget = kills + 1, random_.randint(2, 8)
                service = Service(program, root, port)
            else:
                stream.close()
        client = Client(service, bench.document, bench.record)
        whole = durable(finished(service, film_id))
        eq("ids", [name for name, _ in seen], [name for name, _ in whole][:len(seen)])
        eq("events", seen, whole[:len(seen)])
        taken = sum(event["type"] == "RECOVERY_REPORT" for _, event in seen)
        assert taken >= 1, "nobody took the film up again"
        note("%d events, %d kills, %d takeovers" % (len(seen), kills, taken))
    with bench.case("after it: the report of the last takeover is there and fits"):
        report = client.get("/api/video/%s/recovery" % film_id).json["report"]
        eq("decision", report["decision"], "from checkpoint")
    with bench.case("SIGTERM: an orderly end, exit 0"):
        eq("exit", service.stop(), 0)


TOKENS = {"all": "a" * 40, "mine": "m" * 40}


def access(bench, program, root):
    def start_refused(name, arguments, says, listen="127.0.0.1", environment=None):
        with bench.case(name):
            try:
                Service(program, root / "refused", listen=listen, arguments=arguments, environment=environment).stop()
            except RuntimeError as error:
                assert says in str(error), error
                return
            raise AssertionError("it started")
    start_refused("0.0.0.0 without a token: does not start", [], "needs a token", "0.0.0.0")
    start_refused("a token of 31 characters: does not start", ["--token", "x" * 31], "token")
    with bench.case("... and the exit status is 2"):
        for arguments in (["--listen", "0.0.0.0:0"], ["--token", "short"]):
            done = subprocess.run([program, "--root", str(root / "refused"), "serve", *arguments], capture_output=True, timeout=30)
            eq("exit of %s" % arguments, done.returncode, 2)
    (root / "tokens").mkdir(parents=True)
    (root / "tokens" / "workprint.toml").write_text('[[tokens]]\nlabel = "all"\nsecret = "%s"\nfilm_prefix = ""\n[[tokens]]\nlabel = "mine"\nsecret = "%s"\nfilm_prefix = "mine-"\n' % (TOKENS["all"], TOKENS["mine"]))
    service = Service(program, root / "tokens", listen="0.0.0.0")
    nobody, all_, mine = (Client(service, bench.document, bench.record, token) for token in (None, TOKENS["all"], TOKENS["mine"]))
    with bench.case("without a token 401 on every route but page, session and probes"):
        for method, path, _ in bench.document.operations():
            target = re.sub(r"{\w+}", "0", path)
            answer = nobody.ask(method, target, "{}" if method == "POST" else None)
            if path in ("/", "/healthz", "/readyz") or (method, path) == ("DELETE", "/api/session"):
                assert answer.status in (200, 204), "%s: %r" % (path, answer)
            else:
                refused(answer, 401, "E0127")
                eq("scheme", answer.headers["www-authenticate"], "Bearer")
    with bench.case("wrong tokens 401, the right one 200"):
        for wrong in ("Bearer x", "Bearer " + "a" * 39, "Bearer " + "a" * 41, "Basic " + TOKENS["all"], "Bearer", ""):
            refused(nobody.get("/api/projects", headers={"Authorization": wrong}), 401)
        eq("right", all_.get("/api/projects").status, 200)
        refused(nobody.get("/api/projects?token=" + TOKENS["all"]), 401)
    with bench.case("a token's prefix: it sees and makes its films only"):
        eq("named", start_film(mine, "mine-1", maxScenes=1).status, 202)
        nameless = mine.post("/api/video/start", {"creativePrompt": PROMPT, "maxScenes": 1}).json["projectId"]
        assert nameless.startswith("mine-film_"), nameless
        refused(start_film(mine, "theirs-1"), 404, "E0202")
        eq("named", start_film(all_, "theirs-1", maxScenes=1).status, 202)
        wait_for(service, "theirs-1", ("COMMAND_RESULT",), "0.0", TOKENS["all"])
        for method, path, _ in bench.document.operations():
            if "{id}" in path:
                target = path.replace("{id}", "theirs-1").replace("{sceneId}", "0").replace("{commandId}", "start_theirs-1")
                refused(mine.ask(method, target, "{}" if method == "POST" else None), 404, "E0202")
        refused(mine.post("/api/video/stop", {"projectId": "theirs-1"}), 404)
        eq("listed", [one for one in mine.get("/api/projects").json["projects"] if not one.startswith("mine-")], [])
        for film_id in ("mine-1", nameless, "theirs-1"):
            all_.post("/api/video/stop?wait=30", {"projectId": film_id})
        refused(mine.get("/api/objects/theirs-1/images/characters/char_1_reference_01.png"), 404)
    with bench.case("session: the cookie stands for the token, from our own page only"):
        answer = all_.post("/api/session")
        eq("status", answer.status, 204)
        cookie = answer.headers["set-cookie"]
        for word in ("HttpOnly", "SameSite=Strict", "Path=/"):
            assert word in cookie, cookie
        assert TOKENS["all"] not in cookie, cookie
        pair = cookie.split(";")[0]
        own, here = "http://127.0.0.1:%d" % service.port, {"Cookie": pair}
        eq("read", nobody.get("/api/projects", headers=here).status, 200)
        refused(nobody.post("/api/video/stop", {"projectId": "mine-1"}, headers=here), 403, "E0129")
        refused(nobody.post("/api/video/stop", {"projectId": "mine-1"}, headers={**here, "Origin": "http://evil.example"}), 403)
        eq("own page", nobody.post("/api/video/stop", {"projectId": "mine-1"}, headers={**here, "Origin": own}).status, 202)
        refused(nobody.get("/api/projects", headers={"Cookie": "workprint_session=" + "0" * 64}), 401)
        eq("end", nobody.ask("DELETE", "/api/session", headers={**here, "Origin": own}).status, 204)
        refused(nobody.get("/api/projects", headers=here), 401)
        refused(nobody.post("/api/session"), 401)
    with bench.case("no token in the log"):
        eq("exit", service.stop(), 0)
        log = service.said()
        assert "theirs-1" in log, log[:300]
        for token in TOKENS.values():
            assert token not in log, "a token is in the log"


def origins(bench, client):
    own = "http://127.0.0.1:%d" % client.service.port
    with bench.case("without tokens: Host must be a loopback name"):
        for host in ("evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.evil.example", "0.0.0.0", "10.0.0.1", "127.0.0.1:x", "127.0.0.1:99999", "[::2]", "@127.0.0.1"):
            answer = client.get("/api/projects", headers={"Host": host})
            assert answer.status in (400, 403), "%s: %r" % (host, answer)
            assert client.get("/", headers={"Host": host}).status in (400, 403), host
        for host in ("localhost", "127.0.0.1", "[::1]:9", "127.1.2.3", "LOCALHOST:%d" % client.service.port):
            eq(host, client.get("/api/projects", headers={"Host": host}).status, 200)
        eq("none", client.get("/api/projects", headers={"Host": None}).status, 400)
    with bench.case("without tokens: Origin, if sent, must be ours"):
        for origin in ("http://evil.example", "null", "https://127.0.0.1", "http://127.0.0.1:1", "file://", ""):
            answer = client.get("/api/projects", headers={"Origin": origin})
            refused(answer, 403, "E0129")
            assert "access-control-allow-origin" not in answer.headers, answer.headers
            refused(client.post("/api/video/start", {"projectId": "evil", "creativePrompt": PROMPT}, headers={"Origin": origin, "Content-Type": "text/plain"}), 403)
            refused(client.ask("OPTIONS", "/api/video/start", headers={"Origin": origin, "Access-Control-Request-Method": "POST"}, judged=False), 403)
        eq("ours", client.get("/api/projects", headers={"Origin": own}).status, 200)
    with bench.case("the page may load nothing from elsewhere") as note:
        answer = client.get("/")
        policy = answer.headers["content-security-policy"]
        for word in ("default-src 'none'", "connect-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"):
            assert word in policy, policy
        page = answer.body.decode()
        eq("addresses in the page", re.findall(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]{2,}", page), [])
        eq("ways around textContent", re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", page), [])
        note("%d bytes" % len(page))


def fuzz(bench, client, seed, seconds):
    """Random requests: the service lives, and every refusal has the documented body."""
    random_ = random.Random(seed)
    words = ["api", "video", "events", "objects", "projects", "start", "stop", "demo", "state", "takes", "scene", "0", "1", "asset", "assets", "resume", "history", "receipt", "cost", "commands", "health", "session", "audio",
             "final", "movie_01.mp4", "..", "%2e%2e", "%00", "%ff", "", "x" * 300, "é".encode().decode("latin-1"), "request-state", "regenerate-scene", "regenerate-frame", "resolve-intervention", "recovery", "upload-audio"]
    values = [None, True, False, 0, -1, 1, 2**63, 1e308, "", "demo", "0", "x" * 1000, "\0", "\u202e", [], {}, [[]], {"a": {"b": None}}, "scene_video", "retry", "start"]
    names = ["projectId", "sceneId", "commandId", "frameType", "action", "interruptId", "revisedParams", "assetKey", "version", "promptModification", "forceRegenerate", "scene", "seed", "__proto__", "$workprint"]
    near = {"id": ["demo", "song"], "sceneId": ["0", "1"], "commandId": ["start_demo"], "path": ["demo/final/movie_01.mp4"]}
    statuses, count = collections.Counter(), 0
    with bench.case("fuzz") as note:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if random_.random() < 0.7:  # near a route
                _, path, _ = random_.choice(list(bench.document.operations()))
                path = re.sub(r"{(\w+)}", lambda one: random_.choice(near.get(one[1], words) if random_.random() < 0.7 else words), path)
            else:
                path = "/" + "/".join(random_.choice(words) for _ in range(random_.randint(0, 6)))
            if random_.random() < 0.3:
                path += "?" + "&".join("%s=%s" % (random_.choice(["wait", "after", "limit", "before", "shape", "seq", "deltas", "x", "%00"]), random_.choice(["", "1", "-1", "old", "9" * 30, "%ff", "1.1", "a=b"])) for _ in range(3))
            path = path.replace("wait=", "wait_=")  # not to wait in a fuzzer
            method = random_.choice(["GET", "POST", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"])
            body = None
            if method in ("POST", "PUT", "PATCH", "DELETE"):
                body = json.dumps({random_.choice(names): random_.choice(values) for _ in range(random_.randint(0, 5))}).encode()
                for _ in range(random_.choice([0, 0, 0, 1, 4])):
                    at = random_.randrange(len(body) or 1)
                    body = body[:at] + bytes([random_.randrange(256)]) + body[at + 1:]
            if path.startswith("/api/events/"):
                method = "HEAD" if method == "GET" else method  # a stream has no end
            line = "%s %s, body %r" % (method, path[:200], (body or b"")[:200])
            try:
                answer = client.ask(method, path, body, judged=False)
            except Exception as error:
                raise AssertionError("request %d (seed %d) %s: %r" % (count, seed, line, error))
            statuses[answer.status] += 1
            count += 1
            assert answer.status not in (500, 503), "%s: %r" % (line, answer)
            if answer.status >= 400 and method != "HEAD":
                problems = bench.document.fits(answer.json, {"$ref": "#/components/schemas/Error"})
                assert not problems, "%s: %s" % (line, problems)
        assert client.service.is_alive(), "the service ended"
        eq("alive", client.get("/healthz").status, 200)
        note("%d requests in %d s, seed %d: %s" % (count, seconds, seed, dict(sorted(statuses.items()))))
