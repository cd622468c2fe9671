#!/usr/bin/env python3
"""Google Cloud Storage's JSON API, small and in memory, written from Google's documentation.

Real in what a client may depend on: generations, the four preconditions, media, multipart and resumable uploads (256 KiB
rule, short persistence, queries, 308 without Range), CRC32C checked before anything is stored, listings in pages with a
delimiter, ranges, rewrite and compose, bearer tokens that expire, one write a second for each name (when switched on).
Also the two places tokens come from: the OAuth token endpoint and the metadata server.

Log entries have `operation` (insert, open, chunk, get, media, list, delete, ...), `name` and, of a write, `conditions`; of one that
was done `stored` bytes and their `crc32c`.

Settings: {"bucket": name} makes a bucket; {"rate_limit": bool}; {"page_size": n}; {"token_uses": n} asks for tokens, each
good for n requests; {"expire_uploads": true} forgets all sessions; {"public_key": {"n": hex, "e": int}} checks the signature of service accounts.
"""
import base64
import hashlib
import json
import re
import struct
import sys
import threading
import time
from array import array
from email.utils import formatdate
from pathlib import Path
from urllib.parse import parse_qsl, quote

sys.path.insert(0, str(Path(__file__).parent))
from http_server import Answer, json_answer, run  # noqa: E402

QUANTUM = 256 << 10


def make_table():
    small = []
    for i in range(256):
        for _ in range(8):
            i = (i >> 1) ^ (0x82F63B78 if i & 1 else 0)
        small.append(i)
    return small, [
        small[(small[i & 255] ^ (i >> 8)) & 255] ^ (small[i & 255] >> 8) for i in range(65536)
    ]


TABLE, TABLE2 = make_table()


def crc32c(data):
    """Two bytes a step: Python is slow."""
    crc = 0xFFFFFFFF
    table = TABLE2
    words = array("H", data[:len(data) & ~1])
    if sys.byteorder == "big":
        words.byteswap()
    for word in words:
        crc = table[(crc ^ word) & 0xFFFF] ^ (crc >> 16)
    if len(data) & 1:
        crc = TABLE[(crc ^ data[-1]) & 255] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


assert crc32c(b"123456789") == 0xE3069283


def crc_text(data):
    return base64.b64encode(struct.pack(">I", crc32c(data))).decode()


class Refusal(Exception):
    def __init__(self, status, message, reason="invalid", headers=None):
        super().__init__(message)
        self.answer = json_answer({"error": {"code": status, "message": message,
                                             "errors": [{"message": message, "domain": "global", "reason": reason}]}},
                                  status, **(headers or {}))


class Object:
    def __init__(self, bucket, name, data, resource, generation):
        self.data = data
        self.generation = generation
        self.metageneration = 1
        now = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
        self.resource = {
            "kind": "storage#object", "bucket": bucket, "name": name, "id": f"{bucket}/{name}/{generation}",
            "generation": str(generation), "metageneration": "1", "size": str(len(data)), "crc32c": crc_text(data),
            "md5Hash": base64.b64encode(hashlib.md5(data).digest()).decode(), "storageClass": "STANDARD",
            "timeCreated": now, "updated": now, "etag": base64.b64encode(str(generation).encode()).decode(),
            "contentType": resource.get("contentType", "application/octet-stream"),
        }
        for member in ("metadata", "cacheControl", "contentEncoding", "contentDisposition", "contentLanguage"):
            if resource.get(member):
                self.resource[member] = resource[member]


class Session:
    def __init__(self, bucket, name, resource, query, content_type):
        self.bucket, self.name, self.resource, self.query = bucket, name, resource, query
        if content_type:
            self.resource.setdefault("contentType", content_type)
        self.data = b""
        self.made = None


