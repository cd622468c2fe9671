"""The OpenAPI document as a judge: which operation a request meets, and whether an answer is one that it promises.

The part of JSON Schema 2020-12 that the document uses, in the standard library's words; the whole run lets ajv judge the
same answers again."""
import json, re
from urllib.parse import unquote

CHECKED = {"type", "properties", "required", "additionalProperties", "items", "enum", "const", "pattern", "minimum", "maximum",
           "minItems", "maxItems", "minLength", "maxLength", "uniqueItems", "oneOf", "anyOf", "allOf", "not", "if", "then", "$ref"}
SAID = {"description", "format", "default", "examples", "contentMediaType", "contentSchema"}
TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}


def is_type(value, name):
    if name in ("integer", "number"):
        return not isinstance(value, bool) and (isinstance(value, int) or (isinstance(value, float) and (name == "number" or value.is_integer())))
    return isinstance(value, TYPES[name])


class Document:
    def __init__(self, text):
        self.json = json.loads(text)
        self.routes = []
        for path, item in self.json["paths"].items():
            pattern = re.sub(r"\\\{(\w+)\\\}", lambda m: "(?P<%s>%s)" % (m[1], ".+" if m[1] == "path" else "[^/]+"), re.escape(path))
            self.routes.append((re.compile(pattern + r"\Z"), path, item))

    def resolve(self, node):
        while "$ref" in node:
            place = self.json
            for name in node["$ref"].removeprefix("#/").split("/"):
                place = place[name]
            node = place
        return node

    def operations(self):
        for _, path, item in self.routes:
            for method, operation in item.items():
                yield method.upper(), path, operation

    def route_of(self, target):
        path = unquote(target.split("?")[0], errors="replace")
        for pattern, route, item in self.routes:
            if pattern.match(path):
                return route, item
        return None, None

    def judge(self, method, target, status, content_type, body):
        """What is wrong with an answer, and the place in the document that its body was compared with."""
        route, item = self.route_of(target)
        operation = (item or {}).get("get" if method == "HEAD" else method.lower())
        error = "#/components/schemas/Error"
        promised = operation and operation["responses"].get(str(status))
        if promised is None:
            # Not of the operation: then it is a refusal of the server itself.
            if status < 400 and not (method == "OPTIONS" and status == 204):
                return ["%s %s answers %d, which the document does not name" % (method, route, status)], None
            if operation and not (status == 400 and body and body.get("code", "").startswith("E010")) and status not in (405, 408, 411, 414, 415, 417, 431, 501, 505):
                return ["%s %s answers %d, which the document does not name" % (method, route, status)], None
            return ([], None) if method in ("HEAD", "OPTIONS") else (self.fits(body, {"$ref": error}), error)
        promised = self.resolve(promised)
        content = promised.get("content", {})
        kind = (content_type or "").split(";")[0]
        if method == "HEAD" or status in (204, 304):
            return [], None
        media = content.get(kind) or content.get(kind.split("/")[0] + "/*")
        if content and media is None:
            return ["%s %s answers %s, documented are %s" % (method, route, kind, list(content))], None
        if kind != "application/json":
            return [], None
        return self.fits(body, media["schema"]), media["schema"].get("$ref") or "#/paths/%s/%s/responses/%d/content/application~1json/schema" % (
            route.replace("~", "~0").replace("/", "~1"), "get" if method == "HEAD" else method.lower(), status)

    def fits(self, value, schema, at="$"):
        unknown = set(schema) - CHECKED - SAID
        assert not unknown, "the document uses what this judge cannot check: %s" % unknown
        found = []
        say = lambda what: found.append("%s %s" % (at, what))
        if "$ref" in schema:
            found += self.fits(value, self.resolve({"$ref": schema["$ref"]}), at)
        types = schema.get("type", [])
        types = [types] if isinstance(types, str) else types
        if types and not any(is_type(value, one) for one in types):
            say("is no %s: %r" % ("/".join(types), str(value)[:80]))
            return found
        if "const" in schema and value != schema["const"]:
            say("is not %r" % schema["const"])
        if "enum" in schema and value not in schema["enum"]:
            say("is none of the words: %r" % (value,))
        if is_type(value, "number"):
            if value < schema.get("minimum", value) or value > schema.get("maximum", value):
                say("is out of range: %r" % value)
        if isinstance(value, str):
            if "pattern" in schema and not re.search(schema["pattern"], value):
                say("does not read %s: %r" % (schema["pattern"], value[:80]))
            if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)):
                say("has a wrong length")
        if isinstance(value, list):
            if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
                say("has a wrong count")
            if schema.get("uniqueItems") and len({json.dumps(one, sort_keys=True) for one in value}) != len(value):
                say("says something twice")
            for index, one in enumerate(value):
                found += self.fits(one, schema.get("items", {}), "%s[%d]" % (at, index))
        if isinstance(value, dict):
            properties, rest = schema.get("properties", {}), schema.get("additionalProperties", True)
            for name in schema.get("required", []):
                if name not in value:
                    say("lacks " + name)
            for name, one in value.items():
                if name in properties:
                    found += self.fits(one, properties[name], at + "." + name)
                elif rest is False:
                    say("has %s, which is not documented" % name)
                elif isinstance(rest, dict):
                    found += self.fits(one, rest, at + "." + name)
        for one in schema.get("allOf", []):
            found += self.fits(value, one, at)
        for word, count in (("anyOf", lambda n: n >= 1), ("oneOf", lambda n: n == 1)):
            if word in schema and not count(sum(not self.fits(value, one, at) for one in schema[word])):
                say("fits not as %s asks" % word)
        if "not" in schema and not self.fits(value, schema["not"], at):
            say("is what it must not be: %r" % (value,))
        if "if" in schema and not self.fits(value, schema["if"], at):
            found += self.fits(value, schema.get("then", {}), at)
        return found
