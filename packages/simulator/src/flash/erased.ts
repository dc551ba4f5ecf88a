const ERASED = Buffer.alloc(4096, 0xff);

/** True if all bytes are as an erase leaves them. */
export const isErased = (bytes: Uint8Array): boolean => {
  for (let at = 0; at < bytes.length; at += ERASED.length) {
    const piece = bytes.subarray(at, at + ERASED.length);
    if (ERASED.compare(piece, 0, piece.length, 0, piece.length) !== 0) return false;
  }
  return true;
};
