"""A value that must never be shown: keys, tokens, passwords, codes."""

import hmac
from typing import Final, NoReturn, override

_MASK: Final = "Secret(***)"


class Secret[T: str | bytes]:
    """Holds a secret text or bytes; only `reveal()` gives it out.

    It has no useful `repr`, `str` or `format`, cannot be pickled and compares in constant
    time, so that a log line, an exception or a diagnostics dump cannot leak it by accident.
    """

    __slots__ = ("_value",)

    def __init__(self, value: T) -> None:
        self._value: T = value

    def reveal(self) -> T:
        """Return the value itself; call it where the value is used, never to keep it."""
        return self._value

    @override
    def __repr__(self) -> str:
        return _MASK

    @override
    def __str__(self) -> str:
        return _MASK

    @override
    def __format__(self, spec: str) -> str:
        return _MASK

    @override
    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        mine, theirs = self._as_bytes(), other._as_bytes()
        return type(self._value) is type(other._value) and hmac.compare_digest(mine, theirs)

    @override
    def __hash__(self) -> int:
        return hash(self._value)

    def __bool__(self) -> bool:
        return bool(self._value)

    @override
    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not pickled")

    def _as_bytes(self) -> bytes:
        value = self._value
        return value.encode() if isinstance(value, str) else value
