// Chips and schemes
export { CHIPS, SIGNATURE_SCHEMES, chipById, chipByName, defaultSchemeForChip, keyTypeOf, schemeFor } from './chips.js';
export type { AddressRange, Chip, ChipName, KeyType, SignatureScheme } from './chips.js';

// Read
export { parseImage } from './image-parser.js';
export type { EspImage } from './image-parser.js';
export type { Segment } from './segment-walker.js';
export type { Trailing } from './image-trailing.js';
export { describesProduct } from './app-descriptor.js';
export type { AppDescriptor } from './app-descriptor.js';
export { checkImageIntegrity, imageIdentity, inspectImage } from './image-inspector.js';
export type { InspectedImage } from './image-inspector.js';
export type { SignatureBlock, SignatureInfo } from './signature-inspector.js';
export type { BlockScheme } from './signature-block-v2.js';

// Report
export { reportImage } from './image-report.js';
export type { ImageProblem, ImageReport, ReportOptions } from './image-report.js';
export type { SignatureReport } from './signature-report.js';

// Merged images
export { carveApplication } from './application-carver.js';
export type { CarveOptions } from './application-carver.js';
export { findMergedImage } from './merged-image.js';
export type { MergedApplication, MergedImage } from './merged-image.js';
export { APPLICATION_SLOTS } from './partition-table.js';
export type { ApplicationSlot } from './partition-table.js';

// Verify
export { verifyImage } from './image-verifier.js';
export type { TrustedKeys, Verdict, VerifyOptions } from './image-verifier.js';

// Check while it streams
export { createImageStreamChecker } from './image-stream-checker.js';
export type { ImageStreamChecker, ImageStreamOptions } from './image-stream-checker.js';

// Sign
export { signImage } from './image-signer.js';
export type { SignOptions, Signer } from './image-signer.js';
export { keyDigest, rawV1Key } from './public-key.js';
export type { SigningPublicKey } from './public-key.js';
export { containsPrivateKey, findPrivateKeys } from './private-key-scan.js';
export type { FoundPrivateKey } from './private-key-scan.js';
export type { PrivateKeyFormat } from './private-key-der.js';

// Build
export { buildImage } from './image-builder.js';
export type { BuildImageOptions } from './image-builder.js';

// Versions
export { MAX_VERSION_BYTES, compareVersions, parseVersion } from './version.js';
export type { FirmwareVersion } from './version.js';

// Errors
export { FIRMWARE_IMAGE_ERROR_CODES, FirmwareImageError, IMAGE_REASONS, isFirmwareImageError } from './errors.js';
export type { FirmwareImageErrorCode, ImageReason } from './errors.js';
