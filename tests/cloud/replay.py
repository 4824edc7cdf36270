"""Plays one recorded conversation back and checks each request against it."""

from collections.abc import Iterator
from typing import Any

from custom_components.eufy_local.eufy.net.http import GatedHttp, HttpAnswer

TOKEN_HEADERS = ("x-auth-token", "gtoken", "category", "app-tab")


class Replay(GatedHttp):
    """Answers the steps of a transcript in order; requests beside it get a given answer."""

    def __init__(self, steps: list[dict[str, Any]], beside: dict[str, str]) -> None:
        self._steps = iter(steps)
        self._beside = beside
        self.done: list[str] = []

    async def post(  # type: ignore[override]  # only what a transcript looks at
        self, url: str, *, headers: dict[str, str], body: bytes, **_: object
    ) -> HttpAnswer:
        path = "/" + url.split("/", 3)[3]
        if path in self._beside and path not in self.done:
            self.done.append(path)
            return HttpAnswer(200, {}, self._beside[path].encode())
        step = next(self._steps)
        if step["path"] != path:
            raise AssertionError(f"expected {step['path']}, got {path}")
        assert body.decode() == step["body"]
        for name, value in step["headers"].items():
            assert headers.get(name) == value, name
        for name in TOKEN_HEADERS:
            assert (name in headers) == (name in step["headers"]), name
        self.done.append(step["step"])
        return HttpAnswer(200, {}, step["response"].encode())


def order(private_hex: str) -> bytes:
    """Return the 32 random bytes from which `private_key` makes this key."""
    return (int(private_hex, 16) - 1).to_bytes(32)


class Draws:
    """Random bytes in a given order."""

    def __init__(self, draws: Iterator[bytes]) -> None:
        self._draws = draws

    def __call__(self, size: int) -> bytes:
        drawn = next(self._draws)
        assert len(drawn) == size
        return drawn
