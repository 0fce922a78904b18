"""The OpenAPI document as people read it: by subject, what is at several levels told once, each with an example.

Everything is taken from the document itself. ``pages`` shows it.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from django.utils.text import slugify

Schema = Mapping[str, Any]

_LEVELS: Final = re.compile(r"^/org/\{org\}(/workspace/\{workspace\})?(?=/|$)")
_REFUSED_FROM: Final = 400
_DEEPEST: Final = 3  # of examples
_IN_EXAMPLES: Final = {
    "string": "text",
    "integer": 1,
    "number": 1,
    "boolean": True,
    "date-time": "2026-11-30T12:00:00Z",
}


@dataclass(frozen=True, slots=True)
class Type:
    """What a value is, in words; ``model`` is the model that it is or holds, if any, and ``anchor`` where that is."""

    words: str
    model: str = ""
    anchor: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter in the query of a route, or a field of a model."""

    name: str
    type: Type
    is_required: bool
    about: str


@dataclass(frozen=True, slots=True)
class Model:
    """What is sent or answered: its name in words, and its fields."""

    name: str
    anchor: str
    about: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Route:
    """A method at a path, or at the same path of several levels."""

    method: str
    paths: tuple[str, ...]
    anchor: str
    about: str
    in_path: tuple[str, ...]
    parameters: tuple[Field, ...]
    body: Type | None
    answer: Type | None
    status: str
    example: str


@dataclass(frozen=True, slots=True)
class Subject:
    """All routes of one subject, with the models that they name."""

    name: str
    slug: str
    routes: tuple[Route, ...]
    models: tuple[Model, ...]


