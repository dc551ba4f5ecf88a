#!/usr/bin/env bash
# Installs what `npm run bench` needs beyond `npm ci`: a RISC-V compiler with picolibc, QEMU, protoc, and the sources of
# cJSON and nanopb, which come from Debian's source packages (with Debian's security fixes) into bench/.cache. Where there
# is Go, step-ca's signing code is built too.
# Debian and Ubuntu. Safe to run again: what is there is not fetched twice.
set -euo pipefail
cd "$(dirname "$0")"

sudo=()
[ "$(id -u)" -eq 0 ] || sudo=(sudo)

packages=()
need() { PATH=$PATH:/usr/sbin command -v "$1" >/dev/null 2>&1 || packages+=("$2"); }
need riscv64-unknown-elf-gcc gcc-riscv64-unknown-elf
need qemu-system-riscv32 qemu-system-misc
need protoc protobuf-compiler
need nanopb_generator.py nanopb
need dpkg-source dpkg-dev
need openssl openssl
need nginx nginx-light
need curl curl
need python3 python3
[ -e /usr/lib/picolibc/riscv64-unknown-elf/picolibc.specs ] || packages+=(picolibc-riscv64-unknown-elf)
if [ "${#packages[@]}" -gt 0 ]; then
  echo "installing: ${packages[*]}"
  "${sudo[@]}" apt-get update -qq
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
fi

step_ca_version=v0.30.2
step_ca=$PWD/.cache/step-ca
if ! command -v go >/dev/null 2>&1; then
  echo "no Go: step-ca is left out"
elif [ "$(cat "$step_ca/VERSION" 2>/dev/null)" != "$step_ca_version" ] || [ pki/step-ca/main.go -nt "$step_ca/step-ca-bench" ]; then
  echo "building: step-ca $step_ca_version"
  mkdir -p "$step_ca"
  cp pki/step-ca/main.go "$step_ca/main.go"
  (
    cd "$step_ca"
    [ -e go.mod ] || go mod init bench/step-ca 2>/dev/null
    for package in authority authority/provisioner; do
      go get "github.com/smallstep/certificates/$package@$step_ca_version" 2>/dev/null
    done
    go build -mod=mod -o step-ca-bench .
  )
  echo "$step_ca_version" >"$step_ca/VERSION"
fi

cache=$PWD/.cache/sources
if [ -e "$cache/cjson/cJSON.c" ] && [ -e "$cache/nanopb/pb_decode.c" ]; then
  echo "bench dependencies are ready"
  exit 0
fi

# The mirrors this machine has, as sources of source packages, in lists of our own: the system's stay as they are.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/parts" "$work/lists/partial" "$work/archives/partial"
touch "$work/sources.list"
for file in /etc/apt/sources.list.d/{debian,ubuntu}.sources; do
  [ -e "$file" ] && sed 's/^Types:.*/Types: deb-src/' "$file" >"$work/parts/$(basename "$file")"
done
[ -e /etc/apt/sources.list ] && sed -n 's/^deb /deb-src /p' /etc/apt/sources.list >"$work/sources.list"
apt_source() {
  apt-get -qq -o Dir::Etc::SourceList="$work/sources.list" -o Dir::Etc::SourceParts="$work/parts" \
    -o Dir::State::Lists="$work/lists" -o Dir::Cache="$work" -o APT::Sandbox::User="$(id -un)" "$@"
}
apt_source update
(cd "$work" && apt_source source --download-only cjson nanopb)

# $1 package, rest: files wanted of it. VERSION holds the package's version.
unpack() {
  local name=$1 dsc
  shift
  dsc=$(echo "$work/$name"_*.dsc)
  dpkg-source --no-check -x "$dsc" "$work/$name" >/dev/null
  rm -rf "${cache:?}/$name"
  mkdir -p "$cache/$name"
  (cd "$work/$name" && cp "$@" "$cache/$name")
  sed -n 's/^Version: *//p' "$dsc" | head -1 >"$cache/$name/VERSION"
}
unpack cjson cJSON.c cJSON.h
unpack nanopb pb.h pb_common.c pb_common.h pb_decode.c pb_decode.h pb_encode.c pb_encode.h
echo "bench dependencies are ready"
