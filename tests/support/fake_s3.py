#!/usr/bin/env python3
"""S3, small and in memory, written from Amazon's documentation: signatures checked, payload hashes checked, conditional
PUT, CompleteMultipartUpload and DELETE, uploads in parts, listings in pages, ranges. Keys: access AK, secret SK.
Also where keys come from: the container's and the instance's metadata service.

Settings: {"bucket": name}; {"ignore": ["If-None-Match", "If-Match", "parts"]}: conditions it does not know;
{"bare_etags": bool}: If-Match without quotes, as Ceph 16 wants it; {"clock_ahead": seconds};
{"keys_expire": bool}: keys that were handed out are refused from now on; {"expire_uploads": true} forgets all uploads in
parts; {"parts_page": n}: parts in one listing of them.
"""
import hashlib
import hmac
import re
import sys
import threading
import time
from email.utils import formatdate
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlsplit
from xml.sax.saxutils import escape, unescape

sys.path.insert(0, str(Path(__file__).parent))
from http_server import Answer, json_answer, run  # noqa: E402

STATUS = {"NoSuchKey": 404, "NoSuchBucket": 404, "NoSuchUpload": 404, "PreconditionFailed": 412, "InvalidPart": 400,
          "SignatureDoesNotMatch": 403, "RequestTimeTooSkewed": 403, "XAmzContentSHA256Mismatch": 400, "ExpiredToken": 400,
          "InvalidAccessKeyId": 403, "EntityTooSmall": 400, "InvalidRange": 416, "AccessDenied": 403}


class Refusal(Exception):
    def __init__(self, code, message=""):
        super().__init__(code)
        body = f"<?xml version=\"1.0\"?>\n<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>".encode()
        self.answer = Answer(STATUS[code], body, {"Content-Type": "application/xml"})


class Object:
    def __init__(self, data, headers, etag=None):
        self.data = data
        self.etag = etag or hashlib.md5(data).hexdigest()
        self.headers = {k: v for k, v in headers.items() if k.startswith("x-amz-meta-") or k in ("content-type", "cache-control")}


