"""Which server answers for which account: clusters, services and their host names.

Source: `protocol/cloud.md` §1. Nothing here opens a connection.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self

from ..errors import WireError

# A host name that the cloud itself hands out (login answer, estimate_domain) is followed only
# when it has exactly this form: production clusters, never QA, never a foreign domain.
_MEGA_DOMAIN: Final = re.compile(r"mega-([a-z]{2})-pr\.eufy\.com")
_SECURITY_DOMAIN: Final = re.compile(r"security-app(?:-[a-z]{2})?\.eufylife\.com")

REGIONS: Final = ("eu", "us")
"""The clusters that the sheet names; "us" also serves the rest of the world."""


class Realm(StrEnum):
    """The two halves of the cloud; each needs a key exchange of its own."""

    BASIC = "basic"
    SECURITY = "security"


class Service(StrEnum):
    """Names of the micro-services of the basic realm (`app-{service}-{region}-pr.eufy.com`)."""

    OPENAPI = "openapi"
    PASSPORT = "passport"
    HOUSE = "house"
    PUSH = "push"
    DEVICE_RELATION = "devicerelation"
    OTA = "ota"


@dataclass(frozen=True, slots=True)
class Cluster:
    """One regional installation of the cloud."""

    region: str
    security_host: str

    @classmethod
    def of_region(cls, region: str) -> Self:
        """Return the cluster of a region such as `eu`; the US security host has no suffix."""
        suffix = "" if region == "us" else f"-{region}"
        cluster = cls(region, f"security-app{suffix}.eufylife.com")
        if not _MEGA_DOMAIN.fullmatch(cluster.mega_host):
            raise WireError("not a region of the cloud")
        return cluster

    @classmethod
    def of_domain(cls, domain: object, security_host: object = None) -> Self | None:
        """Return the cluster that the cloud named, None when it named none that we know."""
        if not isinstance(domain, str) or not (match := _MEGA_DOMAIN.fullmatch(domain)):
            return None
        cluster = cls.of_region(match[1])
        if isinstance(security_host, str) and _SECURITY_DOMAIN.fullmatch(security_host):
            return cls(cluster.region, security_host)
        return cluster

    @property
    def mega_host(self) -> str:
        """The host that answers without a key exchange."""
        return f"mega-{self.region}-pr.eufy.com"

    def host(self, service: Service | None) -> str:
        """Return the host of a service; None means the security realm."""
        if service is None:
            return self.security_host
        return f"app-{service}-{self.region}-pr.eufy.com"
