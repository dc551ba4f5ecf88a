// Define a contract
export { defineProtocol, withRoot } from './define-protocol.js';
export { extendProtocol } from './extend-protocol.js';
export { isProtocol } from './is-protocol.js';
export { command, event } from './topic-definition.js';
export { bytes, empty, json, text } from './payload.js';
export { boundedString, decimal, hex, httpsUrl, identifier, integer, u32 } from './fields.js';
export { isHttpsUrl } from './https-url.js';
export type {
  CommandName,
  DocumentValue,
  Documents,
  EventName,
  Protocol,
  TopicInput,
  Topics,
  TopicValue,
} from './define-protocol.js';
export type { CommandDefinition, EventDefinition, QoS, Scope, TopicDefinition } from './topic-definition.js';
export type { Payload, PayloadEncoding, PayloadInput, PayloadValue } from './payload.js';
export type { StringField, StringFormat } from './fields.js';

// Topics
export { matchTopic, topicOf } from './topics.js';
export { DEVICE_ID_MAX_BYTES, isDeviceId, isParameterValue, parameterOf, TOPIC_PARAMETERS } from './topic-grammar.js';
export type { Address, TopicMatch } from './topics.js';
export type { TopicParameter } from './topic-grammar.js';

// A contract as data
export { DESCRIPTION_FORMAT, describeProtocol } from './describe-protocol.js';
export { parseProtocolDescription } from './parse-description.js';
export { checkCompatibility } from './compatibility/check-compatibility.js';
export { CONTRACT_CHANGES } from './compatibility/finding.js';
export type { ProtocolDescription } from './describe-protocol.js';
export type { ContractForm, PayloadForm, TopicForm } from './contract-form.js';
export type { CompatibilityFinding, ContractChange, FindingLevel, OldSide } from './compatibility/finding.js';

// Payloads
export { createPayloadCodec } from './codecs/payload-codec.js';
export type { PayloadCodec } from './codecs/payload-codec.js';
export type { DecodeResult, PayloadFault } from './codecs/verdict.js';

// What a contract means to brokers and generators
export { accessRules, CONNECTION_TEST_TOPIC, matchesFilter, OWN_DEVICE_LEVEL } from './access-rules.js';
export { decimalText, fromScaled, toScaled } from './decimal.js';
export { decimalsOf, depthOf } from './model.js';
export { toFieldModel, toPayloadModel } from './zod-model.js';
export type { AccessRule, Role } from './access-rules.js';
export type {
  ArrayModel,
  BooleanModel,
  BytesModel,
  DecimalModel,
  DefaultValue,
  EnumModel,
  FieldModel,
  IntegerModel,
  ItemModel,
  LiteralModel,
  MemberModel,
  ObjectModel,
  PayloadModel,
  ScalarModel,
  UnionModel,
} from './model.js';

// The secure-esp contract, version 1
export { secureEspV1, UPDATE_INTERVAL_SECONDS } from './contract/secure-esp-v1.js';
export { REPLY_CODES, RESET_REASONS, UPDATE_REASONS, UPDATE_STATES } from './contract/codes.js';
export { URL_MAX_BYTES } from './contract/payloads.js';
export {
  DEFAULT_PORTS,
  DEVICE_ACCEPT,
  DEVICE_HEADERS,
  IMAGE_MEDIA_TYPE,
  MANIFEST_MAX_BYTES,
  MANIFEST_MEDIA_TYPE,
} from './contract/http.js';
export type {
  DeviceSettings,
  DeviceStatus,
  ManifestHeader,
  ReleaseManifest,
  Reply,
  SecureEspV1,
  UpdateStateEvent,
} from './contract/secure-esp-v1.js';
export type { ReplyCode, ResetReason, UpdateReason, UpdateState } from './contract/codes.js';

// Errors
export { isProtocolError, PROTOCOL_ERROR_CODES, ProtocolError } from './errors.js';
export type { ProtocolErrorCode } from './errors.js';
