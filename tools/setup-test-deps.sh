#!/usr/bin/env bash
# Installs what `npm test` needs beyond Node.js: the project's npm dependencies, the real peers the tests talk to
# (Mosquitto, OpenSSL, curl, wget, nginx, Chromium, zsh, fish, mbedTLS), C compilers with sanitizers and coverage, CMake, a
# 32-bit RISC-V compiler with its emulator, and in .venv Espressif's espsecure and NVS generator as oracles and moto as the
# S3 service. With --proofs also what `npm run verify` needs: Frama-C and its provers (1 GB), and the newer mbedTLS of
# ESP-IDF. Debian and Ubuntu. Safe to run again: what is there is not installed twice.
set -euo pipefail
cd "$(dirname "$0")/.."

packages=()
need() { command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ] || packages+=("$2"); }
need mosquitto mosquitto
need mosquitto_pub mosquitto-clients
need openssl openssl
need curl curl
need wget wget
need nginx nginx-light
need chromium chromium
need zsh zsh
need fish fish
need gcc gcc
need g++ g++
need clang clang
need clang-19 clang-19
need llvm-cov-19 llvm-19
need clang-tidy-19 clang-tidy-19
need cppcheck cppcheck
need cmake cmake
need ninja ninja-build
need make make
need riscv64-unknown-elf-gcc gcc-riscv64-unknown-elf
need qemu-system-riscv32 qemu-system-misc
need python3 python3
[ -d /usr/lib/picolibc/riscv64-unknown-elf ] || packages+=(picolibc-riscv64-unknown-elf)
find /usr/lib/llvm-19 -name 'libclang_rt.profile*' 2>/dev/null | grep -q . || packages+=(libclang-rt-19-dev)
[ -e /usr/include/mbedtls/ssl.h ] || packages+=(libmbedtls-dev)
if [ "${1:-}" = --proofs ]; then
  need cargo cargo
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

python_tools=('esptool==5.6.0' 'moto[server]==5.2.5' 'esp-idf-nvs-partition-gen==0.3.0')
if [ "$(cat .venv/.installed 2>/dev/null)" != "${python_tools[*]}" ]; then
  python3 -m venv .venv
  .venv/bin/pip install --quiet --disable-pip-version-check "${python_tools[@]}"
  echo "${python_tools[*]}" >.venv/.installed
fi

# mbedTLS 3.6, the one of ESP-IDF 5.3 to 5.5: Debian 12 has 2.28 only, but a Rust package carries the sources
mbedtls=build/mbedtls-3.6.5
if [ "${1:-}" = --proofs ] && [ ! -e "$mbedtls/lib/libmbedtls.a" ]; then
  echo "building mbedTLS 3.6.5"
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  (
    cd "$work"
    printf '[package]\nname = "mbedtls-sources"\nversion = "0.0.0"\n[lib]\npath = "lib.rs"\n[dependencies]\n' >Cargo.toml
    echo 'mbedtls-rs-sys = "=0.3.1"' >>Cargo.toml
    touch lib.rs
    cargo vendor --quiet vendor >/dev/null
    mkdir objects
    cd objects
    sources=../vendor/mbedtls-rs-sys/mbedtls
    ls "$sources"/library/*.c "$sources"/3rdparty/*/library/*.c |
      xargs -P 2 -n 8 gcc -c -O1 -I"$sources/include" -I"$sources/library" -I"$sources/3rdparty/everest/include" \
        -I"$sources/3rdparty/everest/include/everest" -I"$sources/3rdparty/p256-m"
    ar rcs ../libmbedtls.a ./*.o
  )
  mkdir -p "$mbedtls/lib"
  cp -r "$work/vendor/mbedtls-rs-sys/mbedtls/include" "$mbedtls/"
  mv "$work/libmbedtls.a" "$mbedtls/lib/"
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
