#!/bin/sh
# Make .venv, install the locked environment and coursepkg in it. Called by `make`; a second
# call finds the stamp and does nothing. PYTHON=/path/to/python chooses the interpreter.
set -u
cd "$(dirname "$0")/.." || exit 1

venv=.venv
lock=requirements/lock.txt
stamp=$venv/.installed
log=$venv/install.log

stop() {
  printf '\n%s\n' "$@" >&2
  exit 1
}

# --- which Python -----------------------------------------------------------------------
fits='import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))'
if [ -n "${PYTHON:-}" ]; then
  "$PYTHON" -c "$fits" 2>/dev/null || stop \
    "PYTHON=$PYTHON does not run as a Python from 3.11 to 3.13, and the course needs one." \
    "Name another: make PYTHON=/path/to/python3.12"
  python=$PYTHON
else
  python=
  for candidate in python3 python3.12 python3.13 python3.11 python; do
    if "$candidate" -c "$fits" >/dev/null 2>&1; then
      python=$candidate
      break
    fi
  done
  if [ -z "$python" ]; then
    found=$(python3 --version 2>/dev/null || echo "no python3 at all")
    stop "The course needs Python 3.11, 3.12 or 3.13; this machine has $found." \
      "Install one (python.org, Homebrew, your package manager) and call make again," \
      "or name one that is not on the PATH: make PYTHON=/path/to/python3.12"
  fi
fi

platform=$("$python" -c 'import platform as p; print(p.system(), p.machine())')
case $platform in
  "Darwin x86_64") stop \
    "TensorFlow is no longer made for Intel Macs, so the course cannot be installed here." \
    "Read the built book instead, or run the notebooks on Colab (see setup.md)." \
    "On an Apple silicon Mac, this Python is an Intel build: name a native one with" \
    "make PYTHON=/opt/homebrew/bin/python3.12" ;;
esac

# --- the environment --------------------------------------------------------------------
if ! "$venv/bin/python" -c "$fits" >/dev/null 2>&1; then
  if ! "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
    name=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    stop "$python cannot make virtual environments: its venv module is not installed." \
      "On Debian and Ubuntu: sudo apt install $name (or python3-venv); then call make again."
  fi
  echo "Making $venv with $("$python" --version 2>&1)"
  "$python" -m venv --clear "$venv" || stop \
    "The virtual environment $venv could not be made; the lines above say why."
fi

digest() {
  "$venv/bin/python" - "$@" <<'PYTHON'
import hashlib, pathlib, sys

parts = [pathlib.Path(name).read_bytes() for name in sys.argv[1:]]
print(hashlib.sha256(b"\0".join(parts)).hexdigest())
PYTHON
}

locked=$(digest "$lock")
if [ "$(sed -n 1p "$stamp" 2>/dev/null)" != "$locked" ]; then
  rm -f "$stamp"
  echo "Installing the locked environment (some minutes and about 1 GB the first time)"
  if ! "$venv/bin/python" -m pip install --disable-pip-version-check --no-input \
    --progress-bar off --require-hashes --only-binary :all: --retries 2 \
    -r "$lock" >"$log" 2>&1; then
    grep -Ev '^ *(Downloading|Collecting|Requirement|Using cached)' "$log" | tail -n 15 >&2
    if grep -q 'No space left' "$log"; then
      stop "The disk is full: the environment needs about 3 GB."
    elif grep -q 'DO NOT MATCH THE HASHES' "$log"; then
      stop "A downloaded file is not the one that the lock names, so nothing was installed." \
        "Call make again; if it happens twice, the index you use serves changed files."
    elif grep -Eqi 'connection broken|connection error|Failed to establish|Max retries|name resolution|unreachable|timed out|ProxyError|SSLError' "$log"; then
      stop "No package index could be reached, so the environment could not be installed." \
        "Check the network (behind a proxy: pip's own settings, 'pip config list'), then call make again."
    elif grep -q 'No matching distribution' "$log"; then
      stop "Your package index offers no ready-made package for $platform and $("$python" --version)." \
        "With pip's standard index this works on Linux (glibc), Windows and Apple silicon."
    fi
    stop "The environment could not be installed; all of pip's words are in $log."
  fi
fi

echo "Installing coursepkg from this folder"
"$venv/bin/python" -m pip install --disable-pip-version-check --no-input --quiet \
  --no-deps --no-build-isolation --no-index --editable . >"$log" 2>&1 || {
  cat "$log" >&2
  stop "coursepkg could not be installed; the lines above say why."
}
printf '%s\n' "$locked" >"$stamp"
