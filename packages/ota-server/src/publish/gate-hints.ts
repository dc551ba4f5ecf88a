import type { GateCode } from '../errors.js';

/** What the uploader does about each refusal, one sentence. What is wrong with this image is in the error's message. */
export const GATE_HINTS: Readonly<Record<GateCode, string>> = Object.freeze({
  not_an_image:
    'Upload the application image itself (`build/PROJECT.bin`, signed): `secure-esp image info FILE` says what a file is, `secure-esp image extract` takes the application out of a merged one.',
  truncated: 'Copy or build the file again, it was cut off on the way, and upload all of it.',
  bad_checksum: 'Copy or build the file again, it was damaged on the way; then sign it.',
  bad_hash: 'Build the image again and sign it as the last step: it was changed after it was built.',
  unsigned: 'Sign it with the firmware key (`secure-esp image sign FILE`) and upload the signed file.',
  bad_signature:
    'Sign the unchanged build again, with a firmware key and a scheme that these devices accept (`secure-esp image sign FILE`).',
  untrusted_key: 'Sign it with a firmware key that the devices trust, or register the key that signed it.',
  wrong_chip:
    'Build it for the chip of these devices (`idf.py set-target CHIP`), or publish it for the chip it is for.',
  wrong_project: 'Publish it in a channel of its own project; where the image names none, state the project.',
  same_version: 'Raise the version of the image, build and sign it again.',
  lower_version: 'Raise the version of the image above the released one, build and sign it again.',
  version_unparsable: 'Give it a version such as 1.2.3, in the image or stated beside it.',
  secure_version:
    'Raise CONFIG_BOOTLOADER_APP_SECURE_VERSION to the released one or higher: devices never go back behind it.',
  too_large: 'Make the image smaller than the slot of the devices, or raise the limit if their slot is larger.',
  contains_private_key:
    'Take the key out of the image, provision it per device, and replace that key: whoever has the image has it.',
});
