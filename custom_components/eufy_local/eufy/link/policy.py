"""Rules of one link that differ between stations: given as data, never decided by model here."""

from dataclasses import asdict, dataclass, field, fields
from typing import Any, Final, Self

from ..wire.options import ResultBody, V8Json, WireOptions

PROBE_QUIET: Final = 30.0
"""Seconds without a record after which a station is asked whether it still works (§4.3)."""
PROBE_EVERY: Final = 300.0
"""Seconds after which it is asked in any case."""
STREAM_PING: Final = 3.0
"""Seconds between application pings that keep a standalone camera streaming, measured."""
ASLEEP_AFTER: Final = 6.0
"""Seconds of silence after which a battery camera's link counts as asleep, measured; it goes on
answering ALIVE for a while."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkPolicy:
    """How a link is held. The default is that of a mains-powered station.

    Attributes:
        probe: ask for the parameters when quiet, to notice a half-open link.
        asleep_after: seconds of silence after which a command needs a new (waking) link.
        idle_close: seconds without a command or stream after which the link is closed by us.
    """

    probe: bool = True
    asleep_after: float | None = None
    idle_close: float | None = None


MAINS: Final = LinkPolicy()
"""A HomeBase or a mains-powered camera: the link is held for good."""
BATTERY: Final = LinkPolicy(probe=False, asleep_after=ASLEEP_AFTER, idle_close=30.0)
"""A standalone battery camera: on demand only; a held link drains it (protocol/p2p.md §8, 18)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkQuirks:
    """What was learned about a product and firmware; kept by the caller, handed to each link.

    Attributes:
        single_acks: the station reads only one index of an ACK.
        no_ready: the station never confirms a punch, so nothing waits for it.
        clear_without_reply: a station without a key handshake is used in clear (declared).
        long_query: the station only answers the vendor app's form of the parameter query.
        keyless_clear: a station that names cipher 0 takes clear commands (declared).
        options: the sides taken where sources contradict each other.
    """

    single_acks: bool = False
    no_ready: bool = False
    clear_without_reply: bool = False
    keyless_clear: bool = False
    long_query: bool = False
    options: WireOptions = field(default_factory=WireOptions)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for the store."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """Read what `to_dict` gave; unknown members are ignored, wrong ones are defaults."""
        names = {entry.name for entry in fields(cls)} - {"options"}
        flags = {name: bool(data[name]) for name in names & data.keys()}
        return cls(**flags, options=_read_options(data.get("options")))


def _read_options(data: object) -> WireOptions:
    if not isinstance(data, dict):
        return WireOptions()
    names = {entry.name for entry in fields(WireOptions)}
    values: dict[str, Any] = {str(k): v for k, v in data.items() if k in names}
    try:
        if "v8_json" in values:
            values["v8_json"] = V8Json(values["v8_json"])
        if "result_body" in values:
            values["result_body"] = ResultBody(values["result_body"])
        return WireOptions(**values)
    except ValueError, TypeError:
        return WireOptions()