class S3:
    def __init__(self):
        self.lock = threading.RLock()
        self.buckets = {}
        self.uploads = {}
        self.ignore = set()
        self.bare_etags = False
        self.clock_ahead = 0
        self.handed_out = {}
        self.count = 0
        self.parts_page = 1000

    def settings(self, wanted):
        with self.lock:
            if "bucket" in wanted:
                self.buckets.setdefault(wanted["bucket"], {})
            self.ignore = set(wanted.get("ignore", self.ignore))
            self.bare_etags = wanted.get("bare_etags", self.bare_etags)
            self.clock_ahead = wanted.get("clock_ahead", self.clock_ahead)
            self.parts_page = wanted.get("parts_page", self.parts_page)
            if wanted.get("expire_uploads"):
                self.uploads.clear()
            if wanted.get("keys_expire"):
                self.handed_out = {key: None for key in self.handed_out}
            return {"uploads": len(self.uploads), "objects": {b: sorted(o) for b, o in self.buckets.items()}}

    def answer(self, request, fault):
        date = {"Date": formatdate(time.time() + self.clock_ahead, usegmt=True)}
        try:
            answer = self.keys(request) or self.route(request)
        except Refusal as refusal:
            answer = refusal.answer
        answer.headers = {**date, **answer.headers}
        return answer

    # who asks

    def secret_of(self, key_id, token):
        if key_id == "AK":
            return "SK"
        if key_id not in self.handed_out:
            raise Refusal("InvalidAccessKeyId")
        if self.handed_out[key_id] is None:
            raise Refusal("ExpiredToken", "The provided token has expired.")
        if token != "session-" + key_id:
            raise Refusal("AccessDenied", "wrong session token")
        return self.handed_out[key_id]

    def check_signature(self, request):
        given = re.fullmatch(r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/s3/aws4_request, "
                             r"SignedHeaders=([^,]+), Signature=([0-9a-f]{64})", request.headers.get("authorization", ""))
        if not given:
            raise Refusal("AccessDenied", "not signed")
        key_id, date, region, names, signature = given.groups()
        secret = self.secret_of(key_id, request.headers.get("x-amz-security-token"))
        stamp = request.headers["x-amz-date"]
        when = time.mktime(time.strptime(stamp, "%Y%m%dT%H%M%SZ")) - time.timezone
        if abs(when - time.time() - self.clock_ahead) > 900:
            raise Refusal("RequestTimeTooSkewed", "The difference between the request time and the current time is too large.")
        for name in request.headers:
            if name.startswith("x-amz-") and name not in names.split(";"):
                raise Refusal("AccessDenied", f"header is not signed: {name}")
        parts = urlsplit(request.target)
        query = "&".join(sorted(f"{quote(k, safe='-._~')}={quote(v, safe='-._~')}"
                                for k, v in parse_qsl(parts.query, keep_blank_values=True)))
        lines = "".join(f"{n}:{request.headers[n].strip()}\n" for n in names.split(";"))
        path = quote("/".join(request.segments), safe="/-._~")
        payload = request.headers["x-amz-content-sha256"]
        canonical = f"{request.method}\n/{path}\n{query}\n{lines}\n{names}\n{payload}"
        text = f"AWS4-HMAC-SHA256\n{stamp}\n{date}/{region}/s3/aws4_request\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        key = ("AWS4" + secret).encode()
        for part in (date, region, "s3", "aws4_request"):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        if hmac.new(key, text.encode(), hashlib.sha256).hexdigest() != signature:
            raise Refusal("SignatureDoesNotMatch")
        if payload != "UNSIGNED-PAYLOAD" and payload != hashlib.sha256(request.body).hexdigest():
            raise Refusal("XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' header does not match what was computed.")

    def keys(self, request):
        """The metadata services; nothing for requests that are S3's."""
        if request.path == "/latest/api/token":
            return Answer(200, b"imds-token") if request.method == "PUT" else Answer(405)
        roles = "/latest/meta-data/iam/security-credentials/"
        if request.path.startswith(roles) and request.headers.get("x-aws-ec2-metadata-token") != "imds-token":
            return Answer(401)
        if request.path == roles:
            return Answer(200, b"a-role")
        if request.path == roles + "a-role" or (
                request.path == "/container/keys" and request.headers.get("authorization") == "container-token"):
            with self.lock:
                self.count += 1
                key_id = f"TEMP{self.count}"
                self.handed_out[key_id] = secret = hashlib.sha256(key_id.encode()).hexdigest()
            return json_answer({"AccessKeyId": key_id, "SecretAccessKey": secret, "Token": "session-" + key_id,
                                "Expiration": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))})
        return None

    # what is asked

    def route(self, request):
        with self.lock:
            self.check_signature(request)
            bucket, key = request.segments[0], "/".join(request.segments[1:])
            if not key:
                if request.method == "PUT":
                    self.buckets.setdefault(bucket, {})
                    return Answer(200)
                if bucket not in self.buckets:
                    raise Refusal("NoSuchBucket")
                return self.listing(request, self.buckets[bucket])
            if bucket not in self.buckets:
                raise Refusal("NoSuchBucket")
            return self.object(request, self.buckets[bucket], key)

    def matches(self, wanted, etag):
        if self.bare_etags:
            return wanted == etag
        return wanted == "*" or wanted.strip('"') == etag

    def conditions(self, request, there, is_completion=False):
        if is_completion and "parts" in self.ignore:
            return
        absent = request.headers.get("if-none-match")
        if absent and there and "If-None-Match" not in self.ignore:
            raise Refusal("PreconditionFailed")
        match = request.headers.get("if-match")
        if match and "If-Match" not in self.ignore:
            if not there:
                raise Refusal("NoSuchKey")
            if not self.matches(match, there.etag):
                raise Refusal("PreconditionFailed")

    def object(self, request, objects, key):
        query, there = request.query, objects.get(key)
        if request.method == "POST" and "uploads" in query:
            self.count += 1
            upload = f"upload-{self.count}/+="
            self.uploads[upload] = (request.headers, {})
            return Answer(200, f"<InitiateMultipartUploadResult><UploadId>{upload}</UploadId></InitiateMultipartUploadResult>".encode())
        if "uploadId" in query:
            return self.upload(request, objects, key)
        if request.method == "PUT":
            self.conditions(request, there)
            objects[key] = Object(request.body, request.headers)
            return Answer(200, b"", {"ETag": f'"{objects[key].etag}"'})
        if request.method == "DELETE":
            if there:
                self.conditions(request, there)
            objects.pop(key, None)
            return Answer(204)
        if not there:
            raise Refusal("NoSuchKey")
        match = request.headers.get("if-match")
        if match and not self.matches(match, there.etag):
            raise Refusal("PreconditionFailed")
        headers = {**there.headers, "ETag": f'"{there.etag}"', "Accept-Ranges": "bytes"}
        if request.method == "HEAD":
            return Answer(200, b"", {**headers, "Content-Length": str(len(there.data))})
        wanted = re.fullmatch(r"bytes=(\d+)-", request.headers.get("range", ""))
        if not wanted:
            return Answer(200, there.data, headers)
        if int(wanted[1]) >= len(there.data):
            raise Refusal("InvalidRange")
        data = there.data[int(wanted[1]):]
        return Answer(206, data, {**headers, "Content-Range": f"bytes {wanted[1]}-{len(there.data) - 1}/{len(there.data)}"})

    def upload(self, request, objects, key):
        upload = request.query["uploadId"]
        if upload not in self.uploads:
            raise Refusal("NoSuchUpload")
        headers, parts = self.uploads[upload]
        if request.method == "DELETE":
            del self.uploads[upload]
            return Answer(204)
        if request.method == "GET":
            return self.list_parts(parts, int(request.query.get("part-number-marker", "0")))
        if request.method == "PUT":
            parts[int(request.query["partNumber"])] = request.body
            return Answer(200, b"", {"ETag": f'"{hashlib.md5(request.body).hexdigest()}"'})
        self.conditions(request, objects.get(key), is_completion=True)
        chosen = re.findall(r"<Part><PartNumber>(\d+)</PartNumber><ETag>(.*?)</ETag></Part>", request.body.decode())
        data, digests = b"", b""
        for i, (number, etag) in enumerate(chosen):
            part = parts.get(int(number))
            if part is None or unescape(etag, {"&quot;": '"'}).strip('"') != hashlib.md5(part).hexdigest():
                raise Refusal("InvalidPart")
            if i + 1 < len(chosen) and len(part) < 5 << 20:
                raise Refusal("EntityTooSmall")
            data += part
            digests += hashlib.md5(part).digest()
        objects[key] = Object(data, headers, f"{hashlib.md5(digests).hexdigest()}-{len(chosen)}")
        del self.uploads[upload]
        return Answer(200, f'<CompleteMultipartUploadResult xmlns="x"><ETag>&quot;{objects[key].etag}&quot;</ETag>'
                           '</CompleteMultipartUploadResult>'.encode())

    def list_parts(self, parts, after):
        numbers = [n for n in sorted(parts) if n > after]
        page, more = numbers[:self.parts_page], len(numbers) > self.parts_page
        body = "".join(f"<Part><PartNumber>{n}</PartNumber><ETag>&quot;{hashlib.md5(parts[n]).hexdigest()}&quot;</ETag>"
                       f"<Size>{len(parts[n])}</Size></Part>" for n in page)
        marker = f"<NextPartNumberMarker>{page[-1]}</NextPartNumberMarker>" if page else ""
        return Answer(200, f'<?xml version="1.0"?><ListPartsResult xmlns="x"><IsTruncated>{str(more).lower()}</IsTruncated>'
                           f'{marker}{body}</ListPartsResult>'.encode(), {"Content-Type": "application/xml"})

    def listing(self, request, objects):
        prefix, after = request.query.get("prefix", ""), request.query.get("continuation-token", "")
        limit = min(int(request.query.get("max-keys", "1000")), 1000)
        names = [n for n in sorted(objects) if n.startswith(prefix) and n > after]
        page, more = names[:limit], len(names) > limit
        body = "".join(f"<Contents><Key>{escape(n)}</Key><ETag>&quot;{objects[n].etag}&quot;</ETag>"
                       f"<Size>{len(objects[n].data)}</Size></Contents>" for n in page)
        token = f"<NextContinuationToken>{escape(page[-1])}</NextContinuationToken>" if more else ""
        return Answer(200, f'<?xml version="1.0"?><ListBucketResult xmlns="x"><IsTruncated>{str(more).lower()}</IsTruncated>'
                           f'{body}{token}</ListBucketResult>'.encode(), {"Content-Type": "application/xml"})


if __name__ == "__main__":
    run(S3())
