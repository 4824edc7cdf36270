"""The integration's own config flow, walked through over REST as the front end would."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

from .api import HomeApi
from .proofs import NotProven
from .simulator import SimulatedHome

FLOW = "config/config_entries/flow"
CONNECT_SECONDS = 45.0
"""The integration gives its own search half a minute."""


@dataclass(slots=True)
class SignIn:
    """A finished flow."""

    entry_id: str
    title: str
    steps: list[str] = field(default_factory=list)
    """What was asked, in order."""


async def sign_in(api: HomeApi, simulator: SimulatedHome) -> SignIn:
    """Set the integration up with the simulated account; NotProven where a step goes wrong."""
    result = await api.rest("POST", FLOW, {"handler": "eufy_local", "show_advanced_options": False})
    steps: list[str] = []
    end = time.monotonic() + CONNECT_SECONDS
    while time.monotonic() < end:
        path = f"{FLOW}/{result['flow_id']}"
        match result["type"]:
            case "create_entry":
                return SignIn(result["result"]["entry_id"], result["title"], steps)
            case "form":
                if result.get("errors"):
                    raise NotProven(f"step {result['step_id']}: {result['errors']}")
                steps.append(result["step_id"])
                result = await api.rest("POST", path, await _answers(result["step_id"], simulator))
            case "progress":
                await asyncio.sleep(0.1)
                result = await api.rest("GET", path)
            case "menu":
                steps.append(result["step_id"])
                result = await api.rest("POST", path, {"next_step_id": "finish"})
            case _:
                raise NotProven(f"the flow ended with {result['type']}: {result.get('reason')}")
    raise NotProven(f"the flow was not finished in {CONNECT_SECONDS:.0f} s after {steps}")


async def wrong_password(api: HomeApi, simulator: SimulatedHome) -> str:
    """Return the error key that a wrong password gets; the flow is closed again."""
    result = await api.rest("POST", FLOW, {"handler": "eufy_local", "show_advanced_options": False})
    path = f"{FLOW}/{result['flow_id']}"
    wrong = {**await _answers("user", simulator), "password": "not-the-password"}
    result = await api.rest("POST", path, wrong)
    await api.rest("DELETE", path)
    return str((result.get("errors") or {}).get("base", result["type"]))


async def _answers(step: str, simulator: SimulatedHome) -> dict[str, Any]:
    match step:
        case "user":
            account = {"email": simulator.email, "password": simulator.password}
            return {**account, "country": "US"}
        case "code":
            return {"code": str((await simulator.get("code"))["code"])}
        case "captcha":
            return {"captcha": str((await simulator.get("captcha"))["answer"])}
        case _:
            raise NotProven(f"the flow asks for something unknown: {step}")
