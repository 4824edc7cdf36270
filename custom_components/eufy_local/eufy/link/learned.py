"""What the links to one station have shown, kept by the caller between links."""

from collections.abc import Callable
from dataclasses import replace

from ..wire.media import MediaProtection
from .pin import Pin
from .policy import LinkQuirks


class Learned:
    """Pin and quirks, each with the one who is told when it changes."""

    def __init__(
        self,
        pin: Pin | None,
        on_pin: Callable[[Pin], None] | None,
        quirks: LinkQuirks | None,
        on_quirks: Callable[[LinkQuirks], None] | None,
    ) -> None:
        self.pin = pin
        self.quirks = quirks or LinkQuirks()
        self._on_pin = on_pin
        self._on_quirks = on_quirks

    def raise_pin(self, pin: Pin) -> None:
        """Take a better pin."""
        if pin != self.pin:
            self.pin = pin
            if self._on_pin is not None:
                self._on_pin(pin)

    def media_seen(self, protection: MediaProtection) -> bool:
        """Note how media was protected; False when that is weaker than the pin allows."""
        pin = self.pin
        if pin is None or not pin.allows_media(protection):
            return pin is None
        self.raise_pin(pin.with_media(protection))
        return True

    def learn(
        self,
        *,
        single_acks: bool = False,
        no_ready: bool = False,
        long_query: bool | None = None,
    ) -> None:
        """Note what the product does; only the form of the query may change back."""
        quirks = replace(
            self.quirks,
            single_acks=self.quirks.single_acks or single_acks,
            no_ready=self.quirks.no_ready or no_ready,
            long_query=self.quirks.long_query if long_query is None else long_query,
        )
        if quirks != self.quirks:
            self.quirks = quirks
            if self._on_quirks is not None:
                self._on_quirks(quirks)
