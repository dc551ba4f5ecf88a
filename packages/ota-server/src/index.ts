// Serve
export { createOtaServer } from './node/ota-server.js';
export { toNodeListener } from './node/node-listener.js';
export { toWebHandler } from './web/web-handler.js';
export { createClientOf } from './node/client-of.js';
export { clientOfCertificate, clientOfSocket, readCertificates } from './node/client-certificate.js';
export { createOtaHandler } from './handler/ota-handler.js';
export { isOtaTarget } from './handler/ota-route.js';
export { OTA_SERVER_DEFAULTS } from './node/server-limits.js';
export { OTA_LIMIT_DEFAULTS } from './handler/ota-limits.js';
export { CLIENT_ROLES } from './http/ota-exchange.js';
export { PROBLEMS } from './http/problem.js';
export type { OtaServer, OtaServerOptions } from './node/ota-server.js';
export type { OtaServerLimits } from './node/server-limits.js';
export type { OtaServerTls } from './node/server-tls.js';
export type { ClientOf, NodeListener, NodeListenerOptions } from './node/node-listener.js';
export type { WebHandler, WebHandlerOptions } from './web/web-handler.js';
export type { ClientOfOptions } from './node/client-of.js';
export type { ForwardedCertificateOptions } from './node/forwarded-certificate.js';
export type { ClientAuthorities } from './node/client-certificate.js';
export type { OtaHandler, OtaHandlerOptions } from './handler/ota-handler.js';
export type { IsRevoked, OtaTrust } from './handler/authorize.js';
export type { OtaEvent, OtaEventListener, RequestEvent } from './handler/ota-event.js';
export type { OtaLimits, RequestLimiter } from './handler/ota-limits.js';
export type { BridgeOptions } from './handler/bridge.js';
export type { AccelDelivery, Delivery, RedirectDelivery } from './handler/delivery.js';
export type { ClientRole, OtaClient, OtaReply, OtaRequest } from './http/ota-exchange.js';
export type { OtaProblemCode } from './http/problem.js';

// Describe
export { createOtaOpenApi } from './openapi/create-ota-openapi.js';
export type { OtaOpenApiOptions } from './openapi/create-ota-openapi.js';
export type {
  OpenApiDocument,
  OpenApiHeader,
  OpenApiOperation,
  OpenApiParameter,
  OpenApiResponse,
  OpenApiSchema,
} from './openapi/openapi-document.js';

// Publish
export { publishRelease } from './publish/publish-release.js';
export { renewRelease } from './publish/renew-release.js';
export { checkUpload } from './publish/upload-gate.js';
export { GATE_HINTS } from './publish/gate-hints.js';
export { dangerouslyReleaseUnchecked } from './publish/unchecked-release.js';
export type { PublishReleaseOptions } from './publish/publish-release.js';
export type { RenewReleaseOptions } from './publish/renew-release.js';
export type { CheckUploadOptions, Upload } from './publish/upload-gate.js';
export type { ReceiveOptions, UploadTimers } from './publish/receive-upload.js';
export type { UncheckedReleaseOptions } from './publish/unchecked-release.js';

// Release manifests
export { createManifestSigner, signManifest } from './manifest/manifest-signer.js';
export { verifyManifest } from './manifest/manifest-verifier.js';
export type { ManifestSigner, ManifestSignerOptions } from './manifest/manifest-signer.js';
export type { ManifestReason, ManifestVerdict, VerifyManifestOptions } from './manifest/manifest-verifier.js';

// Decide
export { currentReleases } from './update/current-releases.js';
export { decideUpdate } from './update/decide-update.js';
export { isChannelName } from './update/release.js';
export type { DecideUpdateOptions, NotOffered, RunningFirmware, UpdateDecision } from './update/decide-update.js';
export type { Release } from './update/release.js';

// Stores
export { createFileFirmwareStore } from './stores/file-firmware-store.js';
export { createMemoryFirmwareStore } from './stores/memory-firmware-store.js';
export type { FileFirmwareStoreOptions, FileStoreStep } from './stores/file-firmware-store.js';
export type {
  FirmwareReader,
  FirmwareStore,
  FirmwareWriter,
  StoredImage,
  StoreOptions,
} from './stores/firmware-store.js';

// Errors
export { GATE_CODES, isGateCode, isOtaError, OTA_ERROR_CODES, OtaError } from './errors.js';
export type { GateCode, OtaErrorCode } from './errors.js';
