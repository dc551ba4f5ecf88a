#!/bin/sh
# `ota serve` opens a complete tree, also what it has no use for. In its container an operator whose certificate is
# revoked and a release key that no device trusts stand in for yours.
set -eu
umask 077
cd "$(dirname "$0")"
rm -rf stand-ins
mkdir stand-ins
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=nobody \
  -keyout stand-ins/client.key -out stand-ins/client.csr
npx secure-esp pki sign-csr stand-ins/client.csr --role operator --name nobody --out stand-ins/client.crt
npx secure-esp pki revoke nobody
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out stand-ins/release.pem
