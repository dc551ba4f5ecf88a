#!/bin/sh
# Brings server/ up to date: what the containers need of this folder, and no key of a CA. Run it after every change.
set -eu
umask 077
cd "$(dirname "$0")"
here=$(pwd -P)

# Beside, then renamed into place: nobody reads half a file.
put() {
  if cmp -s "$1" "$2"; then return; fi
  mkdir -p "$(dirname "$2")"
  cp "$1" "$2.part"
  mv "$2.part" "$2"
}

mkdir -p server/firmware server/mosquitto-data

# The files that the configuration names, then the configuration with the paths of the container.
npx secure-esp broker config --host 0.0.0.0 --out config
sed -nE 's/^(cafile|certfile|keyfile|crlfile) //p' config/mosquitto.conf | sort -u | while read -r path; do
  put "$path" "server/broker/pki/${path#"$here/.secure-esp/"}"
done
put config/operators.acl server/broker/operators.acl
put config/devices.acl server/broker/devices.acl
sed -e "s|$here/.secure-esp/|/secure-esp/pki/|" \
  -e 's|^persistence_location .*|persistence_location /mosquitto/data/|' \
  -e "s|$here/config/|/secure-esp/|" config/mosquitto.conf > config/container.conf
put config/container.conf server/broker/mosquitto.conf

# The update server: the records first, since a new revocation list makes it look at them.
share() {
  find ".secure-esp/$1" -type f | while read -r path; do
    put "$path" "server/ota/pki/${path#.secure-esp/}"
  done
}
for part in issued ca/certs/ca.crt ca/certs/update_cert.pem ca/keys/update_key.pem device-ca/certs/device-ca.crt \
  ca/crl/ca.crl device-ca/crl/device-ca.crl; do
  share "$part"
done
if [ -d .secure-esp/adopted ]; then share adopted; fi