@dataclass(frozen=True)
class Reader:
    """Reads an OpenAPI document."""

    document: Schema
    schemas: Schema = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "schemas", self.document["components"]["schemas"])

    def subjects(self) -> tuple[Subject, ...]:
        """Give the subjects in the order in which the document comes upon them."""
        found: dict[str, dict[tuple[str, str, str], list[tuple[str, Schema]]]] = {}
        for path, methods in self.document["paths"].items():
            for method, operation in methods.items():
                short = path.removeprefix("/api/latest")
                same = (method, _LEVELS.sub("", short), operation["description"])
                found.setdefault(operation["tags"][0], {}).setdefault(same, []).append((short, operation))
        return tuple(self._subject(name, list(groups.values())) for name, groups in found.items())

    def _subject(self, name: str, groups: list[list[tuple[str, Schema]]]) -> Subject:
        routes = tuple(self._route(group) for group in groups)
        named = [type_.model for route in routes for type_ in (route.body, route.answer) if type_ and type_.model]
        return Subject(name, slugify(name), routes, tuple(self._model(key) for key in self._with_those_inside(named)))

    def _with_those_inside(self, keys: list[str]) -> list[str]:
        """Give the models, and those that their fields name, in alphabetical order."""
        known: set[str] = set()
        waiting = list(keys)
        while waiting:
            key = waiting.pop()
            if key not in known:
                known.add(key)
                waiting += [one.type.model for one in self._fields(self.schemas[key]) if one.type.model]
        return sorted(known, key=self._name)

    def _route(self, group: list[tuple[str, Schema]]) -> Route:
        path, operation = group[-1]  # the innermost: its parameters are those of all
        method = next(m for m, one in self.document["paths"][f"/api/latest{path}"].items() if one is operation)
        answered = next(code for code in operation["responses"] if int(code) < _REFUSED_FROM)
        body = _json_of(operation.get("requestBody", {}))
        content = operation["responses"][answered].get("content", {})
        answer = _json_of(operation["responses"][answered])
        other = next((Type(kind) for kind in content if kind != "application/json"), None)
        return Route(
            method=method.upper(),
            paths=tuple(dict.fromkeys(one for one, _ in group)),
            anchor=slugify(operation["operationId"].replace("_", "-")),
            about=_words(operation["description"]),
            in_path=tuple(one["name"] for one in operation.get("parameters", ()) if one["in"] == "path"),
            parameters=tuple(self._in_query(operation)),
            body=self._type(body) if body else None,
            answer=other or (self._type(answer) if answer else None),
            status=answered,
            example=self._example(method.upper(), path, body),
        )

    def _in_query(self, operation: Schema) -> Iterator[Field]:
        for one in operation.get("parameters", ()):
            if one["in"] == "query":
                yield self._field(one["name"], one["schema"], is_required=one["required"])

    def _model(self, key: str) -> Model:
        schema = self.schemas[key]
        return Model(
            self._name(key), self._anchor(key), _words(schema.get("description", "")), tuple(self._fields(schema))
        )

    def _fields(self, schema: Schema) -> Iterator[Field]:
        required = schema.get("required", ())
        for name, one in schema.get("properties", {}).items():
            yield self._field(name, one, is_required=name in required)

    def _field(self, name: str, schema: Schema, *, is_required: bool) -> Field:
        about = filter(None, [_words(schema.get("description", "")), _limits(schema)])
        return Field(name, self._type(schema), is_required, "; ".join(about))

    def _type(self, schema: Schema) -> Type:
        if "$ref" in schema:
            return self._of_model(schema["$ref"].rpartition("/")[2])
        if "anyOf" in schema:
            (first, *_) = [one for one in schema["anyOf"] if one.get("type") != "null"]
            return self._type(first)
        if "const" in schema:
            return Type(json.dumps(schema["const"]))
        if "enum" in schema:
            return Type(" or ".join(json.dumps(one) for one in schema["enum"] if one != ""))
        if schema.get("type") == "array":
            inner = self._type(schema["items"])
            return Type(f"list of {inner.words}", inner.model, inner.anchor)
        if schema.get("type") == "object":
            inner_schema = schema.get("additionalProperties")
            return Type(f"map to {self._type(inner_schema).words}" if isinstance(inner_schema, dict) else "map")
        return Type("time" if schema.get("format") == "date-time" else str(schema.get("type", "anything")))

    def _of_model(self, key: str) -> Type:
        """Give the type of a model; a page is said to be one of what it holds."""
        if key.startswith("Page_"):
            inner = self._type(self.schemas[key]["properties"]["items"]["items"])
            return Type(f"page of {inner.words}", inner.model, inner.anchor)
        return Type(self._name(key), key, self._anchor(key))

    def _name(self, key: str) -> str:
        """Give the name of a model as people read it."""
        bare = key.removesuffix("Shape")
        words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", bare)
        return f"{words} answered" if bare != key and bare in self.schemas else words

    def _anchor(self, key: str) -> str:
        return f"model-{slugify(self._name(key))}"

    def _example(self, method: str, path: str, body: Schema | None) -> str:
        url = re.sub(r"\{(\w+)\}", lambda match: f"${match[1].upper()}", path)
        words = [f"curl -X {method}" if method != "GET" else "curl", '-H "Authorization: Bearer $PIPES_TOKEN"']
        lines = [" ".join(words) + f' "$PIPES_HOST/api/latest{url}"']
        if body:
            lines.append(f"-d '{json.dumps(self._value(body, 0), ensure_ascii=False)}'")
        return " \\\n  ".join(lines)

    def _value(self, schema: Schema, depth: int) -> Any:
        if "$ref" in schema:
            schema = self.schemas[schema["$ref"].rpartition("/")[2]]
        if "anyOf" in schema:
            return self._value(schema["anyOf"][0], depth)
        if "enum" in schema:
            return schema["enum"][0]
        if schema.get("type") == "array":
            return [self._value(schema["items"], depth + 1)] if depth < _DEEPEST else []
        if schema.get("type") == "object":
            shown = schema.get("properties", {}) if depth < _DEEPEST else {}
            return {name: self._value(one, depth + 1) for name, one in shown.items()}
        return _IN_EXAMPLES.get(schema.get("format", ""), _IN_EXAMPLES.get(schema.get("type", ""), None))


def _json_of(part: Schema) -> Schema | None:
    found: Schema | None = part.get("content", {}).get("application/json", {}).get("schema")
    return found


def _words(text: str) -> str:
    return " ".join(re.sub(r"``|\*", "", text).split())


def _limits(schema: Schema) -> str:
    """Say which values there can be, and which it is where it is not sent."""
    said = [
        f"from {schema['minimum']}" if "minimum" in schema else "",
        f"up to {schema['maximum']}" if "maximum" in schema else "",
        f"else {json.dumps(schema['default'])}" if schema.get("default") not in (None, "") else "",
    ]
    return ", ".join(filter(None, said))
