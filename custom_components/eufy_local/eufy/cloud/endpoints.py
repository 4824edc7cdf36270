"""Every call that the client can make, and for what purpose (`protocol/cloud.md` §1 to §6)."""

from dataclasses import dataclass
from typing import Final

from ..net.policy import Purpose
from .hosts import Realm, Service


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One call: the service (None: the security realm), the path and the gate's purpose."""

    service: Service | None
    path: str
    purpose: Purpose
    categorised: bool = False  # sends `category` and `app-tab`

    @property
    def realm(self) -> Realm:
        """The realm whose key exchange the call needs."""
        return Realm.SECURITY if self.service is None else Realm.BASIC

    @property
    def name(self) -> str:
        """The last part of the path: how an error names the call."""
        return self.path.rsplit("/", 1)[-1]


ESTIMATE_DOMAIN: Final = "/passport/estimate_domain"

_PASSPORT: Final = Service.PASSPORT
EXCHANGE: Final = Endpoint(Service.OPENAPI, "/openapi/oauth/key/exchange", Purpose.LOGIN)
EXCHANGE_SECURITY: Final = Endpoint(None, "/v3/openapi/oauth/key/exchange", Purpose.LOGIN)
COUNTRY: Final = Endpoint(_PASSPORT, "/passport/get_client_real_code", Purpose.LOGIN)
LAST_COUNTRY: Final = Endpoint(_PASSPORT, "/passport/get_last_login_code", Purpose.LOGIN)
LOGIN: Final = Endpoint(_PASSPORT, "/passport/login", Purpose.LOGIN)
CAPTCHA: Final = Endpoint(_PASSPORT, "/passport/generate/captcha", Purpose.LOGIN)
SEND_CODE: Final = Endpoint(Service.PUSH, "/app/sendmsg/verify_code", Purpose.LOGIN)
HOUSES: Final = Endpoint(Service.HOUSE, "/app/house/get_house_list", Purpose.DEVICE_LIST)
DEVICES: Final = Endpoint(Service.HOUSE, "/app/house/get_devs_list", Purpose.DEVICE_LIST)
HOUSE_INVITES: Final = Endpoint(
    Service.HOUSE, "/app/house/get_house_invite_records", Purpose.DEVICE_LIST
)
DEVICE_INVITES: Final = Endpoint(
    Service.DEVICE_RELATION, "/app/devicerelation/get_invites", Purpose.DEVICE_LIST
)
HUBS_V3: Final = Endpoint(None, "/v3/app/get_hub_list", Purpose.DEVICE_LIST, categorised=True)
DEVICES_V3: Final = Endpoint(None, "/v3/app/get_devs_list", Purpose.DEVICE_LIST, categorised=True)
CIPHERS: Final = Endpoint(None, "/v3/app/cipher/get_ciphers", Purpose.KEYS, categorised=True)
DSK: Final = Endpoint(
    Service.DEVICE_RELATION, "/app/devicerelation/get_dsk_keys", Purpose.KEYS, categorised=True
)
FIRMWARE: Final = Endpoint(Service.OTA, "/app/ota/get_rom_version", Purpose.FIRMWARE_INFO)
REGISTER_PUSH: Final = Endpoint(
    Service.PUSH, "/app/push/register_push_token", Purpose.PUSH_REGISTER
)
