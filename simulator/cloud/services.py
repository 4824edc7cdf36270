"""Lists, keys and the smaller services of the simulated cloud (`protocol/cloud.md` §4 to §6)."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from typing import Final, Protocol

from .description import AccountLists, CloudAccount, Entry
from .options import CloudOptions
from .sessions import Refusal, Token

_DSK_LIFE: Final = 3600
_MAX_GROUPS: Final = 20
_MAX_GROUP_NAME: Final = 31


class CipherPair(Protocol):
    """A key pair that the cloud hands out: base64 PKCS#8 text and 64 hex digits."""

    @property
    def owner_id(self) -> str:
        """Whose key it is."""

    @property
    def cipher_id(self) -> int:
        """The id that a station names."""

    @property
    def rsa_private(self) -> str:
        """base64 PKCS#8 text."""

    @property
    def ecc_private(self) -> str:
        """64 hex digits."""


class Services:
    """Everything behind a full token."""

    def __init__(
        self,
        accounts: Mapping[str, CloudAccount],
        lists: Mapping[str, AccountLists],
        keys: Iterable[CipherPair],
        options: CloudOptions,
        clock: Callable[[], float],
    ) -> None:
        self._accounts = accounts
        self._lists = lists
        self.keys = {(pair.owner_id, pair.cipher_id): pair for pair in keys}
        self._options = options
        self._clock = clock
        self._groups: dict[str, dict[int, Entry]] = {}
        self._guard_log: list[Entry] = []
        self.push_tokens: dict[str, str] = {}
        self.dsk_keys: dict[str, str] = {}

    def _visible(self, token: Token) -> AccountLists:
        """A cluster lists only what is homed on it (and, if asked so, on the login's country)."""
        account = self._accounts[token.email]
        elsewhere = account.region != token.region
        foreign = self._options.country_strict and account.country != token.country
        if elsewhere or foreign:
            return AccountLists()
        return self._lists.get(token.email, AccountLists())

    def houses(self, token: Token, _body: Entry) -> Entry:
        """`get_house_list`."""
        return {"house_infos": self._visible(token).houses}

    def devices(self, token: Token, body: Entry) -> Entry:
        """`get_devs_list`: an empty list is `null`."""
        lists = self._visible(token)
        house = str(body.get("house_id") or "")
        return {"devices": (lists.house_devices.get(house) if house else lists.devices) or None}

    def hubs_v3(self, token: Token, _body: Entry) -> list[Entry]:
        """`/v3/app/get_hub_list`."""
        return self._visible(token).hubs_v3

    def devices_v3(self, token: Token, _body: Entry) -> list[Entry]:
        """`/v3/app/get_devs_list`."""
        return self._visible(token).devices_v3

    def house_invites(self, token: Token, body: Entry) -> Entry:
        """`get_house_invite_records`."""
        lists = self._lists.get(token.email, AccountLists())
        return {"house_invite_records": lists.house_invites.get(_flag(body), [])}

    def device_invites(self, token: Token, body: Entry) -> Entry:
        """`get_invites`."""
        lists = self._lists.get(token.email, AccountLists())
        return {"invites": lists.device_invites.get(_flag(body), [])}

    def ciphers(self, _token: Token, body: Entry) -> list[Entry] | None:
        """`get_ciphers`: nothing at all when the owner holds none of the ids."""
        owner = str(body.get("user_id"))
        found = []
        for cipher_id in body.get("cipher_ids") or []:
            if pair := self.keys.get((owner, cipher_id)):
                rsa = pair.rsa_private
                found.append(
                    {
                        "cipher_id": pair.cipher_id,
                        "ecc_private_key": pair.ecc_private,
                        "private_key": rsa.lower() if self._options.lower_case_rsa else rsa,
                        "user_id": owner,
                    }
                )
        return found or None

    def dsk(self, _token: Token, body: Entry) -> Entry:
        """`get_dsk_keys`: one key per hour and serial; naming it as invalid rotates it."""
        now = int(self._clock())
        answers = []
        for item in body.get("device_dsks") or []:
            serial, turn = str(item.get("device_sn")), 0
            key = _dsk(serial, now // _DSK_LIFE, turn)
            while key == item.get("invalid_dsk"):
                turn += 1
                key = _dsk(serial, now // _DSK_LIFE, turn)
            self.dsk_keys[serial] = key
            answers.append({"device_sn": serial, "dsk_key": key, "expiration": now + _DSK_LIFE})
        return {"device_dsks": answers}

    def register_push(self, token: Token, body: Entry) -> None:
        """`register_push_token`: code 0 without data."""
        if not body.get("token"):
            raise Refusal(10000, "parameter invalid")
        self.push_tokens[token.email] = str(body["token"])

    def profile(self, token: Token, _body: Entry) -> Entry:
        """`get_profile`."""
        account = self._accounts[token.email]
        return {"nick_name": account.nick_name, "email": account.email}

    def last_country(self, token: Token, _body: Entry) -> Entry:
        """`get_last_login_code`."""
        return {"ab_code": self._accounts[token.email].country}

    def firmware(self, token: Token, body: Entry) -> Entry:
        """`get_rom_version`: the offered version, or the up-to-date reason."""
        serial = str(body.get("device_sn"))
        offered = self._lists.get(token.email, AccountLists()).firmware.get(serial)
        if not offered or offered == body.get("current_version_name"):
            return {"reason": "error: code = 20004, message = no new version"}
        return {
            "rom_version_name": offered,
            "rom_version": 1,
            "full_package": {
                "file_path": "https://firmware.example.invalid/rom.bin",
                "file_md5": hashlib.md5(offered.encode(), usedforsecurity=False).hexdigest(),
                "file_size": 12_345_678,
            },
            "force_upgrade": False,
            "up_forced": 0,
            "introduction": "Improves things.",
        }

    def things(self, _token: Token, body: Entry) -> Entry:
        """`get_things_list`."""
        codes = body.get("product_codes") or []
        return {
            "things_list": [
                {
                    "profile": {"product_code": code, "plugin_path": ""},
                    "properties": [],
                    "version": 1,
                }
                for code in codes
            ]
        }

    def parameters(self, token: Token, body: Entry) -> Entry:
        """`get_device_param_list`: for owners only."""
        wanted = set(body.get("device_sns") or [])
        account = self._accounts[token.email]
        found = [e for e in self._visible(token).devices if e["device_sn"] in wanted]
        if any(e["member"]["admin_user_id"] != account.account_id for e in found):
            raise Refusal(20004, "no permission")
        return {"params": [{"device_sn": e["device_sn"], "params": e["params"]} for e in found]}

    # --- arming groups: recorded only; the mode change itself is a P2P write ---------------

    def guard_list(self, _token: Token, body: Entry) -> Entry:
        """`guard_list`."""
        groups = self._groups.get(str(body.get("house_id")), {})
        return {"groups": list(groups.values()), "guided": True}

    def guard_write(self, _token: Token, body: Entry) -> Entry | None:
        """`add_guard` and `update_guard`: the whole member list is needed."""
        groups = self._groups.setdefault(str(body.get("house_id")), {})
        name, devices = str(body.get("group_name") or ""), body.get("devices")
        if not name or len(name) > _MAX_GROUP_NAME or not isinstance(devices, list):
            raise Refusal(10000, "parameter invalid")
        group_id = int(body.get("group_id") or 0)
        if not group_id and len(groups) >= _MAX_GROUPS:
            raise Refusal(10000, "too many groups")
        group_id = group_id or max(groups, default=0) + 1
        groups[group_id] = {
            "group_id": group_id,
            "group_name": name,
            "status": 0,
            "default": int(body.get("default") or 0),
            "devices": devices,
        }
        return {"group_id": group_id}

    def guard_delete(self, _token: Token, body: Entry) -> None:
        """`delete_guard`."""
        self._groups.get(str(body.get("house_id")), {}).pop(int(body.get("group_id") or 0), None)

    def guard_setup(self, token: Token, body: Entry) -> None:
        """`setup_guard`: records who activated what."""
        house, group_id = str(body.get("house_id")), int(body.get("group_id") or 0)
        for number, group in self._groups.get(house, {}).items():
            group["status"] = int(number == group_id)
        self._guard_log = [*self._guard_log, {"group_id": group_id, "user": token.email}][-100:]

    def guard_logs(self, _token: Token, _body: Entry) -> Entry:
        """`get_guard_logs`."""
        return {"logs": self._guard_log}

    def faces(self, token: Token, body: Entry) -> list[Entry]:
        """`get_faces` and `get_faces_by_ids`."""
        faces = self._lists.get(token.email, AccountLists()).faces
        wanted = body.get("ai_face_ids") or body.get("ai_user_ids")
        return [face for face in faces if not wanted or face.get("ai_face_id") in wanted]


def _flag(body: Entry) -> int:
    return int(body.get("is_inviter") or 0)


def _dsk(serial: str, hour: int, turn: int) -> str:
    return hashlib.sha256(f"{serial}/{hour}/{turn}".encode()).hexdigest()[:20].upper()