class Gcs:
    def __init__(self):
        self.lock = threading.RLock()
        self.buckets = {}
        self.sessions = {}
        self.generation = time.time_ns() // 1000
        self.rate_limit = False
        self.page_size = 1000
        self.token_uses = 0
        self.tokens = {}
        self.public_key = None
        self.last_write = {}

    # control

    def settings(self, wanted):
        with self.lock:
            if "bucket" in wanted:
                self.buckets.setdefault(wanted["bucket"], {})
            self.rate_limit = wanted.get("rate_limit", self.rate_limit)
            self.page_size = wanted.get("page_size", self.page_size)
            self.token_uses = wanted.get("token_uses", self.token_uses)
            self.public_key = wanted.get("public_key", self.public_key)
            if wanted.get("expire_uploads"):
                self.sessions.clear()
            if "expire_tokens" in wanted:
                self.tokens.clear()
            return {"sessions": len(self.sessions), "objects": {b: len(o) for b, o in self.buckets.items()}}

    # entrance

    def answer(self, request, fault):
        request.note.update(self.about(request))
        try:
            return self.route(request, fault)
        except Refusal as refusal:
            return refusal.answer

    def about(self, request):
        """What a request asks for, in Google's words; for the log."""
        query, conditions = request.query, request.query
        if "upload_id" in query:
            operation = "chunk"
            session = self.sessions.get(query["upload_id"])
            conditions = session.query if session else {}
        elif request.segments[:1] == ["upload"]:
            operation = "open" if query.get("uploadType") == "resumable" else "insert"
        elif request.segments[-1:] in (["o"], ["b"]) and request.method == "GET":
            operation = "list"
        elif request.method == "GET":
            operation = "media" if query.get("alt") == "media" or request.segments[0] == "download" else "get"
        else:
            operation = request.method.lower()
        return {"operation": operation, "name": self.name_of(request) or "",
                "conditions": {k: v for k, v in conditions.items() if k.startswith("if")}}

    def name_of(self, request):
        s, query = request.segments, request.query
        if "upload_id" in query:
            session = self.sessions.get(query["upload_id"])
            return session.name if session else None
        if s[:1] == ["upload"]:
            if "name" in query:
                return query["name"]
            document = request.body
            if query.get("uploadType") == "multipart":
                document = document.partition(b"\r\n\r\n")[2]
            try:
                return json.JSONDecoder().raw_decode(document[:1 << 16].decode(errors="ignore").lstrip())[0].get("name")
            except (ValueError, AttributeError):
                return None
        at = s.index("o") + 1 if "o" in s else len(s)
        return s[at] if at < len(s) else None

    def route(self, request, fault):
        s = request.segments
        if request.path == "/token":
            return self.grant(request)
        if s[:1] == ["computeMetadata"]:
            return self.metadata_token(request)
        if s[:3] == ["upload", "storage", "v1"]:
            return self.upload(request, fault)
        self.check_token(request)
        if s[:1] == ["download"]:
            s = s[1:]
            request.query.setdefault("alt", "media")
        if s[:3] != ["storage", "v1", "b"]:
            raise Refusal(404, "Not Found", "notFound")
        s = s[3:]
        with self.lock:
            if not s:
                return self.bucket_list(request)
            if len(s) == 1:
                self.bucket(s[0])
                return json_answer(self.bucket_resource(s[0]))
            if len(s) == 2 and s[1] == "o":
                return self.listing(request, s[0])
            if len(s) >= 3 and s[1] == "o":
                return self.object(request, s)
        raise Refusal(404, "Not Found", "notFound")

    def bucket(self, name):
        if name not in self.buckets:
            raise Refusal(404, "The specified bucket does not exist.", "notFound")
        return self.buckets[name]

    def bucket_resource(self, name):
        return {"kind": "storage#bucket", "id": name, "name": name, "location": "US", "storageClass": "STANDARD"}

    def bucket_list(self, request):
        if request.method == "POST":
            name = request.json()["name"]
            if name in self.buckets:
                raise Refusal(409, "You already own this bucket.", "conflict")
            self.buckets[name] = {}
            return json_answer(self.bucket_resource(name))
        return json_answer({"kind": "storage#buckets", "items": [self.bucket_resource(b) for b in self.buckets]})

    # objects

    def preconditions(self, query, there, prefix="if"):
        def bad(parameter, holds):
            if parameter in query and not holds(int(query[parameter])):
                raise Refusal(412, "At least one of the pre-conditions you specified did not hold.", "conditionNotMet")

        generation = there.generation if there else 0
        meta = there.metageneration if there else 0
        bad(prefix + "GenerationMatch", lambda v: v == generation)
        bad(prefix + "GenerationNotMatch", lambda v: v != generation)
        bad(prefix + "MetagenerationMatch", lambda v: v == meta)
        bad(prefix + "MetagenerationNotMatch", lambda v: v != meta)

    def find(self, bucket, name, query):
        there = self.bucket(bucket).get(name)
        wanted = query.get("generation")
        if there is None or (wanted and int(wanted) != there.generation):
            raise Refusal(404, f"No such object: {bucket}/{name}", "notFound")
        return there

    def pace(self, bucket, name):
        if not self.rate_limit:
            return
        now = time.monotonic()
        if now - self.last_write.get((bucket, name), -10.0) < 1.0:
            raise Refusal(429, f"The object {bucket}/{name} exceeded the rate limit for object mutation operations "
                               "(create, update, and delete). Please reduce your request rate.", "rateLimitExceeded")
        self.last_write[(bucket, name)] = now

    def store(self, request, bucket, name, data, resource, query):
        objects = self.bucket(bucket)
        if not name or len(name.encode()) > 1024 or "\n" in name or "\r" in name:
            raise Refusal(400, "Invalid object name")
        expected = resource.get("crc32c")
        if expected and expected != crc_text(data):
            raise Refusal(400, f"Provided CRC32C \"{expected}\" doesn't match calculated CRC32C \"{crc_text(data)}\".")
        self.preconditions(query, objects.get(name))
        self.pace(bucket, name)
        self.generation += 1
        objects[name] = Object(bucket, name, data, resource, self.generation)
        request.note.update(stored=len(data), crc32c=objects[name].resource["crc32c"])
        return objects[name]

    def object(self, request, s):
        bucket, name = s[0], s[2]
        if len(s) > 3 and s[3] == "rewriteTo":
            return self.rewrite(request, bucket, name, s[5], s[7])
        if len(s) > 3 and s[3] == "compose":
            return self.compose(request, bucket, name)
        if request.method == "DELETE":
            there = self.find(bucket, name, request.query)
            self.preconditions(request.query, there)
            self.pace(bucket, name)
            del self.buckets[bucket][name]
            return Answer(204)
        there = self.find(bucket, name, request.query)
        if request.method == "PATCH":
            self.preconditions(request.query, there)
            there.metageneration += 1
            there.resource.update(request.json())
            there.resource["metageneration"] = str(there.metageneration)
            return json_answer(there.resource)
        try:
            self.preconditions(request.query, there)
        except Refusal:
            if "ifGenerationNotMatch" in request.query:
                return Answer(304)
            raise
        if request.query.get("alt") != "media":
            return json_answer(self.resource(request, there))
        return self.media(request, there)

    def resource(self, request, there):
        host = request.headers.get("host", "127.0.0.1")
        bucket, name = there.resource["bucket"], there.resource["name"]
        path = f"/b/{quote(bucket, safe='')}/o/{quote(name, safe='')}"
        return {**there.resource, "selfLink": f"http://{host}/storage/v1{path}",
                "mediaLink": f"http://{host}/download/storage/v1{path}?generation={there.generation}&alt=media"}

    def media(self, request, there):
        data = there.data
        headers = {"Content-Type": there.resource["contentType"], "x-goog-generation": str(there.generation),
                   "x-goog-metageneration": str(there.metageneration), "x-goog-stored-content-length": str(len(data)),
                   "x-goog-hash": f"crc32c={there.resource['crc32c']},md5={there.resource['md5Hash']}",
                   "ETag": there.resource["etag"], "Accept-Ranges": "bytes", "Last-Modified": formatdate(usegmt=True)}
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("range", ""))
        if not wanted:
            return Answer(200, data, headers)
        first = int(wanted[1])
        last = min(int(wanted[2]) if wanted[2] else len(data) - 1, len(data) - 1)
        if first >= len(data):
            return Answer(416, b"", {"Content-Range": f"bytes */{len(data)}"})
        headers["Content-Range"] = f"bytes {first}-{last}/{len(data)}"
        return Answer(206, data[first:last + 1], headers)

    def listing(self, request, bucket):
        objects = self.bucket(bucket)
        prefix, delimiter = request.query.get("prefix", ""), request.query.get("delimiter", "")
        after = base64.urlsafe_b64decode(request.query.get("pageToken", "")).decode()
        limit = min(int(request.query.get("maxResults", self.page_size)), self.page_size)
        items, prefixes, last = [], [], None
        for name in sorted(objects):
            if not name.startswith(prefix):
                continue
            entry = name
            if delimiter and delimiter in name[len(prefix):]:
                entry = prefix + name[len(prefix):].split(delimiter, 1)[0] + delimiter
            if entry <= after or entry in prefixes:
                continue
            if len(items) + len(prefixes) == limit:
                result = {"kind": "storage#objects", "items": items, "prefixes": prefixes,
                          "nextPageToken": base64.urlsafe_b64encode(last.encode()).decode()}
                return json_answer(result)
            last = entry
            if entry != name:
                prefixes.append(entry)
            else:
                items.append(self.resource(request, objects[name]))
        result = {"kind": "storage#objects"}
        if items:
            result["items"] = items
        if prefixes:
            result["prefixes"] = prefixes
        return json_answer(result)

    def rewrite(self, request, bucket, name, target_bucket, target):
        there = self.find(bucket, name, {"generation": request.query.get("sourceGeneration", "")})
        self.preconditions(request.query, there, "ifSource")
        made = self.store(request, target_bucket, target, there.data, {**there.resource, **request.json(), "crc32c": None},
                          request.query)
        return json_answer({"kind": "storage#rewriteResponse", "done": True, "objectSize": str(len(there.data)),
                            "totalBytesRewritten": str(len(there.data)), "resource": self.resource(request, made)})

    def compose(self, request, bucket, name):
        wanted = request.json()
        if len(wanted["sourceObjects"]) > 32:
            raise Refusal(400, "The number of source components provided exceeds the maximum (32).")
        data = b""
        for source in wanted["sourceObjects"]:
            there = self.find(bucket, source["name"], source)
            self.preconditions(source.get("objectPreconditions", {}), there)
            data += there.data
        made = self.store(request, bucket, name, data, wanted.get("destination", {}), request.query)
        made.resource.pop("md5Hash")
        return json_answer(self.resource(request, made))

    # uploads

    def upload(self, request, fault):
        if "upload_id" in request.query:
            with self.lock:
                return self.continue_session(request, fault)
        self.check_token(request)
        bucket = request.segments[4]
        kind = request.query.get("uploadType")
        with self.lock:
            self.bucket(bucket)
            if kind == "media":
                resource = {"contentType": request.headers.get("content-type", "application/octet-stream")}
                made = self.store(request, bucket, request.query["name"], request.body, resource, request.query)
                return json_answer(self.resource(request, made))
            if kind == "multipart":
                return self.multipart(request, bucket)
            if kind == "resumable":
                return self.open_session(request, bucket)
        raise Refusal(400, "Invalid uploadType")

    def multipart(self, request, bucket):
        boundary = re.search(r'boundary="?([^";]+)"?', request.headers.get("content-type", ""))
        if not boundary:
            raise Refusal(400, "Missing multipart boundary")
        mark = b"--" + boundary[1].encode()
        parts = request.body.split(mark)
        if len(parts) < 4 or not parts[-1].startswith(b"--"):
            raise Refusal(400, "Malformed multipart body")

        def split(part):
            head, body = part[2:].split(b"\r\n\r\n", 1)
            return dict(re.findall(r"([\w-]+): *([^\r\n]*)", head.decode().lower())), body[:-2]

        _, resource = split(parts[1])
        head, data = split(mark.join(parts[2:-1]))
        resource = json.loads(resource)
        resource.setdefault("contentType", head.get("content-type", "application/octet-stream"))
        made = self.store(request, bucket, request.query.get("name") or resource["name"], data, resource, request.query)
        return json_answer(self.resource(request, made))

    def open_session(self, request, bucket):
        resource = request.json()
        name = request.query.get("name") or resource.get("name")
        if not name:
            raise Refusal(400, "Required parameter: name", "required")
        self.preconditions(request.query, self.bucket(bucket).get(name))
        upload_id = hashlib.sha256(f"{self.generation}{len(self.sessions)}{time.time_ns()}".encode()).hexdigest()
        self.sessions[upload_id] = Session(bucket, name, resource, request.query,
                                           request.headers.get("x-upload-content-type"))
        host = request.headers.get("host")
        where = f"http://{host}/upload/storage/v1/b/{bucket}/o?uploadType=resumable&upload_id={upload_id}"
        return Answer(200, b"", {"Location": where, "X-GUploader-UploadID": upload_id})

    def continue_session(self, request, fault):
        upload_id = request.query["upload_id"]
        act = fault.act if fault else ""
        if act == "forget_session":
            self.sessions.pop(upload_id, None)
        session = self.sessions.get(upload_id)
        if session is None:
            raise Refusal(404, "No such upload", "notFound")
        if request.method == "DELETE":
            del self.sessions[upload_id]
            return Answer(499)
        if session.made:
            return json_answer(session.made)
        wanted = request.headers.get("content-range", "")
        if query := re.fullmatch(r"bytes \*/(\*|\d+)", wanted):
            if query[1] != "*" and int(query[1]) == len(session.data):
                return self.finish(request, session)
            return self.progress(session)
        if not wanted:
            session.data = request.body
            return self.finish(request, session)
        if parts := re.fullmatch(r"bytes (\d+)-\*/\*", wanted):  # all the rest, of a length the client did not know
            end = int(parts[1]) + len(request.body)
            parts = re.fullmatch(r"bytes (\d+)-(-?\d+)/(\d+)", f"bytes {parts[1]}-{end - 1}/{end}")
        else:
            parts = re.fullmatch(r"bytes (\d+)-(\d+)/(\*|\d+)", wanted)
        if not parts or int(parts[2]) - int(parts[1]) + 1 != len(request.body):
            raise Refusal(400, "Invalid Content-Range")
        first, total = int(parts[1]), None if parts[3] == "*" else int(parts[3])
        is_last = total is not None and int(parts[2]) + 1 == total
        if not is_last and len(request.body) % QUANTUM:
            raise Refusal(400, "Chunk sizes must be multiples of 256 KiB")
        if first > len(session.data):
            raise Refusal(503, "Bytes are missing before this chunk", "backendError")
        body = request.body
        if act == "keep_less":
            body, is_last = body[:fault.bytes], False
        session.data += body[len(session.data) - first:]
        if is_last and len(session.data) == total:
            return self.finish(request, session)
        return self.progress(session)

    def progress(self, session):
        headers = {"Range": f"bytes=0-{len(session.data) - 1}"} if session.data else {}
        return Answer(308, b"", headers)

    def finish(self, request, session):
        made = self.store(request, session.bucket, session.name, session.data, session.resource, session.query)
        session.made = self.resource(request, made)
        session.data = b""
        return json_answer(session.made)

    # tokens

    def make_token(self):
        with self.lock:
            token = "token-" + hashlib.sha256(str(time.time_ns()).encode()).hexdigest()[:24]
            self.tokens[token] = self.token_uses
            return json_answer({"access_token": token, "expires_in": 3600, "token_type": "Bearer"},
                               **{"Metadata-Flavor": "Google"})

    def check_token(self, request):
        with self.lock:
            if not self.token_uses:
                return
            token = request.headers.get("authorization", "").removeprefix("Bearer ")
            if self.tokens.get(token, 0) <= 0:
                raise Refusal(401, "Invalid Credentials", "authError")
            self.tokens[token] -= 1

    def grant(self, request):
        form = dict(parse_qsl(request.body.decode()))
        grant = form.get("grant_type", "")
        if grant == "refresh_token" and form.get("refresh_token") == "the-refresh-token":
            return self.make_token()
        if grant.endswith("jwt-bearer") and self.is_signed(form.get("assertion", "")):
            return self.make_token()
        if grant.endswith("token-exchange") and form.get("subject_token") == "the-subject-token":
            return self.make_token()
        return json_answer({"error": "invalid_grant", "error_description": "Bad Request"}, 400)

    def is_signed(self, assertion):
        """RSASSA-PKCS1-v1_5 with SHA-256, by hand: independent of the library the client signs with."""
        def decode(text):
            return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))

        head, claims, signature = assertion.split(".")
        n, e = int(self.public_key["n"], 16), self.public_key["e"]
        size = (n.bit_length() + 7) // 8
        padded = pow(int.from_bytes(decode(signature), "big"), e, n).to_bytes(size, "big")
        digest = bytes.fromhex("3031300d060960864801650304020105000420") + hashlib.sha256(
            f"{head}.{claims}".encode()).digest()
        claims = json.loads(decode(claims))
        return (padded == b"\0\1" + b"\xff" * (size - 3 - len(digest)) + b"\0" + digest
                and json.loads(decode(head))["alg"] == "RS256" and claims["exp"] - claims["iat"] <= 3600
                and abs(claims["iat"] - time.time()) < 300 and "devstorage" in claims["scope"])

    def metadata_token(self, request):
        if request.headers.get("metadata-flavor") != "Google":
            return Answer(403, b"missing Metadata-Flavor: Google")
        if not request.path.endswith("/service-accounts/default/token"):
            return Answer(200, b"", {"Metadata-Flavor": "Google"})
        return self.make_token()


if __name__ == "__main__":
    run(Gcs())
