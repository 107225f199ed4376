"""What the benchmarks' clients send."""

import http.client
import json
from collections.abc import Mapping
from typing import Any


class WrongAnswer(RuntimeError):
    """A contestant answered something else than the benchmark asks for; its speed means nothing then."""


def post_json(
    connection: http.client.HTTPConnection, path: str, body: Mapping[str, Any], headers: Mapping[str, str] | None = None
) -> Any:
    """Send one JSON request over a kept connection and return the decoded answer. Raises `WrongAnswer` unless 200."""
    sent = {"Content-Type": "application/json", **(headers or {})}
    connection.request("POST", path, body=json.dumps(body), headers=sent)
    response = connection.getresponse()
    text = response.read()
    if response.status != 200:
        raise WrongAnswer(f"{path}: HTTP {response.status} {text[:500]!r}")
    return json.loads(text)


class Storefront:
    """A storefront's client: one kept connection, the shop's host and its key."""

    def __init__(self, connection: http.client.HTTPConnection, *, host: str, key: str) -> None:
        self._connection = connection
        self._headers = {"Host": host, "X-Storefront-Key": key}

    def run(self, document: str, variables: Mapping[str, Any] | None = None, *, token: str = "") -> dict[str, Any]:
        """Run one GraphQL document and return its data. Raises `WrongAnswer` on errors or userErrors."""
        headers = {**self._headers, **({"Authorization": f"Bearer {token}"} if token else {})}
        body = {"query": document, **({"variables": variables} if variables else {})}
        answer = post_json(self._connection, "/graphql/", body, headers)
        if answer.get("errors"):
            raise WrongAnswer(str(answer["errors"])[:500])
        data: dict[str, Any] = answer["data"]
        for payload in data.values():
            if isinstance(payload, dict) and payload.get("userErrors"):
                raise WrongAnswer(str(payload["userErrors"])[:500])
        return data
