#!/usr/bin/env python3
"""Build the data files of `eufy/catalog` from the tables in `scripts/catalog`.

Run it after a table changed; `tests/catalog` fails while the shipped files differ from what this
script makes. Nothing here runs in Home Assistant.
"""

import json
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
SOURCES = HERE / "catalog"
TARGET = HERE.parent / "custom_components" / "eufy_local" / "eufy" / "catalog"

CONTEXTS = ("self", "hb2", "hb3", "mini", "nvr")


def read(name: str) -> Any:
    """Return one source table."""
    return json.loads((SOURCES / name).read_text(encoding="utf-8"))


def codes(text: str) -> list[str]:
    """Return the product codes of a space-separated list."""
    return text.split()


def live_forms(table: dict[str, Any], code: str) -> dict[str, list[str]]:
    """Return the forms to try, in order, for each context of one product."""
    columns = next((row[0] for row in table["base"] if code in codes(row[1])), ["", "", ""])
    own, base, hb3 = columns
    first = {"self": own, "hb2": base, "mini": base, "hb3": hb3, "nvr": hb3}
    if mini := table["mini"].get(code):
        first["mini"] = mini
    result = {}
    for context in CONTEXTS:
        preferred = table["try_first"].get(context, {}).get(code)
        order = [form for form in (preferred, first[context], *table["fallback"][context]) if form]
        # The second try is the first form of the other family: 1700/1000, 1350/1003 or 1003.
        other = next((form for form in order if family(form) != family(order[0])), None)
        result[context] = [order[0], other] if other else order[:1]
    return result


def family(form: str) -> str:
    """Return which command opens the stream in this form."""
    return {"A": "1350", "B": "1350", "C": "1700", "C'": "1700"}.get(form, form)


def legacy_form(table: dict[str, Any], code: str) -> dict[str, str]:
    """Return the form for links of RSA or static-key grade, own station and behind a hub."""
    result = {"self": "T9", "hub": "T9"}
    for form, where in table["legacy"].items():
        for side in ("self", "hub"):
            if code in codes(where.get("any", "")) or code in codes(where.get(side, "")):
                result[side] = form
    return result


def product_row(row: dict[str, Any], live: dict[str, Any]) -> dict[str, Any]:
    """Return the shipped row of one product; members equal to the default are left out."""
    types = [row.get("device_type"), *(row.get("device_type_alt") or [])]
    conflict = row.get("device_type_conflict") or {}
    if "client" in conflict:  # protocol/devices.md D23
        types = [conflict["client"]]
    full: dict[str, Any] = {
        "code": row["product_code"],
        "prefix": row["serial_prefix"] if row["serial_prefix"] != row["product_code"] else None,
        "name": row.get("name"),
        "aka": row.get("aka"),
        "kind": row["kind"],
        "types": [value for value in types if isinstance(value, int)],
        "topology": row["topology"],
        "battery": bool(row["battery"]),
        "sleeps": bool(row["sleeps_on_demand"]),
        "ptz": bool(row["pan_tilt"]),
        "codecs": row["video"].get("codecs") or [],
        "grade": row["evidence"]["grade"],
        "logged": "protocol-log" in (row["evidence"].get("hardware_verified_by") or []),
        "scope": row["scope"],
        "capabilities": row["capabilities"],
        "webrtc": bool(row["wire"].get("webrtc_routing")),
    }
    full["guard_scalar"] = row["product_code"] in codes(live["guard_scalar"])
    if "live_stream" in row["capabilities"] or row["wire"].get("live_open_client"):
        full["live"] = live_forms(live, row["product_code"])
        full["legacy"] = legacy_form(live, row["product_code"])
        if row["product_code"] in codes(live["stop_envelope_hb3"]):
            full["stop_envelope"] = True
    return {key: value for key, value in full.items() if value not in (None, [], False, {})}


def build() -> dict[str, str]:
    """Return the shipped files by name, as text."""
    live = read("live_forms.json")
    products = [product_row(row, live) for row in read("models.json")["products"]]
    data = {
        "products.json": {
            "legacy_oldest": live["legacy_oldest"],
            "fallback": live["fallback"],
            "products": products,
        },
    }
    return {
        name: json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True) + "\n"
        for name, value in data.items()
    }


def main() -> int:
    """Write the files; with `--check` only compare them."""
    check = "--check" in sys.argv[1:]
    stale = 0
    for name, text in build().items():
        path = TARGET / name
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale += 1
        if check:
            print(f"{name} is not what scripts/build_catalog.py makes")
        else:
            path.write_text(text, encoding="utf-8")
            print(f"wrote {name} ({len(text)} bytes)")
    return 1 if check and stale else 0


if __name__ == "__main__":
    raise SystemExit(main())
