#!/usr/bin/env bash
# Installs what `npm test` needs beyond Node.js: the project's npm dependencies, the real peers the tests talk to
# (Mosquitto, OpenSSL, curl), C compilers with sanitizers and coverage, CMake, a 32-bit RISC-V compiler with its emulator,
# and Espressif's espsecure in .venv as the signing oracle. With --proofs also Frama-C and its provers (1 GB), which
# `npm run verify` needs. Debian and Ubuntu. Safe to run again: what is there is not installed twice.
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
need clang-19 clang-19
need llvm-cov-19 llvm-19
need cmake cmake
need ninja ninja-build
need make make
need riscv64-unknown-elf-gcc gcc-riscv64-unknown-elf
need qemu-system-riscv32 qemu-system-misc
need python3 python3
[ -d /usr/lib/picolibc/riscv64-unknown-elf ] || packages+=(picolibc-riscv64-unknown-elf)
find /usr/lib/llvm-19 -name 'libclang_rt.profile*' 2>/dev/null | grep -q . || packages+=(libclang-rt-19-dev)
if [ "${1:-}" = --proofs ]; then
  need frama-c frama-c-base
  need why3 why3
  need cvc4 cvc4
  need z3 z3
fi
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
if [ "${1:-}" = --proofs ] && ! grep -q partial_prover ~/.why3.conf 2>/dev/null; then
  why3 config detect >/dev/null 2>&1
fi
echo "test dependencies are ready"
