# shellcheck shell=bash
# The witnesses' part of scripts/setup: two independent clients that tests/interop runs as programs
# of their own, in an environment of their own. Nothing of them is imported by the project. Sourced.

WITNESS_PYTHON=eufy-home-security==0.4.7
WITNESS_NODE=eufy-security-client@3.8.0

witnesses() {
  local folder=.venv-witness
  if [ "$(cat $folder/.stamp 2>/dev/null)" = "$PYTHON_FOUND $WITNESS_PYTHON $WITNESS_NODE" ]; then
    say "$folder: up to date"
    return
  fi
  find_uv
  step "$folder: installing two foreign clients as witnesses for tests/interop"
  [ -x $folder/bin/python ] || "$UV" venv -q --python "$PYTHON_FOUND" $folder
  VIRTUAL_ENV=$PWD/$folder "$UV" pip install -q "$WITNESS_PYTHON" </dev/null || return 1
  if have npm; then
    npm install --prefix $folder --no-audit --no-fund --loglevel=error --ignore-scripts --no-package-lock --no-save \
      "$WITNESS_NODE" </dev/null >/dev/null || return 1
  fi
  echo "$PYTHON_FOUND $WITNESS_PYTHON $WITNESS_NODE" >$folder/.stamp
}
witnesses || say "the foreign clients are not to be had here: tests/interop is skipped"
