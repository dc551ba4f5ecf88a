#!/usr/bin/env bash
# Installs what `npm test` needs beyond Node.js: the project's npm dependencies, the real peers the tests talk to
# (Mosquitto, OpenSSL, curl), C compilers with sanitizers, and Espressif's espsecure in .venv as the signing oracle.
# Debian and Ubuntu. Safe to run again: what is there is not installed twice.
set -euo pipefail
cd "$(dirname "$0")/.."

packages=()
need() { command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ] || packages+=("$2"); }
need mosquitto mosquitto
need mosquitto_pub mosquitto-clients
need openssl openssl
need curl curl
need gcc gcc
need g++ g++
need clang clang
need python3 python3
python3 -c 'import venv, ensurepip' >/dev/null 2>&1 || packages+=(python3-venv)
# clang's sanitizer runtimes are a package of their own
if ! find /usr/lib/llvm-* /usr/lib/clang -name 'libclang_rt.fuzzer*' 2>/dev/null | grep -q .; then
  packages+=(libclang-rt-dev)
fi

if [ "${#packages[@]}" -gt 0 ]; then
  sudo=()
  [ "$(id -u)" -eq 0 ] || sudo=(sudo)
  echo "installing: ${packages[*]}"
  "${sudo[@]}" apt-get update -qq
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
fi

if [ ! -x .venv/bin/espsecure ]; then
  python3 -m venv .venv
  .venv/bin/pip install --quiet --disable-pip-version-check 'esptool==5.6.0'
fi

# one npm ci per lockfile
stamp=node_modules/.installed-lockfile
if ! cmp -s package-lock.json "$stamp"; then
  npm ci --no-audit --no-fund
  cp package-lock.json "$stamp"
fi
echo "test dependencies are ready"
