#!/usr/bin/env bash
# Certificates by the OpenSSL command line, three programs for each, as shell scripts make them: key, request, certificate.
#   openssl-loop.sh COUNT FOLDER
# Prints one line: seconds of wall time, of user time and of system time. The last pair stays in FOLDER.
set -euo pipefail
count=$1
cd "$2"
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ca.key 2>/dev/null
openssl req -new -x509 -key ca.key -subj /CN=CA -days 7300 -out ca.crt
printf '%s\n' 'basicConstraints=critical,CA:FALSE' 'keyUsage=critical,digitalSignature' 'extendedKeyUsage=clientAuth' \
  'subjectKeyIdentifier=hash' 'authorityKeyIdentifier=keyid' >extensions.txt
TIMEFORMAT='%R %U %S'
loop() {
  for ((index = 0; index < count; index++)); do
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out client.key
    openssl req -new -key client.key -subj "/O=secure-esp/OU=device/CN=esp-$index" -out client.csr
    openssl x509 -req -in client.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 3650 -extfile extensions.txt \
      -out client.crt
  done >/dev/null 2>loop.log
}
time loop
